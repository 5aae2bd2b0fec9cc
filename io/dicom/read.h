#pragma once
// The pixels of a DICOM file as they are stored.

#include <cstdint>
#include <filesystem>
#include <vector>

#include "io/htj2k/pixel_image.h"

namespace raki {

struct StoredFrames {
  PixelImage like;                                ///< what the attributes say of every frame; without samples
  std::vector<std::vector<uint8_t>> codestreams;  ///< one a frame, where they are compressed
  std::vector<PixelImage> pixels;                 ///< one a frame, where they are not
};

/// HTJ2K and JPEG 2000 frames, or uncompressed ones.
/// @throws InputError (65) for anything else.
StoredFrames read_stored_frames(const std::filesystem::path& path);

}  // namespace raki
