#include "recon/partial_fourier.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numbers>

#include "gpu/check.h"
#include "gpu/error.h"
#include "gpu/fft.h"
#include "gpu/text.h"

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

/// The product of a table (n,) of every axis: (kx, kz, ky).
at::Tensor volume_of(const PartialFourierPlan& plan, at::Tensor (*table)(const MirrorAxis&)) {
  return table(plan.kx).view({-1, 1, 1}) * table(plan.kz).view({-1, 1}) * table(plan.ky);
}

/// Every place of (kx, kz, ky) in that of its mirror image, modulo n.
at::Tensor mirrored(const at::Tensor& places) {
  const auto back = [&](int64_t axis) { return 1 - places.size(axis) % 2; };
  return places.flip({0, 1, 2}).roll({back(0), back(1), back(2)}, {0, 1, 2});
}

struct Places {
  at::Tensor encoded, fillable;  ///< bool (kx, kz, ky) on the CPU
};

Places places_of(const PartialFourierPlan& plan) {
  // An axis of which only a few lines are missing is left as it is.
  const at::Tensor encoded = volume_of(plan, encoded_lines);
  const at::Tensor within = volume_of(plan, [](const MirrorAxis& axis) {
    return axis.partial ? at::ones({axis.n}, at::kBool) : encoded_lines(axis);
  });
  return {encoded, within.logical_and(encoded.logical_not()).logical_and(mirrored(encoded))};
}

// The steps below work on (frame, coil, kx, kz, ky), with the centre at 0 so that no transform has to shift
// it; where the echo is not partial, transformed along the readout before, (frame, coil, x, kz, ky): every
// column is by itself then.

std::vector<int64_t> mirrored_axes(const PartialFourierPlan& plan) {
  return plan.kx.partial ? std::vector<int64_t>{2, 3, 4} : std::vector<int64_t>{3, 4};
}

at::Tensor columns_of(const at::Tensor& samples, const PartialFourierPlan& plan) {
  const at::Tensor readouts = plan.kx.partial ? samples : ifft_1d(samples);
  return at::fft_ifftshift(readouts.permute({0, 1, 4, 2, 3}), mirrored_axes(plan)).contiguous();
}
at::Tensor samples_of(const at::Tensor& columns, const PartialFourierPlan& plan) {
  const at::Tensor readouts =
      at::fft_fftshift(columns, mirrored_axes(plan)).permute({0, 1, 3, 4, 2}).contiguous();
  return plan.kx.partial ? readouts : fft_1d(readouts);
}

at::Tensor images_of(const at::Tensor& columns, const PartialFourierPlan& plan) {
  return at::fft_ifftn(columns, std::nullopt, mirrored_axes(plan));
}
at::Tensor columns_of_images(const at::Tensor& images, const PartialFourierPlan& plan) {
  return at::fft_fftn(images, std::nullopt, mirrored_axes(plan));
}

/// A table of places (kx, kz, ky) in the order and place of `columns`.
at::Tensor beside(const at::Tensor& columns, const at::Tensor& places) {
  return at::fft_ifftshift(places).to(columns.device());
}

/// `columns` at these places, zeros elsewhere.
at::Tensor only(const at::Tensor& places, const at::Tensor& columns) {
  return at::where(beside(columns, places), columns, at::zeros({}, columns.options()));
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
  return at::sgn(images_of(columns * beside(columns, volume_of(plan, phase_window)), plan));
}

/// The encoded samples, and what the projections find for the fillable ones.
at::Tensor projected(const at::Tensor& columns, const PartialFourierPlan& plan) {
  const auto [encoded, fillable] = places_of(plan);
  const at::Tensor measured = only(encoded, columns), filled = beside(columns, fillable);
  const at::Tensor phase = phase_of(measured, plan);
  at::Tensor found = measured;
  for (int64_t i = 0; i < iterations; ++i)
    found = at::where(filled, columns_of_images(images_of(found, plan).abs() * phase, plan), measured);
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
  narrower.kx = held_back(plan.kx);
  const at::Tensor held = places_of(plan).encoded.logical_and(places_of(narrower).fillable);
  const at::Tensor found = only(held, projected(columns, narrower));
  // In double precision, so that the order of the sum (threads, frames in the batch) shows in no bit.
  const auto summed = [](const at::Tensor& values) { return values.sum({1, 2, 3, 4}, false, at::kDouble); };
  const at::Tensor power = summed(found.abs().square());
  const at::Tensor agreement = summed(at::real(found.conj() * columns));
  return at::where(power > 0, agreement / power, at::zeros_like(power)).clamp(0, 1).to(at::kFloat);
}

