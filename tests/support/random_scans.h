#pragma once
// Scans drawn at random, awkward ones among them, for what must hold of every scan. A seed is a scan: the
// same on every machine but for the last bits of its samples.

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <random>
#include <string>

#include "recon/undersample.h"
#include "tests/support/shifted_coils.h"

namespace raki::test {

/// Numbers from a seed, the same with every standard library.
class Dice {
 public:
  explicit Dice(uint64_t seed) : engine_(seed) {}
  /// least .. most, both included.
  int64_t between(int64_t least, int64_t most) {
    return least + static_cast<int64_t>(engine_() % static_cast<uint64_t>(most - least + 1));
  }
  bool one_in(int64_t n) { return between(1, n) == 1; }
  /// As many between 1 and 2 as between 2 and 4.
  int64_t size(int64_t least, int64_t most) {
    const double part = static_cast<double>(between(0, 1000)) / 1000;
    const auto ratio = static_cast<double>(most) / static_cast<double>(least);
    return std::llround(static_cast<double>(least) * std::pow(ratio, part));
  }

 private:
  std::mt19937_64 engine_;
};

struct ScanShape {
  int64_t frames, coils, n_kz, n_ky, n_kx;
  int64_t samples() const { return frames * coils * n_kz * n_ky * n_kx; }
};

inline ScanShape draw_shape(Dice& dice, int64_t most_samples) {
  ScanShape shape{};
  do {
    const int64_t kind = dice.between(0, 19);
    shape.coils = kind == 0    ? 1
                  : kind <= 15 ? dice.between(2, 6)
                  : kind <= 18 ? dice.between(7, 16)
                               : dice.between(17, 40);
    shape.frames = dice.one_in(3) ? dice.between(2, 4) : 1;
    shape.n_kz = dice.one_in(3) ? dice.between(2, 16) : 1;
    shape.n_ky = dice.size(8, 400);
    shape.n_kx = dice.size(dice.one_in(20) ? 1 : 8, 400);
  } while (shape.samples() > most_samples);
  return shape;
}

/// Adds a block of lines, centred or not, to `mask` (kz, ky); now and then none.
inline void add_acs(Dice& dice, const ScanShape& shape, at::Tensor& mask) {
  if (dice.one_in(8)) return;
  const bool all_partitions = dice.one_in(2);
  const int64_t n_ky = dice.between(1, std::min<int64_t>(shape.n_ky, 48)),
                n_kz = all_partitions ? shape.n_kz : dice.between(1, shape.n_kz);
  const bool moved = dice.one_in(4);
  const int64_t ky = moved ? dice.between(0, shape.n_ky - n_ky) : shape.n_ky / 2 - n_ky / 2,
                kz = moved ? dice.between(0, shape.n_kz - n_kz) : shape.n_kz / 2 - n_kz / 2;
  mask.narrow(0, kz, n_kz).narrow(1, ky, n_ky).fill_(true);
}

/// Lines beyond the ellipse that touches the edges.
inline at::Tensor corners(int64_t n_rows, int64_t n_columns) {
  const auto axis = [](int64_t n) {
    return (at::arange(n, at::kFloat) - static_cast<double>(n / 2)) / (static_cast<double>(n) / 2);
  };
  return axis(n_rows).square().unsqueeze(1) + axis(n_columns).square().unsqueeze(0) > 1;
}

/// A lattice of any offset and CAIPIRINHA shift, some with corners never scanned or single lines more; or
/// lines anywhere. bool (kz, ky).
inline at::Tensor draw_mask(Dice& dice, const ScanShape& shape) {
  const int64_t r_ky = std::min(dice.between(1, 8), shape.n_ky),
                r_kz = std::min(dice.between(1, 3), shape.n_kz);
  const auto random_lines = [&](int64_t one_in) {
    at::Tensor mask = at::zeros({shape.n_kz, shape.n_ky}, at::kBool);
    for (int64_t line = 0; line < mask.numel(); ++line)
      if (dice.one_in(one_in)) mask.flatten()[line] = true;
    return mask;
  };
  at::Tensor mask;
  if (dice.one_in(5)) {
    mask = random_lines(r_ky + 1);
    if (dice.one_in(2)) mask = mask[0].unsqueeze(0).expand_as(mask).clone();
  } else {
    mask = slab_mask(shape.n_kz, shape.n_ky,
                     {.acceleration_ky = r_ky,
                      .acceleration_kz = dice.one_in(2) ? 1 : r_kz,
                      .caipi_shift = dice.one_in(2) ? 0 : dice.between(0, r_ky - 1),
                      .offset = dice.between(0, 7)});
    if (dice.one_in(8)) mask.logical_or_(random_lines(20));
    if (shape.n_kz > 1 && dice.one_in(5)) mask.logical_and_(corners(shape.n_kz, shape.n_ky).logical_not());
  }
  add_acs(dice, shape, mask);
  return mask;
}

/// Mostly all of it; else without some lines at the beginning or the end.
inline LineRange draw_encoded(Dice& dice, int64_t n) {
  if (!dice.one_in(4)) return {0, n};
  const int64_t cut = dice.between(0, n / 2);
  return dice.one_in(2) ? LineRange{cut, n} : LineRange{0, n - cut};
}

inline Sampling draw_sampling(Dice& dice, const ScanShape& shape) {
  const at::Tensor mask = draw_mask(dice, shape);
  const LineRange ky = draw_encoded(dice, shape.n_ky), kz = draw_encoded(dice, shape.n_kz);
  at::Tensor kept = at::zeros_like(mask);
  const auto encoded = [&](const at::Tensor& lines) {
    return lines.narrow(0, kz.begin, kz.size()).narrow(1, ky.begin, ky.size());
  };
  encoded(kept).copy_(encoded(mask));
  if (!kept.any().item<bool>()) encoded(kept)[0][0] = true;
  return detect_sampling(kept, ky, kz);
}

/// One object that falls off from a centre somewhere near the middle, seen by coils that differ by shifts of
/// a sample along each axis; with noise of a hundredth of the centre's.
inline at::Tensor draw_samples(Dice& dice, const ScanShape& s, uint64_t seed) {
  const auto distance = [&](int64_t n) {
    return (at::arange(n, at::kFloat) - static_cast<double>(n / 2 + dice.between(-1, 1) * n / 16)).square();
  };
  const at::Tensor z = distance(s.n_kz), y = distance(s.n_ky), x = distance(s.n_kx);
  const at::Tensor r = (z.view({-1, 1, 1}) + y.view({-1, 1}) + x).sqrt();
  const at::Tensor common = complex_noise({s.frames, s.n_kz, s.n_ky, s.n_kx}, seed) / (1 + r);
  std::vector<at::Tensor> coils;
  for (int64_t c = 0; c < s.coils; ++c)
    coils.push_back(common.roll({c / 9 % 3 - 1, c % 3 - 1, c / 3 % 3 - 1}, {1, 2, 3}) *
                    (1 + 0.1 * static_cast<double>(c)));
  const at::Tensor all = at::stack(coils, 1);
  return all + complex_noise(all.sizes(), seed + 1) * 0.01;
}

struct RandomScan {
  std::string text;  ///< what was drawn, for messages
  UndersampledKSpace kspace;
  std::optional<Calibration> calibration;
  bool finite;  ///< no sample is NaN or infinite
  bool dense;   ///< no measured line is empty
};

/// What is wrong with the samples, in place; its name. Every second scan is left alone.
inline std::string spoil(Dice& dice, at::Tensor& samples) {
  const int64_t coils = samples.size(1), n_kx = samples.size(4);
  const auto coil = [&] { return samples.select(1, dice.between(0, coils - 1)); };
  switch (dice.between(0, 17)) {
    case 0:
      samples[dice.between(0, samples.size(0) - 1)].zero_();
      return "a frame of zeros";
    case 1:
      coil().zero_();
      return "a dead coil";
    case 2:
      coil().mul_(1000);
      return "a coil a thousand times too strong";
    case 3:
      samples.masked_fill_(corners(samples.size(3), n_kx), 0);
      return "corners filled with zeros";
    case 4:
      samples.copy_(samples.narrow(1, 0, 1).expand_as(samples).clone());
      return "coils all alike";
    case 5:
      samples.narrow(4, 0, n_kx / 3).zero_();
      return "an asymmetric echo filled with zeros";
    case 6:
      samples.fill_(1);
      return "all samples the same";
    case 7:
      samples.copy_(complex_noise(samples.sizes(), 5));
      return "nothing but noise";
    default:
      return "nothing spoilt";
  }
}

/// One sample becomes NaN or infinite, in place; one that is not zero, if there is any.
inline void poison(Dice& dice, at::Tensor& samples) {
  const at::Tensor places = samples.flatten().nonzero();
  const int64_t place = places.numel() == 0 ? 0 : places[dice.between(0, places.numel() - 1)].item<int64_t>();
  using Limits = std::numeric_limits<float>;
  samples.flatten()[place] = dice.one_in(2) ? Limits::quiet_NaN() : Limits::infinity();
}

/// Separate reference lines of any size.
inline Calibration draw_calibration(Dice& dice, const at::Tensor& samples, CoilBasis basis) {
  at::Tensor lines = samples;
  for (const int64_t dim : {2, 3, 4}) {
    const int64_t n = lines.size(dim), kept = dim == 4 && !dice.one_in(3) ? n : dice.between(1, n);
    lines = lines.narrow(dim, (n - kept) / 2, kept);
  }
  Calibration calibration(lines.contiguous(), basis);
  calibration.separate = true;
  return calibration;
}

/// The scan of a seed, of at most `most_samples` samples.
inline RandomScan random_scan(uint64_t seed, int64_t most_samples) {
  Dice dice(seed);
  const ScanShape shape = draw_shape(dice, most_samples);
  const Sampling sampling = draw_sampling(dice, shape);
  at::Tensor samples = draw_samples(dice, shape, seed);
  const std::string spoilt = spoil(dice, samples);
  const int64_t power_of_ten = dice.one_in(2) ? 0 : dice.between(-7, 6);
  samples = samples * std::pow(10.0, static_cast<double>(power_of_ten));
  const bool unit_noise = dice.one_in(3);
  const CoilBasis basis{unit_noise ? CoilBasis::Kind::whitened : CoilBasis::Kind::physical, shape.coils,
                        unit_noise};
  const at::Tensor lines = sampling.mask.unsqueeze(-1);
  at::Tensor measured = at::where(lines, samples, at::zeros({}, samples.options()));
  const bool finite = !dice.one_in(20);
  if (!finite) poison(dice, measured);
  RandomScan scan{"", UndersampledKSpace(measured, sampling, basis), {}, finite, true};
  if (dice.one_in(6)) scan.calibration = draw_calibration(dice, samples, basis);
  const at::Tensor empty = (measured.abs().amax({0, 1, 4}) == 0).logical_and(sampling.mask);
  scan.dense = !empty.any().item<bool>();
  scan.text = "seed " + std::to_string(seed) + ", " + c10::str(samples.sizes()) + ", " + to_text(sampling) +
              ", 1e" + std::to_string(power_of_ten) + (unit_noise ? ", whitened, " : ", ") + spoilt +
              (finite ? "" : ", not finite");
  if (scan.calibration) scan.text += ", calibration " + c10::str(scan.calibration->samples.sizes());
  return scan;
}

}  // namespace raki::test
