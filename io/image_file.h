#pragma once
// Image files to pixels: DICOM (HTJ2K, JPEG 2000 or uncompressed), bare codestreams (.j2c) and boxed ones
// (.jph, .jp2).

#include <filesystem>
#include <vector>

#include "gpu/device.h"
#include "io/htj2k/decode.h"

namespace raki {

/// The frames of one file; one but for multi-frame DICOM.
/// @throws InputError 64 for options that do not fit the image, 65 for what is no such file, is damaged, or
/// contradicts its DICOM attributes; 66, 77, 74.
std::vector<PixelImage> read_image_file(const std::filesystem::path& path, const DecodeOptions& options = {});

/// Many files at once, over `threads` threads or processes, HTJ2K where it can be on `device`; in their
/// order.
std::vector<std::vector<PixelImage>> read_image_files(const std::vector<std::filesystem::path>& paths,
                                                      const DecodeOptions& options, int threads,
                                                      const Device& device = Device::cpu());

}  // namespace raki
