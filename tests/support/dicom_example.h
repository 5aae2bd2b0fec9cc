#pragma once
// A DICOM file of ours in memory and on disk, and what reading image files ends with.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "gpu/error.h"
#include "io/dicom/mr_image.h"
#include "io/dicom/write.h"
#include "io/image_file.h"

namespace raki {

/// A series of one plane and everything it points to.
struct Example {
  Protocol protocol;
  DicomSeries series;
  DicomPlane plane;
  PixelImage pixels{3, 2, 16, false, {0, 1, 32767, 65535, 7, 9}};
  DicomOptions options;

  Example() {
    plane.columns = 3;
    plane.rows = 2;
    plane.plane = {{1, 2, 3}, {1, 0, 0}, {0, 1, 0}, 0.5, 0.75, 4};
    options.identity = "job";
    options.study_identity = "scan";
  }
  std::map<std::pair<int, int>, std::string> attributes() {
    series.protocol = &protocol;
    std::map<std::pair<int, int>, std::string> result;
    for (const DicomAttribute& row : mr_image_attributes(series, plane, options)) {
      EXPECT_TRUE(result.emplace(std::pair(row.tag.group, row.tag.element), row.value).second)
          << "twice the same tag";
    }
    return result;
  }
  void write(const std::filesystem::path& path) {
    series.protocol = &protocol;
    plane.columns = pixels.width;
    plane.rows = pixels.height;
    write_dicom(path, series, plane, store_pixels(pixels, options), options);
  }
};

inline void write_bytes(const std::filesystem::path& path, const std::vector<uint8_t>& bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}
inline std::vector<uint8_t> bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline ExitCode code_of_reading(const std::filesystem::path& path) {
  try {
    read_image_file(path);
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find(path.string()), std::string::npos) << error.what();
    return error.code();
  }
  return ExitCode::done;
}

}  // namespace raki
