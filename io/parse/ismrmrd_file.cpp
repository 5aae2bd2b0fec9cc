#include "io/parse/ismrmrd_file.h"

#include "gpu/error.h"

namespace raki {
namespace {

[[noreturn]] void refuse_samples(const std::string& where, int64_t readout, const ReadoutHeader& header) {
  throw InputError({"The samples of a readout cannot be read or have another length than its header says", "",
                    std::to_string(header.samples) + " samples x " + std::to_string(header.coils) + " coils",
                    place(where, readout), "The file is truncated or damaged: copy it again"});
}

}  // namespace

IsmrmrdFile::IsmrmrdFile(const InputFile& input, IsmrmrdContents contents)
    : input_(&input), contents_(std::move(contents)) {
  check_total(contents_.readouts, static_cast<int64_t>(input.size() / sizeof(std::complex<float>)),
              input.where());
}

std::vector<std::string> IsmrmrdFile::other_groups() const {
  auto groups = contents_.groups;
  std::erase(groups, contents_.group);
  return groups;
}

void IsmrmrdFile::read(const std::vector<int64_t>& readouts, const Visit& visit) const {
  GlobalHeap heap(*input_, contents_.heap_base);
  for (const int64_t readout : readouts) {
    const auto number = static_cast<std::size_t>(readout);
    const ReadoutHeader& header = contents_.readouts[number];
    const std::size_t samples = samples_of(header);
    const auto value = heap.value(contents_.samples[number]);
    if (!value || contents_.samples[number].length != 2 * samples ||
        value->size() < samples * sizeof(std::complex<float>))
      refuse_samples(where(), readout, header);
    const auto* const first =
        reinterpret_cast<const std::complex<float>*>(value->data());  // objects start at multiples of 8
    check_finite(first, samples, readout, where());
    visit(readout, first);
  }
}

}  // namespace raki
