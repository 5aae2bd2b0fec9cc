#pragma once
// Every knob of the interpolators: meaning, unit, default and where the default comes from. The command line,
// its help and the documentation are made from this struct; no default stands anywhere else.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace raki {

/// `network`: one of the caller's own (jobs/reconstruct.h), which cannot be asked for by name.
enum class Method { raki, hybrid, linear, grappa, raki_2019, rraki, iraki, zero_filled, network };

/// "raki", "hybrid", "linear", "grappa", "raki-2019", "rraki", "iraki", "zero-filled", "network".
std::string to_text(Method method);
/// @throws InputError (64) with the nearest name for an unknown one.
Method method_from_text(const std::string& name);
std::vector<std::string> method_names();

/// GRAPPA (Griswold et al., MRM 47:1202, 2002) with Gadgetron's defaults.
struct GrappaOptions {
  int64_t kernel_ky = 4;         ///< sampled lines the kernel uses along ky
  int64_t kernel_kz = 4;         ///< the same along kz, where lines are missing along both axes
  int64_t kernel_kx = 5;         ///< readout samples, odd
  double regularisation = 5e-4;  ///< Tikhonov weight in units of trace(A^H A) / n
};

/// The layers of a RAKI network (Akcakaya et al., MRM 81:439, 2019), as its authors' code has them.
struct RakiLayers {
  int64_t kernel1_kx = 5, kernel1_ky = 2, features1 = 32;  ///< first layer
  int64_t features2 = 8;                                   ///< second layer, 1 x 1
  int64_t kernel3_kx = 3, kernel3_ky = 2;                  ///< last layer
  double initial_sd = 0.1;                                 ///< truncated normal initialisation
};

/// RAKI as published (Akcakaya et al., MRM 81:439, 2019) and as its authors' code runs it.
struct Raki2019Options {
  RakiLayers layers;
  double scale_maximum = 0.015;  ///< k-space is scaled so that its largest magnitude is this
  double learning_rate = 3e-3;   ///< Adam
  int64_t iterations = 1000;
};

/// Residual RAKI (Zhang et al., NeuroImage 256:119248, 2022), 2-D, as its authors' code runs it.
struct RrakiOptions {
  RakiLayers layers;            ///< of the network; the linear path has the size of the first layer
  double linear_weight = 1;     ///< lambda: share of the linear path's own error in the loss
  double scale_maximum = 1;     ///< k-space is scaled so that its largest magnitude is this
  double learning_rate = 1e-3;  ///< Adam
  int64_t iterations = 2000;
};

/// Iterative RAKI (Dawood et al., MRM 2023, arXiv 2201.03560), as its authors' code runs it.
struct IrakiOptions {
  int64_t kernel1_ky = 4, kernel1_kx = 7, features1 = 256;  ///< first layer; complex features
  int64_t features2 = 128;                                  ///< second layer, 1 x 1
  int64_t kernel3_kx = 5;                                   ///< last layer, one line
  double negative_slope = 0.5;  ///< of the leaky ReLU, on real and imaginary parts apart
  int64_t training_lines = 65;  ///< about the centre of the current result
  int64_t first_epochs = 500;   ///< steps of Adam in the first outer step
  int64_t epochs = 250;         ///< and in every later one
  double learning_rate = 5e-4;  ///< of the first outer step
  std::array<double, 3> learning_rate_falls{3e-5, 4e-5, 6e-5};  ///< an outer step, at R = 4, 5, 6
  std::array<int64_t, 3> outer_steps{16, 12, 8};                ///< at R = 4, 5, 6
  double least_learning_rate = 2e-5;                            ///< where 16, 12 or 8 falls lead
};

/// The image model (raki/README.md).
struct HybridOptions {
  double detail =
      1.2;  ///< factor on the local signal power: less is quieter, more keeps weaker detail (0.5 to 4)
};

/// Our network: the gate of `raki`, trained on the scan at half its resolution (raki/README.md, "The gate").
struct GateOptions {
  int64_t draws = 4;                             ///< half scans, each with its own noise and lattice
  int64_t draws_a_step = 2;                      ///< of them in one step of Adam, side by side
  int64_t steps = 24;                            ///< of Adam
  double learning_rate = 0.03;                   ///< at first; falls to 0 like a cosine
  double damping = 0.5;                          ///< factor on what was learned, 0 (nothing) to 1
  double full_to_half = 1.2;                     ///< best detail of a scan / of the same at half resolution
  double least_detail = 0.4, most_detail = 1.3;  ///< bounds of what is taken from there
};

struct GateLessons;  // raki/gated.h

struct RakiOptions {
  Method method = Method::raki;
  GrappaOptions grappa = {};
  Raki2019Options raki_2019 = {};
  RrakiOptions rraki = {};
  IrakiOptions iraki = {};
  HybridOptions hybrid = {};
  GateOptions gate = {};
  uint64_t seed = 1;                                ///< of every random number
  std::shared_ptr<const GateLessons> lessons = {};  ///< of a frame like these: `raki` trains no more
  bool lessons_must_fit = false;  ///< false: where `lessons` do not fit, `raki` trains again
};

}  // namespace raki
