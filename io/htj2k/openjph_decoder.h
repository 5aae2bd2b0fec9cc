#pragma once
// HTJ2K with OpenJPH, for codestreams that were checked before.

#include <cstdint>
#include <span>

#include "io/htj2k/codestream.h"

namespace raki {

/// Its release 0.9 decodes images with empty sub-bands wrongly: false for these.
bool openjph_can_decode(const CodestreamHeader& header);

/// Complete, plain codestreams whose packets were walked; `reduce`: at most header.decompositions. `samples`:
/// component after component, each row by row, of the reduced size; of 16 bits the low ones.
/// @throws InputError (65) for what it refuses. Ends the process by an assertion on some damaged ones.
void decode_with_openjph(std::span<const uint8_t> codestream, const CodestreamHeader& header, int reduce,
                         std::span<int32_t> samples);
void decode_with_openjph(std::span<const uint8_t> codestream, const CodestreamHeader& header, int reduce,
                         std::span<int16_t> samples);

}  // namespace raki
