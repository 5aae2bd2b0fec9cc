#pragma once
// The decoders in child processes. OpenJPH 0.9 and OpenJPEG 2.5.0, as the distributions build them, end the
// process by an assertion on some damaged codestreams: here only a child dies.

#include <optional>
#include <string>
#include <vector>

#include "io/htj2k/checked_codestream.h"
#include "io/htj2k/pixel_image.h"

namespace raki {

struct DecodingTask {
  const CheckedCodestream* codestream = nullptr;
  std::optional<PixelImage> image;  ///< the result; none: refused
  std::string refusal;              ///< why
};

/// Decodes the tasks in at most `processes` children at a time: OpenJPH what it can (it is twice as fast),
/// OpenJPEG the rest, and what kills OpenJPH or is refused by it.
void decode_isolated(std::vector<DecodingTask>& tasks, int processes);

}  // namespace raki
