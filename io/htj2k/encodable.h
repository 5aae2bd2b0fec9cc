#pragma once
// What both encoders ask of an image.

#include "io/htj2k/pixel_image.h"

namespace raki {

/// Throws Bug for an image whose sides are not within 1 to 32768, or whose samples do not fit `bits`.
void check_encodable(const PixelImage& image);

/// 5, fewer only where `shortest` side is shorter than 2^5; at least 1.
int usual_decompositions(int64_t shortest);

}  // namespace raki
