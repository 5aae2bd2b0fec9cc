// Places in an HDF5 file are named by their addresses, so that an inserted byte spoils all of it. Most
// changes here keep every byte in its place, and half of them are made close behind the signature of a
// structure.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <random>
#include <string_view>
#include <vector>

extern "C" size_t LLVMFuzzerMutate(uint8_t* bytes, size_t size, size_t largest);

namespace {

/// Offsets of heap collections, nodes of trees and tables of names.
std::vector<std::size_t> structures_in(std::string_view bytes) {
  std::vector<std::size_t> found;
  for (const std::string_view signature : {"GCOL", "TREE", "SNOD", "HEAP"})
    for (auto at = bytes.find(signature); at != std::string_view::npos; at = bytes.find(signature, at + 4))
      found.push_back(at);
  return found;
}

std::size_t choose_place(std::string_view bytes, std::mt19937& random) {
  const std::size_t behind = random() % (random() % 2 == 0 ? 160 : 1024);
  const auto structures = structures_in(bytes);
  if (structures.empty() || random() % 2 == 0) return random() % bytes.size();
  return std::min(structures[random() % structures.size()] + behind, bytes.size() - 1);
}

uint64_t choose_value(uint64_t present, std::size_t size, std::mt19937& random) {
  const std::array<uint64_t, 8> values{0,
                                       1,
                                       present + 1,
                                       present - 1,
                                       ~uint64_t{0},
                                       uint64_t{random()} % (2 * size),
                                       random(),
                                       present ^ (uint64_t{1} << random() % 64)};
  return values[random() % values.size()];
}

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* bytes, size_t size, size_t largest, unsigned seed) {
  std::mt19937 random(seed);
  if (size == 0 || random() % 8 == 0) return LLVMFuzzerMutate(bytes, size, largest);
  for (auto changes = 1 + random() % 3; changes > 0; --changes) {
    const std::size_t at = choose_place({reinterpret_cast<const char*>(bytes), size}, random);
    const std::size_t width = std::min(std::size_t{1} << random() % 4, size - at);
    uint64_t value = 0;
    std::memcpy(&value, bytes + at, width);
    value = choose_value(value, size, random);
    std::memcpy(bytes + at, &value, width);
  }
  return size;
}
