#pragma once
// HTJ2K (ISO 15444-15) codestreams: pixels in, bytes out, and back. OpenJPH encodes; OpenJPEG decodes.

#include <cstdint>
#include <span>
#include <vector>

namespace raki {

/// One gray image of `bits` (8..16) bits a sample.
struct GrayImage {
  int64_t width = 0, height = 0;
  int bits = 16;
  bool is_signed = false;
  std::vector<int32_t> samples;  ///< row by row
};

/// Reversible, RPCL, 64 x 64 code blocks, 5 decompositions (fewer only where a side is shorter than 2^5, at
/// least 1), one tile, one tile-part a resolution, TLM marker in the main header: what transfer syntax .202
/// asks for.
/// @throws Bug when a sample does not fit `bits`.
std::vector<uint8_t> encode_htj2k(const GrayImage& image);

/// Whole image from a bare codestream.
/// @throws InputError (65) for anything malformed.
GrayImage decode_htj2k(std::span<const uint8_t> codestream);

}  // namespace raki
