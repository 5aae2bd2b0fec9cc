#include "io/parse/global_heap.h"

#include <array>
#include <cstring>

namespace raki {
namespace {

template <class Value>
Value decode(const std::byte* stored) {
  Value value;
  std::memcpy(&value, stored, sizeof value);
  return value;
}

constexpr std::size_t collection_header = 16, object_header = 16;

/// Length of the collection whose first bytes these are, 0 when they are none.
uint64_t collection_length(std::span<const std::byte> start) {
  constexpr unsigned char version = 1;
  const bool signature =
      std::memcmp(start.data(), "GCOL", 4) == 0 && std::to_integer<unsigned char>(start[4]) == version;
  return signature ? decode<uint64_t>(start.data() + 8) : 0;
}

}  // namespace

HeapReference decode_reference(const std::byte* stored) {
  return {decode<uint32_t>(stored), decode<uint64_t>(stored + 4), decode<uint32_t>(stored + 12)};
}

bool GlobalHeap::load(uint64_t address) {
  loaded_.reset();
  const uint64_t place = base_ + address;
  if (place < base_ || place > file_->size()) return false;
  const uint64_t rest = file_->size() - place;
  std::array<std::byte, collection_header> start{};
  if (rest < start.size() || !file_->read_at(place, start)) return false;
  const uint64_t length = collection_length(start);
  if (length < collection_header || length > rest) return false;
  if (buffer_.size() < length) buffer_.resize(length);  // never smaller: growing again would clear it
  collection_ = std::span(buffer_).first(length);
  if (!file_->read_at(place, collection_)) return false;
  index_objects();
  loaded_ = address;
  return true;
}

/// Objects follow one another, padded to 8 bytes; number 0 is the free space at the end.
void GlobalHeap::index_objects() {
  objects_.clear();
  for (std::size_t at = collection_header; at + object_header <= collection_.size();) {
    const auto number = decode<uint16_t>(collection_.data() + at);
    const auto bytes = decode<uint64_t>(collection_.data() + at + 8);
    const std::size_t start = at + object_header;
    if (number == 0 || bytes > collection_.size() - start) return;
    if (objects_.size() <= number) objects_.resize(number + std::size_t{1}, {0, 0});
    objects_[number] = {start, bytes};
    at = start + (bytes + 7) / 8 * 8;
  }
}

std::optional<std::span<const std::byte>> GlobalHeap::value(const HeapReference& reference) {
  if (reference.length == 0) return std::span<const std::byte>{};
  if (loaded_ != reference.address && !load(reference.address)) return std::nullopt;
  if (reference.object >= objects_.size() || objects_[reference.object].bytes == 0) return std::nullopt;
  const Object& object = objects_[reference.object];
  return collection_.subspan(object.offset, object.bytes);
}

}  // namespace raki
