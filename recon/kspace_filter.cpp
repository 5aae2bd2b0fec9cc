#include "recon/kspace_filter.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <charconv>
#include <numbers>
#include <sstream>

#include "gpu/error.h"

namespace raki {
namespace {

/// (n,) float32 about n / 2.
at::Tensor window_of(int64_t n, LineRange encoded, double taper) {
  const int64_t farthest = std::max(n / 2 - encoded.begin, encoded.end - 1 - n / 2);
  const at::Tensor distance = (at::arange(n, at::kFloat) - n / 2).abs() / static_cast<double>(farthest + 1);
  const at::Tensor along_taper = ((distance - (1 - taper)) / taper).clamp(0, 1);
  return ((along_taper * std::numbers::pi).cos() + 1) / 2;
}

}  // namespace

KSpaceFilter kspace_filter_from_text(const std::string& text) {
  if (text == "none") return {0};
  if (text == "hann") return {1};
  const std::string name = "tukey:";
  KSpaceFilter filter;
  const char* end = text.data() + text.size();
  if (text.starts_with(name)) {
    const auto [last, error] = std::from_chars(text.data() + name.size(), end, filter.taper);
    if (error == std::errc() && last == end && filter.taper > 0 && filter.taper <= 1) return filter;
  }
  throw InputError({"Unknown k-space filter", "'" + text + "'",
                    "none, hann, or tukey:TAPER with a taper above 0 and up to 1", "", ""},
                   ExitCode::usage);
}

std::string to_text(KSpaceFilter filter) {
  if (filter.taper == 0) return "none";
  if (filter.taper == 1) return "hann";
  std::ostringstream text;
  text << "tukey:" << filter.taper;
  return text.str();
}

KSpace filter_kspace(const KSpace& kspace, const Sampling& sampling, KSpaceFilter filter) {
  if (filter.taper == 0) return kspace;
  const int64_t n_kx = kspace.samples.size(axis::kx);
  at::Tensor window = window_of(sampling.n_ky(), sampling.encoded_ky, filter.taper).unsqueeze(1) *
                      window_of(n_kx, sampling.sampled_kx(n_kx), filter.taper);
  if (sampling.n_kz() > 1)
    window = window_of(sampling.n_kz(), sampling.encoded_kz, filter.taper).view({-1, 1, 1}) * window;
  return {kspace.samples * window.to(kspace.samples.device()), kspace.basis};
}

}  // namespace raki
