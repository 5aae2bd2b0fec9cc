#include "io/ismrmrd_file.h"

#include <cstring>
#include <type_traits>

#include "gpu/error.h"
#include "io/isolated.h"

namespace raki {
namespace {

std::size_t samples_of(const ReadoutHeader& readout) {
  return static_cast<std::size_t>(readout.samples) * readout.coils;
}

void check_headers(const std::vector<ReadoutHeader>& readouts, const std::filesystem::path& path,
                   int64_t maximum) {
  uint64_t total = 0;  // 2^16 samples x 2^16 coils x 2^31 readouts fits 64 bits
  for (const auto& readout : readouts) total += samples_of(readout);
  if (total > static_cast<uint64_t>(maximum))
    throw InputError({"The file claims too many samples", std::to_string(total) + " complex samples",
                      "at most " + std::to_string(maximum), "File " + path.string(), ""});
}

/// True when every number is finite: the exponent bits of infinities and NaN are all ones.
bool all_finite(const std::complex<float>* samples, std::size_t count) {
  constexpr uint32_t exponent = 0x7f800000U;
  uint32_t bad = 0;
  for (std::size_t i = 0; i < 2 * count; ++i) {
    uint32_t bits = 0;
    std::memcpy(&bits, reinterpret_cast<const char*>(samples) + i * sizeof bits, sizeof bits);
    bad |= static_cast<uint32_t>((bits & exponent) == exponent);
  }
  return bad == 0;
}

std::string place(const std::filesystem::path& path, int64_t readout) {
  return "File " + path.string() + ", readout " + std::to_string(readout);
}

[[noreturn]] void refuse_samples(const std::filesystem::path& path, int64_t readout,
                                 const ReadoutHeader& header) {
  throw InputError({"The samples of a readout cannot be read or have another length than its header says", "",
                    std::to_string(header.samples) + " samples x " + std::to_string(header.coils) + " coils",
                    place(path, readout), "The file is truncated or damaged: copy it again"});
}

static_assert(std::is_trivially_copyable_v<ReadoutHeader> && std::is_trivially_copyable_v<HeapReference>);

template <class Value>
void append(std::string& out, const std::vector<Value>& values) {
  out.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Value));
}

template <class Value>
std::vector<Value> take(const char*& at, std::size_t count) {
  std::vector<Value> values(count);
  std::memcpy(values.data(), at, count * sizeof(Value));
  at += count * sizeof(Value);
  return values;
}

/// Contents as bytes, from one process to the other.
std::string pack(const IsmrmrdContents& contents) {
  std::string out;
  append(out,
         std::vector<uint64_t>{contents.heap_base, contents.readouts.size(), contents.header_text.size()});
  append(out, contents.readouts);
  append(out, contents.samples);
  return out + contents.header_text;
}

IsmrmrdContents unpack(const std::string& bytes) {
  const char* at = bytes.data();
  IsmrmrdContents contents;
  const auto sizes = take<uint64_t>(at, 3);
  contents.heap_base = sizes[0];
  contents.readouts = take<ReadoutHeader>(at, sizes[1]);
  contents.samples = take<HeapReference>(at, sizes[1]);
  contents.header_text.assign(at, sizes[2]);
  return contents;
}

}  // namespace

IsmrmrdFile::IsmrmrdFile(const std::filesystem::path& path, const std::string& group, int64_t maximum_samples)
    : path_(path), file_(path) {
  contents_ =
      unpack(run_isolated([&] { return pack(read_contents(path, group, file_)); }, "File " + path.string()));
  check_headers(contents_.readouts, path, maximum_samples);
}

void IsmrmrdFile::read(const std::vector<int64_t>& readouts, const Visit& visit) const {
  GlobalHeap heap(file_, contents_.heap_base);
  for (const int64_t readout : readouts) {
    const auto number = static_cast<std::size_t>(readout);
    const std::size_t samples = samples_of(contents_.readouts[number]);
    const auto value = heap.value(contents_.samples[number]);
    if (!value || contents_.samples[number].length != 2 * samples ||
        value->size() < samples * sizeof(std::complex<float>))
      refuse_samples(path_, readout, contents_.readouts[number]);
    const auto* const first =
        reinterpret_cast<const std::complex<float>*>(value->data());  // objects start at multiples of 8
    if (!all_finite(first, samples))
      throw InputError({"A readout holds samples that are not finite", "NaN or infinity", "finite numbers",
                        place(path_, readout), "The raw data are damaged or were converted wrongly"});
    visit(readout, first);
  }
}

}  // namespace raki
