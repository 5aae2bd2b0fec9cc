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

struct RakiOptions {
  Method method = Method::raki;
  GrappaOptions grappa = {};
  Raki2019Options raki_2019 = {};
  HybridOptions hybrid = {};
  GateOptions gate = {};
  uint64_t seed = 1;  ///< of every random number
};

}  // namespace raki