PartialFourierFilling by_pocs(const KSpace& kspace, const PartialFourierPlan& plan) {
  const at::Tensor columns = columns_of(kspace.samples, plan), trust = trust_in(columns, plan);
  const at::Tensor found = samples_of(projected(columns, plan) * trust.view({-1, 1, 1, 1, 1}), plan);
  const at::Tensor filled = places_of(plan).fillable.movedim(0, 2).to(found.device());
  return {KSpace(at::where(filled, found, kspace.samples), kspace.basis), trust.cpu()};
}

PartialFourierFilling by_homodyne(const KSpace& kspace, const PartialFourierPlan& plan) {
  const auto [encoded, fillable] = places_of(plan);
  const at::Tensor weight = encoded.to(at::kFloat) + mirrored(fillable).to(at::kFloat);
  const at::Tensor columns = columns_of(kspace.samples, plan), phase = phase_of(columns, plan);
  const at::Tensor images = images_of(columns * beside(columns, weight), plan);
  const at::Tensor in_phase = columns_of_images(at::real(images * phase.conj()) * phase, plan);
  return {KSpace(samples_of(only(encoded.logical_or(fillable), in_phase), plan), kspace.basis), {}};
}

std::string axis_words(const MirrorAxis& axis, const std::string& name, bool filled) {
  if (!axis.partial) return "";
  return ", " + name + " " + to_text(axis.encoded) + " of " + std::to_string(axis.n) + " encoded" +
         (filled ? ", phase from " + name + " " + to_text(axis.symmetric()) : "");
}

/// Lines without a sample so far that get some.
int64_t fillable_lines(const PartialFourierPlan& plan) {
  const auto [encoded, fillable] = places_of(plan);
  return fillable.any(0).logical_and(encoded.any(0).logical_not()).sum().item<int64_t>();
}

/// "624 lines", "624 lines and 32 samples of every readout"
std::string what_is_missing(const PartialFourierPlan& plan) {
  const int64_t lines = fillable_lines(plan), samples = plan.kx.partial ? plan.kx.fillable() : 0;
  std::string text = lines > 0 ? counted(lines, "line") : "";
  if (samples > 0) text += (text.empty() ? "" : " and ") + counted(samples, "sample") + " of every readout";
  return text;
}

/// Why the phase of a partial axis cannot be known; empty when it can.
std::string too_narrow(const MirrorAxis& axis, const std::string& name) {
  if (!axis.partial || axis.half_width() >= least_half_width) return "";
  return name + ": " + counted(axis.symmetric().size(), name == "kx" ? "sample" : "line") +
         " about the centre are encoded on both sides of it, the phase needs " +
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
  if (const auto& readout = sampling.readout; readout && axis_of(readout->sampled, readout->n).partial)
    plan.kx = axis_of(readout->sampled, readout->n);
  if (!plan.ky.partial && !plan.kz.partial && !plan.kx.partial) {
    const int64_t lines = std::max(plan.ky.fillable(), plan.kz.fillable());
    if (lines > 0) plan.words = counted(lines, "line") + " left empty: too few to matter";
    return plan;
  }
  for (const auto& [axis, name] :
       {std::pair(plan.ky, "ky"), std::pair(plan.kz, "kz"), std::pair(plan.kx, "kx")})
    if (plan.words.empty()) plan.words = too_narrow(axis, name);
  if (!plan.words.empty()) return plan;
  const bool zero = wanted == PartialFourier::zero;
  plan.filling = wanted;
  plan.lines = zero ? 0 : fillable_lines(plan);
  plan.words = what_is_missing(plan) + (zero ? " left empty" : " filled") + axis_words(plan.ky, "ky", !zero) +
               axis_words(plan.kz, "kz", !zero) + axis_words(plan.kx, "kx", !zero);
  return plan;
}

PartialFourierFilling fill_partial_fourier(const KSpace& kspace, const PartialFourierPlan& plan) {
  const int64_t n_kx = plan.kx.partial ? plan.kx.n : kspace.samples.size(axis::kx);
  check_tensor(kspace.samples, "k-space",
               {{"frame"}, {"coil"}, {"kz", plan.kz.n}, {"ky", plan.ky.n}, {"kx", n_kx}}, at::kComplexFloat);
  if (plan.filling == PartialFourier::pocs) return by_pocs(kspace, plan);
  if (plan.filling == PartialFourier::homodyne) return by_homodyne(kspace, plan);
  return {kspace, {}};
}

}  // namespace raki
