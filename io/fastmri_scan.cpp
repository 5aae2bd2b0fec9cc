#include "io/fastmri_scan.h"

#include <ATen/ATen.h>

#include "gpu/error.h"
#include "io/array_mask.h"
#include "io/array_scan.h"
#include "io/image_grid.h"
#include "io/line_sorting.h"
#include "io/parse/protocol_xml.h"
#include "recon/axes.h"

namespace raki {
namespace {

constexpr const char* from_zeros = "zeros";

struct Layout {
  int64_t slices = 1, coils = 1, n_kx = 1, n_ky = 1;
  uint64_t offset = 0;
  uint64_t slice_bytes() const {
    return static_cast<uint64_t>(coils) * static_cast<uint64_t>(n_kx) * static_cast<uint64_t>(n_ky) *
           sizeof(c10::complex<float>);
  }
};

Layout layout_of(const FastmriContents& contents, const InputFile& input, int64_t maximum_samples) {
  Layout layout;
  layout.offset = contents.offset;
  const auto size = [&](std::size_t from_end) {
    return static_cast<int64_t>(contents.shape[contents.shape.size() - from_end]);
  };
  layout.n_ky = size(1);
  layout.n_kx = size(2);
  layout.coils = contents.shape.size() == 4 ? size(3) : 1;
  layout.slices = static_cast<int64_t>(contents.shape.front());
  const uint64_t samples =
      layout.slice_bytes() / sizeof(c10::complex<float>) * static_cast<uint64_t>(layout.slices);
  if (samples > static_cast<uint64_t>(maximum_samples))  // no overflow: they lie in the file
    throw InputError({"The k-space of the scan is too large", std::to_string(samples) + " samples",
                      "at most " + std::to_string(maximum_samples), input.where(), ""});
  return layout;
}

/// (frame, coil, 1, ky, kx) complex64.
at::Tensor read_slices(const InputFile& input, const Layout& layout, const std::vector<int64_t>& slices) {
  const auto frames = static_cast<int64_t>(slices.size());
  at::Tensor stored = at::empty({frames, layout.coils, layout.n_kx, layout.n_ky}, at::kComplexFloat);
  for (int64_t i = 0; i < frames; ++i) {
    const auto slice = static_cast<uint64_t>(slices[static_cast<std::size_t>(i)]);
    auto* const bytes = static_cast<std::byte*>(stored[i].data_ptr());
    if (!input.read_at(layout.offset + slice * layout.slice_bytes(), {bytes, layout.slice_bytes()}))
      throw InputError({"The samples of a slice cannot be read", "slice " + std::to_string(slice), "",
                        input.where(), "Copy the file again from its source"},
                       ExitCode::io_failed);
  }
  return stored.transpose(2, 3).unsqueeze(2).contiguous();
}

/// Lines that the header says were encoded; those around them are zero padding (fastMRI's mri_data.py:
/// `padding_left` and `padding_right`).
std::optional<LineRange> stated_range(const Protocol& protocol, int64_t n_ky) {
  const auto& limits = protocol.limits_ky;
  if (!limits || !protocol.encoded_matrix || protocol.encoded_matrix->y != n_ky) return std::nullopt;
  const LineRange range{n_ky / 2 - limits->center, n_ky / 2 - limits->center + limits->maximum + 1};
  const bool usable = range.begin >= 0 && range.begin < range.end && range.end <= n_ky;
  return usable ? std::optional(range) : std::nullopt;
}

/// What the user or the file says was measured, bool (1, ky), with its source; no value where neither says
/// anything.
struct StatedMask {
  at::Tensor lines;
  std::string source;
};
std::optional<StatedMask> stated_mask(const FastmriContents& contents, int64_t n_ky, const InputFile& input,
                                      const ReaderOptions& options) {
  if (!options.mask.empty())
    return StatedMask{read_mask(options, {"ky"}, {1, 1, 1, n_ky, 1}).view({1, n_ky}), "option"};
  if (!contents.mask) return std::nullopt;
  if (static_cast<int64_t>(contents.mask->size()) != n_ky)
    throw InputError({"'mask' does not fit 'kspace'", std::to_string(contents.mask->size()) + " numbers",
                      std::to_string(n_ky) + " phase-encode lines", input.where(), ""});
  return StatedMask{at::tensor(*contents.mask, at::kDouble).ne(0).unsqueeze(0), "mask in the file"};
}

/// `stated`: lines that should have been measured; `measured`: those of them that are not zero in the middle
/// slice.
void note_lines(const at::Tensor& stated, const at::Tensor& measured, const std::string& source,
                LineRange encoded, std::vector<Decision>& evidence) {
  const int64_t n_ky = measured.size(1), n_measured = measured.sum().item<int64_t>();
  const int64_t empty = source == from_zeros ? 0 : stated.sum().item<int64_t>() - n_measured;
  evidence.push_back({"mask", std::to_string(n_measured) + " lines measured", source,
                      empty > 0 ? std::to_string(empty) + " more lines of the mask are zero: padding" : "",
                      empty > 0});
  if (encoded.size() < n_ky)
    evidence.push_back({"ky partial Fourier or padding",
                        "rows " + to_text(encoded) + " of " + std::to_string(n_ky) + " encoded", "header", "",
                        false});
}

/// Lines that were measured, bool (1, ky): encoded, of the mask, and not zero in the middle slice.
at::Tensor measured_lines(const std::optional<StatedMask>& mask, LineRange encoded, const at::Tensor& zero,
                          bool infer_mask, ScanSummary& summary) {
  at::Tensor stated = at::zeros_like(zero);
  stated.narrow(1, encoded.begin, encoded.size()).fill_(true);
  if (mask) stated = stated.logical_and(mask->lines);
  if (!mask && !infer_mask) refuse_zero_lines(stated.logical_and(zero).unsqueeze(0), "File " + summary.path);
  const at::Tensor measured = stated.logical_and(zero.logical_not());
  note_lines(stated, measured,
             mask         ? mask->source
             : infer_mask ? from_zeros
                          : "header",
             encoded, summary.evidence);
  return measured;
}

void describe(const FastmriContents& contents, const Layout& layout, const InputFile& input,
              ScanSummary& summary) {
  const HeaderContents header = parse_header(contents.header_text, 0, input.where());
  refuse_other_trajectories(header, input.where());
  summary.format = "fastMRI HDF5";
  summary.protocol = header.protocol;
  summary.n_coils = layout.coils;
  GridPlan grid;
  grid.kx.n = layout.n_kx;
  grid.ky.n = layout.n_ky;
  const auto& encoded = header.protocol.encoded_matrix;
  grid.kx.header_agrees = !encoded || encoded->x == layout.n_kx;
  grid.ky.header_agrees = !encoded || encoded->y == layout.n_ky;
  if (!grid.kx.header_agrees || !grid.ky.header_agrees)
    summary.evidence.push_back(
        {"matrix", std::to_string(layout.n_kx) + " x " + std::to_string(layout.n_ky), "array",
         "header says " + std::to_string(encoded->x) + " x " + std::to_string(encoded->y), true});
  decide_image_grid(grid, summary);
  summary.evidence.push_back(
      {"positions", "stand-in", "assumed", "this layout has none: geometry is unknown", true});
}

}  // namespace

std::unique_ptr<ScanSource> open_fastmri_scan(const InputFile& input, const FastmriContents& contents,
                                              const ReaderOptions& options) {
  const Layout layout = layout_of(contents, input, options.maximum_samples);
  ScanSummary summary;
  summary.path = input.path().string();
  describe(contents, layout, input, summary);
  const at::Tensor zero = zero_lines(read_slices(input, layout, {layout.slices / 2}))[0];
  const auto mask = stated_mask(contents, layout.n_ky, input, options);
  const auto stated = stated_range(summary.protocol, layout.n_ky);
  const at::Tensor measured =
      measured_lines(mask, stated.value_or(LineRange{0, layout.n_ky}), zero, options.infer_mask, summary);
  for (int64_t slice = 0; slice < layout.slices; ++slice) add_frame(measured, summary, stated);
  return std::make_unique<ArrayScan>(std::move(summary), [&input, layout](const auto& frames) {
    return read_slices(input, layout, frames);
  });
}

}  // namespace raki
