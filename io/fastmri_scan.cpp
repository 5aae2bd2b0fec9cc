#include "io/fastmri_scan.h"

#include <ATen/ATen.h>

#include "gpu/error.h"
#include "io/array_scan.h"
#include "io/image_grid.h"
#include "io/line_sorting.h"
#include "io/parse/protocol_xml.h"
#include "recon/axes.h"

namespace raki {
namespace {

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

std::string range_text(LineRange range) {
  return std::to_string(range.begin) + "-" + std::to_string(range.end - 1);
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

at::Tensor stored_mask(const FastmriContents& contents, const Layout& layout, const InputFile& input) {
  if (static_cast<int64_t>(contents.mask->size()) != layout.n_ky)
    throw InputError({"'mask' does not fit 'kspace'", std::to_string(contents.mask->size()) + " numbers",
                      std::to_string(layout.n_ky) + " phase-encode lines", input.where(), ""});
  return at::tensor(*contents.mask, at::kDouble).ne(0);
}

/// Lines that were measured, bool (1, ky). `zero`: lines that are zero in the middle slice.
at::Tensor measured_lines(const FastmriContents& contents, const Layout& layout, const at::Tensor& zero,
                          const InputFile& input, const ReaderOptions& options, ScanSummary& summary) {
  const LineRange stated = stated_range(summary.protocol, layout.n_ky).value_or(LineRange{0, layout.n_ky});
  at::Tensor measured = at::zeros({1, layout.n_ky}, at::kBool);
  measured.narrow(1, stated.begin, stated.size()).fill_(true);
  std::string source = "header";
  if (!options.mask.empty() || contents.mask) {
    measured = measured.logical_and(options.mask.empty() ? stored_mask(contents, layout, input)
                                                         : read_mask(options.mask, 1, layout.n_ky));
    source = options.mask.empty() ? "mask in the file" : "option";
  } else if (options.infer_mask) {
    measured = measured.logical_and(zero.logical_not());
    source = "zeros";
  }
  const at::Tensor missing = measured.logical_and(zero);
  if (!contents.mask && options.mask.empty()) refuse_zero_lines(missing.unsqueeze(0), input.where());
  const int64_t empty = missing.sum().item<int64_t>();
  measured = measured.logical_and(zero.logical_not());
  summary.evidence.push_back(
      {"mask", std::to_string(measured.sum().item<int64_t>()) + " lines measured", source,
       empty > 0 ? std::to_string(empty) + " more lines of the mask are zero: padding" : "", empty > 0});
  if (stated.size() < layout.n_ky)
    summary.evidence.push_back(
        {"ky partial Fourier or padding",
         "rows " + range_text(stated) + " of " + std::to_string(layout.n_ky) + " encoded", "header", "",
         false});
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
  const at::Tensor measured = measured_lines(contents, layout, zero, input, options, summary);
  const auto encoded = stated_range(summary.protocol, layout.n_ky);
  for (int64_t slice = 0; slice < layout.slices; ++slice) add_frame(measured, summary, encoded);
  return std::make_unique<ArrayScan>(std::move(summary), [&input, layout](const auto& frames) {
    return read_slices(input, layout, frames);
  });
}

}  // namespace raki
