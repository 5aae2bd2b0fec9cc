#include "jobs/options.h"

#include <charconv>
#include <sstream>

#include "gpu/error.h"

namespace raki {

namespace {

std::optional<int64_t> parse_index(const std::string& text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

}  // namespace

IndexRange index_range_from_text(const std::string& text) {
  if (text.empty()) return {};
  const InputError wrong(
      {"Not an index range", "'" + text + "'", "A:B counted from 0, half-open", "", "For example 0:3"},
      ExitCode::usage);
  const size_t colon = text.find(':');
  if (colon == std::string::npos) throw wrong;
  IndexRange range;
  const std::string begin = text.substr(0, colon), end = text.substr(colon + 1);
  if (!begin.empty()) {
    const auto value = parse_index(begin);
    if (!value) throw wrong;
    range.begin = *value;
  }
  if (!end.empty()) {
    range.end = parse_index(end);
    if (!range.end || *range.end <= range.begin) throw wrong;
  }
  return range;
}

Outputs outputs_from_text(const std::string& text) {
  Outputs outputs{false, false, false};
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    if (word == "dicom")
      outputs.dicom = true;
    else if (word == "npy")
      outputs.npy = true;
    else if (word == "png")
      outputs.png = true;
    else
      throw InputError({"Unknown output", "'" + word + "'", "dicom, npy or png", "", ""}, ExitCode::usage);
  }
  return outputs;
}

std::string identity_text(const ReconOptions& options) {
  const RakiOptions& raki = options.interpolation;
  std::ostringstream text;
  text.precision(17);
  text << "method=" << to_text(raki.method) << " seed=" << raki.seed
       << " combine=" << (options.combination == Combination::adaptive ? "adaptive" : "rss")
       << " prewhiten=" << options.prewhiten << " coils=" << options.coils
       << " grappa=" << raki.grappa.kernel_ky << 'x' << raki.grappa.kernel_kx << ','
       << raki.grappa.regularisation << " raki-2019=" << raki.raki_2019.iterations << ','
       << raki.raki_2019.learning_rate << " residual=" << raki.residual.maximum_steps << ','
       << raki.residual.learning_rate << ',' << raki.residual.minimum_gain
       << " centre=" << (options.voxel_centre == VoxelCentre::fourier_origin ? "fourier" : "grid")
       << " dataset=" << options.dataset;
  return text.str();
}

}  // namespace raki
