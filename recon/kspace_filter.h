#pragma once
// A window over k-space: less ringing and noise, less resolution.

#include "recon/types.h"

namespace raki {

/// Tukey's window: 1 in the middle, a cosine down to 0 over the outer part `taper` of each half axis (Harris,
/// Proc IEEE 66:51, 1978). 0: none; 1: Hann's window.
struct KSpaceFilter {
  double taper = 0;
};
/// "none", "hann" or "tukey:TAPER". @throws InputError (64).
KSpaceFilter kspace_filter_from_text(const std::string& text);
std::string to_text(KSpaceFilter filter);

/// Along kx, ky and, for slabs, kz, about sample n / 2 of each; reaches 0 one line beyond the encoded one
/// farthest from it. The centre keeps its value, so mean image values stay; white noise loses variance.
KSpace filter_kspace(const KSpace& kspace, const Sampling& sampling, KSpaceFilter filter);

}  // namespace raki
