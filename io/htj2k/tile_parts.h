#pragma once
// One tile-part a resolution, so that a reader can fetch a small image by the first bytes; and the way back,
// from those first bytes to a codestream that any decoder takes. OpenJPH 0.9 can do neither.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "io/htj2k/codestream.h"

namespace raki {

/// The codestream with a tile-part for each resolution of each tile, the smallest of all tiles first, and a
/// TLM marker segment in the main header. No coded byte changes. Takes what `encode_htj2k` makes: plain
/// (CodestreamHeader), one tile-part a tile, resolutions before components.
/// @throws Bug for other codestreams, InputError (65) for what is none.
std::vector<uint8_t> split_at_resolutions(std::span<const uint8_t> codestream);

/// The packets of every tile, where all tile-parts are plain.
std::vector<std::vector<uint8_t>> tile_data(std::span<const uint8_t> codestream,
                                            const CodestreamHeader& header, const TileParts& parts);

/// Its main header, and for every tile one tile-part with `data`.
std::vector<uint8_t> joined_tiles(std::span<const uint8_t> codestream, const CodestreamHeader& header,
                                  const std::vector<std::vector<uint8_t>>& data);

}  // namespace raki
