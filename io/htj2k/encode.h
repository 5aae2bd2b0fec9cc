#pragma once
// Images to HTJ2K codestreams (ISO/IEC 15444-15), with OpenJPH.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "io/htj2k/codestream.h"
#include "io/htj2k/pixel_image.h"

namespace raki {

/// How near the decoded image is to the given one.
struct Quality {
  enum class Kind {
    lossless,
    ratio,  ///< of the image's bytes (1 or 2 a sample) to the codestream's: at least `value`
    psnr    ///< 20 log10((2^bits - 1) / root mean square error) in dB: at least `value`
  };
  Kind kind = Kind::lossless;
  double value = 0;
};

/// Every image of 16 bits reaches it: an error of 2 in 65535. Some reach no more, since OpenJPEG judges,
/// whose high-pass gain (1.625732 for 2 / K = 1.625786) is 3e-5 too small: a checkerboard ends at 90.3, noise
/// at 100.
constexpr double largest_psnr = 90;

/// "ratio:10", "psnr:60"; "none": lossless. @throws InputError (64) for anything else.
Quality quality_from_text(const std::string& text);
std::string to_text(const Quality& quality);

struct EncodeOptions {
  Quality quality;
  Progression progression = Progression::rpcl;
  /// 0: 5, fewer only where a side of the smallest tile is shorter than 2^5; at least 1, because with none
  /// OpenJPH 0.18 to 0.31 corrupt the smallest sample value.
  int decompositions = 0;
  int block = 64;                           ///< side of a code block: 64, 32 or 16
  int64_t tile_width = 0, tile_height = 0;  ///< 0: one tile
};

/// With a TLM marker segment, and one tile-part a resolution where resolutions come before components (LRCP,
/// RLCP, RPCL; gray: always). The defaults are what transfer syntax .202 asks for. Colour images go through
/// the colour transform. The same image and options make the same bytes, but for images in several tiles:
/// there OpenJPH 0.9 writes an empty block or leaves it out as the alignment of its memory has it.
/// @throws InputError (64) for options out of range, and for a quality that cannot be reached; Bug for an
/// image whose sides are not within 1 to 32768, or whose samples do not fit `bits`.
std::vector<uint8_t> encode_htj2k(const PixelImage& image, const EncodeOptions& options = {});

/// What stands in its place: from any thread, with its promises (io/gpu_codec.h).
using Htj2kEncoder = std::function<std::vector<uint8_t>(const PixelImage&, const EncodeOptions&)>;

}  // namespace raki
