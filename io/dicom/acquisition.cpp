#include "io/dicom/acquisition.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcdeftag.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "io/dicom/values.h"

namespace raki {

namespace {

constexpr std::array<SequenceKind, 12> sequence_kinds{{{"mprage", "GR", "MP"},
                                                       {"trufi", "GR", "SS"},
                                                       {"bssfp", "GR", "SS"},
                                                       {"turbospinecho", "SE", "SK"},
                                                       {"tse", "SE", "SK"},
                                                       {"fse", "SE", "SK"},
                                                       {"spinecho", "SE", "NONE"},
                                                       {"flash", "GR", "SP"},
                                                       {"spgr", "GR", "SP"},
                                                       {"gradientecho", "GR", "NONE"},
                                                       {"gre", "GR", "NONE"},
                                                       {"epi", "EP", "SK"}}};

}  // namespace

double of_contrast(const std::vector<double>& values, int64_t contrast) {
  const size_t index = values.size() == 1 ? 0 : static_cast<size_t>(contrast);
  return index < values.size() && values[index] > 0 ? values[index] : 0;
}

std::string decimal_of_contrast(const std::vector<double>& values, int64_t contrast) {
  const double value = of_contrast(values, contrast);
  return value > 0 ? decimal_text(value) : "";
}

SequenceKind sequence_kind(const Protocol& protocol) {
  std::string name;
  for (const char c : protocol.sequence_type.value_or(""))
    if (std::isalpha(static_cast<unsigned char>(c)))
      name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const SequenceKind& kind : sequence_kinds)
    if (name.find(kind.word) != std::string::npos) return kind;
  return {"", "RM", "NONE"};
}

std::string coil_name(const std::vector<std::string>& elements) {
  std::vector<std::string> names;
  for (const std::string& element : elements) {
    const std::string name = element.substr(0, element.find(':'));
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names.size() == 1 ? line_text(names[0], longest_sh) : "";
}

std::string partial_fourier_direction(const DicomSeries& series) {
  const int axes = int{series.partial_ky} + int{series.partial_kz} + int{series.partial_frequency};
  if (axes == 0) return "";
  if (axes > 1) return "COMBINATION";
  return series.partial_frequency ? "FREQUENCY" : series.partial_kz ? "SLICE_SELECT" : "PHASE";
}

void imaging_frequency(DicomTable& table, const Protocol& protocol) {
  const auto& frequency = protocol.h1_frequency_hz;
  table.if_known(DCM_ImagingFrequency, frequency ? decimal_text(*frequency * 1e-6) : "");
}

void echo_train(DicomTable& table, const Protocol& protocol) {
  const auto& length = protocol.echo_train_length;
  table.always(DCM_EchoTrainLength, length ? std::to_string(*length) : "");
}

void parallel_acquisition(DicomTable& table, const DicomSeries& series) {
  if (series.acceleration_ky <= 1 && series.acceleration_kz <= 1) return;
  table.always(DCM_ParallelAcquisition, "YES");
  table.always(DCM_ParallelReductionFactorInPlane, double_text(series.acceleration_ky));
  if (series.three_dimensional)
    table.always(DCM_ParallelReductionFactorOutOfPlane, double_text(series.acceleration_kz));
  table.if_it_applies(DCM_ParallelAcquisitionTechnique, series.technique);
}

std::string nucleus(const Protocol& protocol) {
  return protocol.h1_frequency_hz ? "1H" : "";  // the header's field is the proton's frequency by name
}

}  // namespace raki
