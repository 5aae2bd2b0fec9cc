#include "io/uid.h"

#include <ATen/ATen.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <memory>
#include <vector>

#include "gpu/error.h"

namespace raki {

namespace {

using Digest = std::array<unsigned char, 32>;

// The key makes these hashes ours alone, not secret: it stands in the open.
constexpr std::string_view uid_key = "raki DICOM unique identifiers, version 1";

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1)
      throw Bug("OpenSSL offers no SHA-256");
  }
  void add(const void* bytes, size_t size) {
    if (EVP_DigestUpdate(context_.get(), bytes, size) != 1) throw Bug("SHA-256 failed");
  }
  Digest finish() {
    Digest digest;
    unsigned int size = 0;
    if (EVP_DigestFinal_ex(context_.get(), digest.data(), &size) != 1 || size != digest.size())
      throw Bug("SHA-256 failed");
    return digest;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

Digest keyed_hash(std::string_view role, std::string_view identity) {
  std::string message(role);
  message += '\0';  // no role holds it, so (role, identity) and the message determine one another
  message += identity;
  Digest digest;
  unsigned int size = 0;
  if (!HMAC(EVP_sha256(), uid_key.data(), static_cast<int>(uid_key.size()),
            reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest.data(), &size) ||
      size != digest.size())
    throw Bug("HMAC-SHA-256 failed");
  return digest;
}

std::string hexadecimal(const Digest& digest) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : digest) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

/// The first 16 bytes of `digest` as a UUID of version 8 (RFC 9562), as one decimal number.
std::string decimal_uuid(Digest digest) {
  digest[6] = static_cast<unsigned char>((digest[6] & 0x0f) | 0x80);
  digest[8] = static_cast<unsigned char>((digest[8] & 0x3f) | 0x80);
  unsigned __int128 number = 0;
  for (int i = 0; i < 16; ++i) number = (number << 8) | digest[static_cast<size_t>(i)];
  std::string text;
  for (; number > 0; number /= 10) text += static_cast<char>('0' + static_cast<int>(number % 10));
  std::reverse(text.begin(), text.end());
  return text;
}

}  // namespace

std::string make_uid(std::string_view role, std::string_view identity) {
  return "2.25." + decimal_uuid(keyed_hash(role, identity));
}

std::string sha256(std::string_view bytes) {
  Sha256 hash;
  hash.add(bytes.data(), bytes.size());
  return hexadecimal(hash.finish());
}

std::string sha256(const at::Tensor& samples) {
  const at::Tensor here = samples.cpu().contiguous();
  return sha256(std::string_view(static_cast<const char*>(here.const_data_ptr()), here.nbytes()));
}

std::string sha256_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path))
    throw InputError({"The file cannot be opened", "", "", path.string(), ""}, ExitCode::input_missing);
  Sha256 hash;
  std::vector<char> buffer(1 << 20);
  while (file) {
    file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    hash.add(buffer.data(), static_cast<size_t>(file.gcount()));
  }
  if (file.bad())
    throw InputError({"Reading failed half-way", "", "", path.string(), "Run again"}, ExitCode::io_failed);
  return hexadecimal(hash.finish());
}

}  // namespace raki
