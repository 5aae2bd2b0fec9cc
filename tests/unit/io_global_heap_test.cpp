#include "io/parse/global_heap.h"

#include <gtest/gtest.h>

#include <cstring>

#include "tests/support/ismrmrd_cases.h"
#include "tests/support/temporary_folder.h"

namespace raki {
namespace {

using namespace raki::test;

template <class Value>
void append(std::string& bytes, Value value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// A collection of `length` bytes that holds `values` as objects 1, 2, ...
std::string collection(const std::vector<std::string>& values, uint64_t length) {
  std::string bytes("GCOL\1\0\0\0", 8);
  append(bytes, length);
  uint16_t number = 0;
  for (const std::string& value : values) {
    append(bytes, ++number);
    bytes.append(6, '\0');
    append(bytes, uint64_t{value.size()});
    bytes += value;
    bytes.resize((bytes.size() + 7) / 8 * 8, '\0');
  }
  bytes.resize(length, '\0');
  return bytes;
}

class GlobalHeapTest : public testing::Test {
 protected:
  InputFile file(const std::string& bytes) {
    write_bytes(folder_.path / "heap", bytes);
    return InputFile(folder_.path / "heap");
  }
  TemporaryFolder folder_;
};

std::string text(const std::optional<std::span<const std::byte>>& value) {
  return value ? std::string(reinterpret_cast<const char*>(value->data()), value->size()) : "none";
}

TEST_F(GlobalHeapTest, ValuesAreFoundByCollectionAndNumber) {
  const InputFile input =
      file("ahead..." + collection({"one", "twotwotwo"}, 128) + collection({"three"}, 64));
  GlobalHeap heap(input, 8);
  EXPECT_EQ(text(heap.value({9, 0, 2})), "twotwotwo");
  EXPECT_EQ(text(heap.value({3, 0, 1})), "one");
  EXPECT_EQ(text(heap.value({5, 128, 1})), "three");
  EXPECT_EQ(heap.value({0, 999, 7})->size(), 0U);  // nothing stored needs no collection
}

TEST_F(GlobalHeapTest, WhatIsDamagedIsNoValue) {
  std::string bytes = collection({"one"}, 64);
  const InputFile good = file(bytes);
  GlobalHeap heap(good, 0);
  for (const HeapReference& wrong :
       {HeapReference{3, 0, 2}, {3, 0, 0}, {3, 8, 1}, {3, 64, 1}, {3, ~uint64_t{0}, 1}, {3, 0, 0xffffffff}})
    EXPECT_FALSE(heap.value(wrong)) << wrong.address << " " << wrong.object;
  for (const uint64_t length : {uint64_t{0}, uint64_t{15}, uint64_t{65}, ~uint64_t{0}}) {
    std::memcpy(bytes.data() + 8, &length, sizeof length);
    const InputFile bad = file(bytes);
    EXPECT_FALSE(GlobalHeap(bad, 0).value({3, 0, 1})) << length;
  }
}

TEST_F(GlobalHeapTest, JumpingToAndFroBetweenHugeCollectionsComesToAnEnd) {
  constexpr uint64_t length = uint64_t{1} << 22;
  const InputFile input = file(collection({"a"}, length) + collection({"b"}, length));
  GlobalHeap heap(input, 0);
  int found = 0;
  while (found < 1000 && heap.value({1, found % 2 == 0 ? 0 : length, 1})) ++found;
  EXPECT_GT(found, 64 * 2);  // a scan reads each collection once
  EXPECT_LT(found, 1000);
}

}  // namespace
}  // namespace raki
