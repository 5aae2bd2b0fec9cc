#pragma once
// Every knob of the interpolators: meaning, unit, default and where the default comes from. The command line,
// its help and the documentation are made from this struct; no default stands anywhere else.

#include <cstdint>
#include <string>
#include <vector>

namespace raki {

enum class Method { raki, hybrid, linear, grappa, raki_2019, zero_filled };

/// "raki", "hybrid", "linear", "grappa", "raki-2019", "zero-filled".
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

/// RAKI as published (Akcakaya et al., MRM 81:439, 2019) and as its authors' code runs it.
struct Raki2019Options {
  int64_t kernel1_kx = 5, kernel1_ky = 2, features1 = 32;  ///< first layer
  int64_t features2 = 8;                                   ///< second layer, 1 x 1
  int64_t kernel3_kx = 3, kernel3_ky = 2;                  ///< last layer
  double initial_sd = 0.1;                                 ///< truncated normal initialisation
  double scale_maximum = 0.015;  ///< k-space is scaled so that its largest magnitude is this
  double learning_rate = 3e-3;   ///< Adam
  int64_t iterations = 1000;
};

/// The image model (raki/README.md).
struct HybridOptions {
  double detail =
      1.2;  ///< factor on the local signal power: less is quieter, more keeps weaker detail (0.5 to 4)
};

/// Our network: a small CNN on top of `linear`, kept only where it wins (raki/README.md).
struct ResidualOptions {
  int64_t features1 = 32, features2 = 8;
  double learning_rate = 2e-3;  ///< Adam
  int64_t maximum_steps = 150;
  int64_t check_every = 10;        ///< steps between two looks at the held-out samples
  double held_out_fraction = 0.2;  ///< of the training positions, in readout blocks
  double minimum_gain = 0.3;  ///< relative fall of the held-out error below which the network is rejected
  double minimum_significance =
      4;  ///< the same in standard errors of that fall, over gaps and readout blocks
};

struct RakiOptions {
  Method method = Method::raki;
  GrappaOptions grappa = {};
  Raki2019Options raki_2019 = {};
  HybridOptions hybrid = {};
  ResidualOptions residual = {};
  uint64_t seed = 1;  ///< of every random number
};

}  // namespace raki
