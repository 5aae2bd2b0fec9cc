#include "io/pixels.h"

#include <cmath>

#include "gpu/check.h"
#include "gpu/error.h"

namespace raki {

namespace {

constexpr double stored_maximum = 32767;  // fits signed and unsigned readers alike

}  // namespace

PixelScaling pixel_scaling(double series_maximum, bool is_signed) {
  if (!std::isfinite(series_maximum) || series_maximum < 0)
    throw Bug("The maximum of an image series is " + std::to_string(series_maximum));
  const double factor = series_maximum > 0 ? stored_maximum / series_maximum : 1;
  if (!std::isfinite(factor)) throw Bug("An image series is too dark for 16-bit pixels");
  return {factor, series_maximum, is_signed};
}

PixelImage to_pixels(const at::Tensor& plane, const PixelScaling& scaling, int64_t* clipped) {
  check_tensor(plane, "Image plane", {{"y"}, {"x"}}, at::kFloat);
  const at::Tensor values = plane.cpu().contiguous();
  const float* value = values.const_data_ptr<float>();
  PixelImage result{values.size(1), values.size(0), 16, scaling.is_signed, {}};
  result.samples.resize(static_cast<size_t>(values.numel()));
  const double lowest = result.lowest(), highest = result.highest();
  int64_t outside = 0;
  for (int32_t& pixel : result.samples) {
    const double stored = std::round(static_cast<double>(*value++) * scaling.factor);
    if (!std::isfinite(stored)) throw Bug("An image holds a NaN or infinite value");
    outside += stored < lowest || stored > highest;
    pixel = static_cast<int32_t>(std::fmin(std::fmax(stored, lowest), highest));
  }
  if (outside > 0 && clipped == nullptr)
    throw Bug(std::to_string(outside) + " image values do not fit the pixel scaling of their series");
  if (clipped != nullptr) *clipped = outside;
  return result;
}

}  // namespace raki
