#include "raki/lines.h"

#include <ATen/ATen.h>

#include "gpu/check.h"
#include "gpu/error.h"
#include "raki/slab_kernel.h"
#include "raki/weights.h"

namespace raki {

namespace {

/// `dim` (kz) and the next (ky) cut to what was encoded, as one row of lines.
at::Tensor encoded(const at::Tensor& lines, int64_t dim, const Sampling& sampling) {
  const LineRange ky = sampling.encoded_ky, kz = sampling.encoded_kz;
  return lines.narrow(dim, kz.begin, kz.size()).narrow(dim + 1, ky.begin, ky.size()).flatten(dim, dim + 1);
}

}  // namespace

LinePlan line_plan(const Sampling& sampling) {
  const at::Tensor mask = encoded(sampling.mask, 0, sampling).contiguous();
  const bool* measured = mask.const_data_ptr<bool>();
  return {std::vector<bool>(measured, measured + mask.numel()),
          {sampling.encoded_ky.size(), sampling.encoded_kz.size()},
          sampling.acceleration_ky,
          sampling.acceleration_kz};
}

EncodedLines encoded_lines(const UndersampledKSpace& kspace) {
  const Sampling& sampling = kspace.sampling;
  return {sampling.encoded_ky, sampling.encoded_kz, line_plan(sampling),
          encoded(kspace.samples, 2, sampling)};
}

namespace {

at::Tensor separate_samples(const Calibration& separate, const EncodedLines& lines,
                            const UndersampledKSpace& kspace) {
  check_same_basis(separate.basis, kspace.basis, "calibration and image");
  check_tensor(separate.samples, "Calibration",
               {{"frame", lines.samples.size(0)},
                {"coil", lines.samples.size(1)},
                {"kz", lines.plan.grid.n_kz == 1 ? 1 : any_size},
                {"ky", any_size},
                {"kx", any_size}},
               at::kComplexFloat);
  return separate.samples;
}

/// `separate` (frame, coil, kz, ky, kx) in partitions as wide as the image's.
CalibrationLines in_image_rows(const at::Tensor& separate, const EncodedLines& lines) {
  const int64_t n_kz = separate.size(2), n_ky = separate.size(3);
  if (n_kz == 1) return {separate.select(2, 0), box_of_slice(n_ky), {}};
  if (n_ky > lines.plan.grid.n_ky)
    throw InputError({"The calibration has more lines than the scan", std::to_string(n_ky),
                      "at most " + std::to_string(lines.plan.grid.n_ky), "", ""});
  const at::Tensor padded = at::constant_pad_nd(separate, {0, 0, 0, lines.plan.grid.n_ky - n_ky});
  return {padded.flatten(2, 3), {lines.plan.grid.n_ky, {0, n_kz}, {0, n_ky}}, {}};
}

}  // namespace

CalibrationLines own_calibration(const EncodedLines& lines, const Sampling& sampling) {
  if (lines.plan.grid.n_kz == 1) {
    const LineRange acs = longest_run(lines.plan.measured);
    return {lines.samples.narrow(2, acs.begin, acs.size()), box_of_slice(acs.size()), acs};
  }
  const LineRange kz{sampling.acs_kz.begin - lines.partitions.begin,
                     sampling.acs_kz.end - lines.partitions.begin};
  const LineRange ky{sampling.acs_ky.begin - lines.range.begin, sampling.acs_ky.end - lines.range.begin};
  const LineRange rows{kz.begin * lines.plan.grid.n_ky, kz.end * lines.plan.grid.n_ky};
  return {lines.samples.narrow(2, rows.begin, rows.size()), {lines.plan.grid.n_ky, {0, kz.size()}, ky}, rows};
}

CalibrationLines calibration_lines(const EncodedLines& lines, const std::optional<Calibration>& separate,
                                   const UndersampledKSpace& kspace, int64_t width) {
  const CalibrationLines found = separate ? in_image_rows(separate_samples(*separate, lines, kspace), lines)
                                          : own_calibration(lines, kspace.sampling);
  const int64_t shortest = std::min(found.samples.size(3), lines.samples.size(3));
  if (shortest < width)
    throw InputError({"Readout too short for the kernel", std::to_string(shortest) + " samples",
                      "at least " + std::to_string(width), "", "Use the method zero-filled"});
  return found;
}

std::vector<GeometryGroup> kernel_groups(const LinePlan& plan, const LineBox& calibration, KernelSize size) {
  if (plan.grid.n_kz == 1)
    return group_blocks(gap_blocks(plan.measured, size.taps, calibration.ky.size() - 1));
  return group_blocks(slab_blocks(
      plan.measured, plan.grid, {plan.acceleration_ky, plan.acceleration_kz, size.per_sector, calibration}));
}

std::vector<int64_t> calibration_origins(const KernelGeometry& geometry, const CalibrationLines& calibration,
                                         KernelFit fit) {
  const auto origins = origins_within(geometry, calibration.box);
  if (calibration.box.kz.size() == 1) return origins;
  return enough_origins(origins, geometry, calibration.samples, fit);
}

at::Tensor indices_where(const std::vector<bool>& measured, bool value, c10::Device device) {
  std::vector<int64_t> indices;
  for (size_t y = 0; y < measured.size(); ++y)
    if (measured[y] == value) indices.push_back(static_cast<int64_t>(y));
  return at::tensor(indices, at::kLong).to(device);
}

KSpace into_matrix(const at::Tensor& filled, const EncodedLines& lines, const UndersampledKSpace& kspace) {
  at::Tensor matrix = kspace.samples.clone(at::MemoryFormat::Contiguous);
  const at::Tensor missing = indices_where(lines.plan.measured, false, matrix.device());
  const at::Tensor kz = at::div(missing, lines.plan.grid.n_ky, "floor"),
                   ky = missing - kz * lines.plan.grid.n_ky;
  const int64_t n_ky = kspace.sampling.n_ky();
  matrix.flatten(2, 3).index_copy_(2, (kz + lines.partitions.begin) * n_ky + ky + lines.range.begin,
                                   filled.index_select(2, missing));
  return {matrix, kspace.basis};
}

}  // namespace raki
