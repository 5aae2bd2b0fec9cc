#pragma once
// OpenJPH in child processes. It decodes twice as fast as OpenJPEG, but its release 0.9 ends the process by
// an assertion on some damaged codestreams: here only a child dies.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "io/htj2k/codestream.h"
#include "io/htj2k/pixel_image.h"

namespace raki {

struct OpenjphTask {
  std::span<const uint8_t> codestream;
  const CodestreamHeader* header = nullptr;
  int reduce = 0;
  std::optional<PixelImage> image;  ///< the result; none: refused, or the child died over it or before it
};

/// Decodes the tasks in at most `processes` children.
void decode_isolated(std::vector<OpenjphTask>& tasks, int processes);

}  // namespace raki
