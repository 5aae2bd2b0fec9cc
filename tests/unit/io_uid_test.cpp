#include "io/uid.h"

#include <filesystem>
#include <fstream>
#include <set>

#include "gpu/error.h"
#include "io/dicom/values.h"

namespace raki {
namespace {

/// The 128 bits of "2.25.<decimal>".
unsigned __int128 uuid_of(const std::string& uid) {
  unsigned __int128 number = 0;
  for (const char digit : uid.substr(5)) number = number * 10 + static_cast<unsigned>(digit - '0');
  return number;
}

TEST(Uid, IsALegalUuidOfVersion8) {
  for (int i = 0; i < 1000; ++i) {
    const std::string uid = make_uid("instance/" + std::to_string(i), "some scan");
    EXPECT_EQ(uid.substr(0, 5), "2.25.");
    EXPECT_TRUE(is_uid(uid)) << uid;
    const unsigned __int128 number = uuid_of(uid);
    EXPECT_EQ(static_cast<int>(number >> 76) & 0xf, 8) << "version of " << uid;
    EXPECT_EQ(static_cast<int>(number >> 62) & 0x3, 2) << "variant of " << uid;
  }
}

TEST(Uid, FollowsRoleAndIdentityAndNothingElse) {
  EXPECT_EQ(make_uid("study", "a"), make_uid("study", "a"));
  const std::set<std::string> different{make_uid("study", "a"), make_uid("study", "b"),
                                        make_uid("series", "a"), make_uid("studya", ""),
                                        make_uid("", "studya")};
  EXPECT_EQ(different.size(), 5U);
}

TEST(Uid, NeverChangesFromVersionToVersion) {
  // python3: m = hmac.new(b"raki DICOM unique identifiers, version 1", b"study\0scan",
  // "sha256").digest()[:16];
  //          n = int.from_bytes(m, "big") & ~(0xf << 76) & ~(3 << 62) | 8 << 76 | 2 << 62
  EXPECT_EQ(make_uid("study", "scan"), "2.25.41570532314859060355633694829100387464");
}

TEST(Sha256, AgreesWithTheStandard) {
  // FIPS 180-4 example values.
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256, OfAFileIsThatOfItsBytes) {
  const auto path = std::filesystem::path(testing::TempDir()) / "raki_sha256_test.bin";
  const std::string bytes(3000000, 'x');  // more than one read
  std::ofstream(path, std::ios::binary) << bytes;
  EXPECT_EQ(sha256_file(path), sha256(bytes));
  std::filesystem::remove(path);
  try {
    sha256_file(path);
    FAIL() << "no error for a missing file";
  } catch (const InputError& error) {
    EXPECT_EQ(error.code(), ExitCode::input_missing);
  }
}

}  // namespace
}  // namespace raki
