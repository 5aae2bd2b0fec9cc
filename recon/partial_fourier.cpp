#include "recon/partial_fourier.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numbers>

#include "gpu/check.h"
#include "gpu/error.h"
#include "gpu/fft.h"

namespace raki {
namespace {

constexpr int64_t iterations = 6;        ///< what is not yet found halves with each
constexpr int64_t least_half_width = 4;  ///< lines on each side of the centre
constexpr double kept_half_width = 0.7;  ///< of the symmetric centre, where its outer part is held back

int64_t few_lines(int64_t n) {
  return std::max<int64_t>(2, n / 32);
}

MirrorAxis axis_of(LineRange encoded, int64_t n) {
  MirrorAxis axis{n, encoded};
  axis.partial = axis.fillable() > few_lines(n);
  return axis;
}

at::Tensor encoded_lines(const MirrorAxis& axis) {
  const at::Tensor line = at::arange(axis.n, at::kLong);
  return (line >= axis.encoded.begin).logical_and(line < axis.encoded.end);
}

/// Lines of both axes, bool (kz, ky).
at::Tensor plane_of(const at::Tensor& kz, const at::Tensor& ky) {
  return kz.unsqueeze(1).logical_and(ky);
}

/// Every line of (kz, ky) in the place of its mirror image, modulo n.
at::Tensor mirrored(const at::Tensor& lines) {
  return lines.flip({0, 1}).roll({1 - lines.size(0) % 2, 1 - lines.size(1) % 2}, {0, 1});
}

struct Lines {
  at::Tensor encoded, fillable;  ///< bool (kz, ky) on the CPU
};

Lines lines_of(const MirrorAxis& kz, const MirrorAxis& ky) {
  // An axis of which only a few lines are missing is left as it is.
  const auto within = [](const MirrorAxis& axis) {
    return axis.partial ? at::ones({axis.n}, at::kBool) : encoded_lines(axis);
  };
  const at::Tensor encoded = plane_of(encoded_lines(kz), encoded_lines(ky));
  const at::Tensor missing = plane_of(within(kz), within(ky)).logical_and(encoded.logical_not());
  return {encoded, missing.logical_and(mirrored(encoded))};
}

// The steps below work on samples transformed along the readout, where every column is by itself: (frame,
// coil, x, kz, ky), with the centre at 0 so that no transform has to shift it.

at::Tensor columns_of(const at::Tensor& samples) {
  return at::fft_ifftshift(ifft_1d(samples).permute({0, 1, 4, 2, 3}), at::IntArrayRef{3, 4}).contiguous();
}
at::Tensor samples_of(const at::Tensor& columns) {
  return fft_1d(at::fft_fftshift(columns, at::IntArrayRef{3, 4}).permute({0, 1, 3, 4, 2}).contiguous());
}

at::Tensor images_of(const at::Tensor& columns) {
  return at::fft_ifft2(columns);
}
at::Tensor columns_of_images(const at::Tensor& images) {
  return at::fft_fft2(images);
}

/// A table of lines (kz, ky) in the order and place of `columns`.
at::Tensor beside(const at::Tensor& columns, const at::Tensor& lines) {
  return at::fft_ifftshift(lines).to(columns.device());
}

/// `columns` at the lines (kz, ky), zeros elsewhere.
at::Tensor only(const at::Tensor& lines, const at::Tensor& columns) {
  return at::where(beside(columns, lines), columns, at::zeros({}, columns.options()));
}

/// Hann over the symmetric lines of a partial axis, 1 on another. (n,) float32.
at::Tensor phase_window(const MirrorAxis& axis) {
  if (!axis.partial) return at::ones({axis.n});
  const at::Tensor distance =
      (at::arange(axis.n, at::kFloat) - axis.n / 2).abs() / static_cast<double>(axis.half_width() + 1);
  return ((distance.clamp_max(1) * std::numbers::pi).cos() + 1) / 2;
}

/// Of the low-resolution coil images: complex numbers of size 1, or 0 where there is no signal at all.
at::Tensor phase_of(const at::Tensor& columns, const PartialFourierPlan& plan) {
  const at::Tensor window = phase_window(plan.kz).unsqueeze(1) * phase_window(plan.ky);
  return at::sgn(images_of(columns * beside(columns, window)));
}

/// The encoded lines, and what the projections find for the fillable ones.
at::Tensor projected(const at::Tensor& columns, const PartialFourierPlan& plan) {
  const auto [encoded, fillable] = lines_of(plan.kz, plan.ky);
  const at::Tensor measured = only(encoded, columns), filled = beside(columns, fillable);
  const at::Tensor phase = phase_of(measured, plan);
  at::Tensor found = measured;
  for (int64_t i = 0; i < iterations; ++i)
    found = at::where(filled, columns_of_images(images_of(found).abs() * phase), measured);
  return found;
}

/// The same axis with a narrower symmetric centre.
MirrorAxis held_back(MirrorAxis axis) {
  if (!axis.partial) return axis;
  const int64_t centre = axis.n / 2, half = axis.half_width();
  const auto kept = static_cast<int64_t>(kept_half_width * static_cast<double>(half));
  if (centre - axis.encoded.begin == half)
    axis.encoded.begin = centre - kept;
  else
    axis.encoded.end = centre + kept + 1;
  return axis;
}

/// Least squares: the factor by which the projections' result comes nearest to lines that were held back,
/// (frame,).
at::Tensor trust_in(const at::Tensor& columns, const PartialFourierPlan& plan) {
  PartialFourierPlan narrower = plan;
  narrower.ky = held_back(plan.ky);
  narrower.kz = held_back(plan.kz);
  const at::Tensor encoded = lines_of(plan.kz, plan.ky).encoded;
  const at::Tensor held = encoded.logical_and(lines_of(narrower.kz, narrower.ky).fillable);
  const at::Tensor found = only(held, projected(columns, narrower));
  // In double precision, so that the order of the sum (threads, frames in the batch) shows in no bit.
  const auto summed = [](const at::Tensor& values) { return values.sum({1, 2, 3, 4}, false, at::kDouble); };
  const at::Tensor power = summed(found.abs().square());
  const at::Tensor agreement = summed(at::real(found.conj() * columns));
  return at::where(power > 0, agreement / power, at::zeros_like(power)).clamp(0, 1).to(at::kFloat);
}

PartialFourierFilling by_pocs(const KSpace& kspace, const PartialFourierPlan& plan) {
  const at::Tensor columns = columns_of(kspace.samples), trust = trust_in(columns, plan);
  const at::Tensor found = samples_of(projected(columns, plan) * trust.view({-1, 1, 1, 1, 1}));
  const at::Tensor filled = lines_of(plan.kz, plan.ky).fillable.to(found.device()).unsqueeze(-1);
  return {KSpace(at::where(filled, found, kspace.samples), kspace.basis), trust.cpu()};
}

PartialFourierFilling by_homodyne(const KSpace& kspace, const PartialFourierPlan& plan) {
  const auto [encoded, fillable] = lines_of(plan.kz, plan.ky);
  const at::Tensor weight = encoded.to(at::kFloat) + mirrored(fillable).to(at::kFloat);
  const at::Tensor columns = columns_of(kspace.samples), phase = phase_of(columns, plan);
  const at::Tensor images = images_of(columns * beside(columns, weight));
  const at::Tensor in_phase = columns_of_images(at::real(images * phase.conj()) * phase);
  return {KSpace(samples_of(only(encoded.logical_or(fillable), in_phase)), kspace.basis), {}};
}

std::string range_text(LineRange range) {
  return std::to_string(range.begin) + "-" + std::to_string(range.end - 1);
}

std::string axis_words(const MirrorAxis& axis, const std::string& name) {
  return axis.partial ? ", " + name + " " + range_text(axis.encoded) + " of " + std::to_string(axis.n) +
                            " encoded, phase from " + name + " " + range_text(axis.symmetric())
                      : "";
}

/// Why the phase of a partial axis cannot be known; empty when it can.
std::string too_narrow(const MirrorAxis& axis, const std::string& name) {
  if (!axis.partial || axis.half_width() >= least_half_width) return "";
  return name + ": " + std::to_string(axis.symmetric().size()) +
         " lines about the centre are encoded on both sides of it, the phase needs " +
         std::to_string(2 * least_half_width + 1);
}

}  // namespace

PartialFourier partial_fourier_from_text(const std::string& name) {
  for (const auto filling : {PartialFourier::pocs, PartialFourier::homodyne, PartialFourier::zero})
    if (name == to_text(filling)) return filling;
  throw InputError({"Unknown partial Fourier filling", "'" + name + "'", "pocs, homodyne or zero", "", ""},
                   ExitCode::usage);
}

std::string to_text(PartialFourier filling) {
  switch (filling) {
    case PartialFourier::pocs:
      return "pocs";
    case PartialFourier::homodyne:
      return "homodyne";
    case PartialFourier::zero:
      return "zero";
  }
  throw Bug("a partial Fourier filling without a name");
}

int64_t MirrorAxis::half_width() const {
  return std::min(n / 2 - encoded.begin, encoded.end - 1 - n / 2);
}

int64_t MirrorAxis::fillable() const {
  const int64_t before = n / 2 - encoded.begin, after = encoded.end - 1 - n / 2;
  return before < after ? std::min(after, n / 2) - before : std::min(before, n - 1 - n / 2) - after;
}

LineRange MirrorAxis::symmetric() const {
  const int64_t half = half_width();
  return half < 0 ? LineRange{} : LineRange{n / 2 - half, n / 2 + half + 1};
}

PartialFourierPlan plan_partial_fourier(const Sampling& sampling, PartialFourier wanted) {
  PartialFourierPlan plan;
  plan.ky = axis_of(sampling.encoded_ky, sampling.n_ky());
  plan.kz = axis_of(sampling.encoded_kz, sampling.n_kz());
  if (!plan.ky.partial && !plan.kz.partial) {
    const int64_t lines = std::max(plan.ky.fillable(), plan.kz.fillable());
    if (lines > 0) plan.words = std::to_string(lines) + " lines left empty: too few to matter";
    return plan;
  }
  for (const auto& [axis, name] : {std::pair(plan.ky, "ky"), std::pair(plan.kz, "kz")})
    if (plan.words.empty()) plan.words = too_narrow(axis, name);
  if (!plan.words.empty()) return plan;
  const auto lines = lines_of(plan.kz, plan.ky).fillable.sum().item<int64_t>();
  plan.filling = wanted;
  plan.lines = wanted == PartialFourier::zero ? 0 : lines;
  plan.words = std::to_string(lines) +
               (wanted == PartialFourier::zero ? " lines left empty" : " lines filled") +
               axis_words(plan.ky, "ky") + axis_words(plan.kz, "kz");
  return plan;
}

PartialFourierFilling fill_partial_fourier(const KSpace& kspace, const PartialFourierPlan& plan) {
  check_tensor(kspace.samples, "k-space", {{"frame"}, {"coil"}, {"kz", plan.kz.n}, {"ky", plan.ky.n}, {"kx"}},
               at::kComplexFloat);
  if (plan.filling == PartialFourier::pocs) return by_pocs(kspace, plan);
  if (plan.filling == PartialFourier::homodyne) return by_homodyne(kspace, plan);
  return {kspace, {}};
}

}  // namespace raki
