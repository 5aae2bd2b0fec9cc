#include "io/image_file.h"

#include <algorithm>
#include <fstream>
#include <string_view>

#include "gpu/error.h"
#include "io/dicom/read.h"
#include "io/gpu_codec.h"

namespace raki {

namespace {

using Bytes = std::vector<uint8_t>;

constexpr uintmax_t largest_file = uintmax_t{1} << 32;

[[noreturn]] void refuse(const std::string& what, const std::string& found, const std::string& expected) {
  throw InputError({what, found, expected, "", ""});
}

Bytes read_file(const std::filesystem::path& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  if (!std::filesystem::exists(path))
    throw InputError({"The input does not exist", "", "", "", ""}, ExitCode::input_missing);
  if (error || !file)
    throw InputError({"The input cannot be read", "", "a file", "", ""}, ExitCode::no_permission);
  if (size > largest_file)
    refuse("The file is too large for images", std::to_string(size) + " bytes", "at most 4 GiB");
  Bytes bytes(size);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  if (file.gcount() != static_cast<std::streamsize>(size))
    throw InputError({"Reading failed half-way", "", "", "", "Run again"}, ExitCode::io_failed);
  return bytes;
}

bool starts_with(const Bytes& bytes, std::string_view magic, size_t at = 0) {
  return bytes.size() >= at + magic.size() &&
         std::equal(magic.begin(), magic.end(), bytes.begin() + static_cast<ptrdiff_t>(at),
                    [](char a, uint8_t b) { return static_cast<uint8_t>(a) == b; });
}

std::string words(const PixelImage& image) {
  return std::to_string(image.width) + " x " + std::to_string(image.height) + ", " +
         std::to_string(image.bits) + " bits" + (image.is_signed ? ", signed" : "") +
         (image.components > 1 ? ", colour" : "");
}

void check_codestream(const Bytes& codestream, const PixelImage& like) {
  const CodestreamHeader header = read_codestream_header(codestream);
  const PixelImage found{header.image.width(), header.image.height(), header.bits, header.is_signed, {},
                         header.components};
  if (found != like) refuse("The codestream contradicts the DICOM attributes", words(found), words(like));
}

StoredFrames stored_frames(const std::filesystem::path& path) {
  Bytes bytes = read_file(path);
  if (starts_with(bytes, "DICM", 128)) {
    StoredFrames stored = read_stored_frames(path);
    for (const Bytes& codestream : stored.codestreams) check_codestream(codestream, stored.like);
    return stored;
  }
  const bool boxed = starts_with(bytes, "jP  \r\n\x87\n", 4);
  if (!boxed && !starts_with(bytes, "\xff\x4f\xff\x51"))
    refuse("This is no image file that can be read", "", "DICOM, or a JPEG 2000 codestream (.j2c, .jph)");
  const auto codestream = unboxed_codestream(bytes);
  return {{}, {Bytes(codestream.begin(), codestream.end())}, {}};
}

/// That part of an image which is not compressed, so that it has neither tiles nor resolutions.
PixelImage cropped(const PixelImage& image, const DecodeOptions& options) {
  if (options.reduce != 0 || options.tile)
    throw InputError({"The image is not compressed: it has no resolutions and no tiles", "", "", "", ""},
                     ExitCode::usage);
  if (!options.region) return image;
  const GridBox& box = *options.region;
  if (box.x0 < 0 || box.y0 < 0 || box.x1 > image.width || box.y1 > image.height || box.width() <= 0 ||
      box.height() <= 0)
    throw InputError({"The region does not lie within the image", "", words(image), "", ""}, ExitCode::usage);
  PixelImage part{box.width(), box.height(), image.bits, image.is_signed, {}, image.components};
  for (int64_t component = 0; component < image.components; ++component)
    for (int64_t y = box.y0; y < box.y1; ++y) {
      const auto row = image.samples.begin() + (component * image.height + y) * image.width;
      part.samples.insert(part.samples.end(), row + box.x0, row + box.x1);
    }
  return part;
}

template <class Work>
auto naming(const std::filesystem::path& path, Work work) {
  try {
    return work();
  } catch (const InputError& error) {
    Facts facts = error.facts();
    facts.where = path.string() + (facts.where.empty() ? "" : ", " + facts.where);
    throw InputError(facts, error.code());
  }
}

}  // namespace

std::vector<PixelImage> read_image_file(const std::filesystem::path& path, const DecodeOptions& options) {
  return std::move(read_image_files({path}, options, 1).front());
}

std::vector<std::vector<PixelImage>> read_image_files(const std::vector<std::filesystem::path>& paths,
                                                      const DecodeOptions& options, int threads,
                                                      const Device& device) {
  std::vector<StoredFrames> stored;
  std::vector<NamedCodestream> codestreams;
  for (const auto& path : paths) stored.push_back(naming(path, [&] { return stored_frames(path); }));
  for (size_t i = 0; i < stored.size(); ++i)
    for (const Bytes& codestream : stored[i].codestreams)
      codestreams.push_back({codestream, paths[i].string()});
  std::vector<PixelImage> decoded = decode_htj2k(codestreams, options, threads, device);
  std::vector<std::vector<PixelImage>> files;
  auto next = decoded.begin();
  for (size_t i = 0; i < stored.size(); ++i) {
    std::vector<PixelImage>& frames = files.emplace_back();
    for (const PixelImage& image : stored[i].pixels)
      frames.push_back(naming(paths[i], [&] { return cropped(image, options); }));
    for (size_t frame = 0; frame < stored[i].codestreams.size(); ++frame)
      frames.push_back(std::move(*next++));
  }
  return files;
}

}  // namespace raki
