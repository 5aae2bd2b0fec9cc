#pragma once
// One RPCL tile-part becomes one tile-part a resolution, announced by a TLM marker, so that a reader can
// fetch a small image by its first bytes. OpenJPH 0.9 cannot write that itself.

#include <cstdint>
#include <span>
#include <vector>

namespace raki {

/// The codestream with its single tile-part cut at the resolutions and a TLM marker segment in the main
/// header. No coded byte changes. Takes what `encode_htj2k` makes: one tile at the origin, one component, one
/// layer, RPCL, whole-resolution precincts (so that a resolution is one packet), one coding pass a block, no
/// SOP, EPH or packed packet headers.
/// @throws Bug for anything else.
std::vector<uint8_t> split_at_resolutions(std::span<const uint8_t> codestream);

}  // namespace raki
