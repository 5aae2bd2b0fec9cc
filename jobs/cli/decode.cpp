// raki decode: the pixels of DICOM files and JPEG 2000 codestreams as PNG, .npy or raw bytes; whole or in
// part.

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <thread>

#include "gpu/device.h"
#include "gpu/error.h"
#include "io/array_file.h"
#include "io/image_file.h"
#include "io/output_file.h"
#include "io/png_file.h"
#include "jobs/cli/commands.h"
#include "jobs/cli/options.h"

namespace raki {

namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::vector<std::string> inputs;
  std::string output, kind = "png";
  DecodeOptions options;
  int frame = 0;  ///< from 1; 0: all
  std::string device = "cpu";
  int threads = 0;
};

/// Colours side by side, frames one after the other; one axis each, where there are several.
at::Tensor to_array(const std::vector<PixelImage>& frames) {
  std::vector<at::Tensor> arrays;
  for (const PixelImage& image : frames) {
    const at::Tensor planes = at::tensor(image.samples, at::kInt).to(at::kFloat);
    const at::Tensor array = planes.view({image.components, image.height, image.width}).permute({1, 2, 0});
    arrays.push_back(image.components == 1 ? array.squeeze(2) : array.contiguous());
  }
  return arrays.size() == 1 ? arrays.front() : at::stack(arrays);
}

/// Little-endian samples of 1 or 2 bytes, row by row, colours side by side.
std::vector<uint8_t> raw_bytes(const PixelImage& image) {
  std::vector<uint8_t> bytes;
  for (int64_t pixel = 0; pixel < image.pixels(); ++pixel)
    for (int64_t component = 0; component < image.components; ++component)
      for (int b = 0; b < (image.bits <= 8 ? 1 : 2); ++b)
        bytes.push_back(static_cast<uint8_t>(
            image.samples[static_cast<size_t>(component * image.pixels() + pixel)] >> (8 * b)));
  return bytes;
}

void write(const fs::path& path, const std::vector<PixelImage>& frames) {
  const std::string ending = path.extension().string();
  if (ending == ".npy") return write_npy(path, to_array(frames));
  if (ending != ".png" && ending != ".raw")
    throw InputError({"Unknown kind of output", "'" + ending + "'", ".png, .npy or .raw", path.string(), ""},
                     ExitCode::usage);
  if (frames.size() != 1)
    throw InputError({"The file holds several frames", std::to_string(frames.size()), "one", path.string(),
                      "Name one with --frame, or write .npy"},
                     ExitCode::usage);
  ending == ".png" ? write_png(path, frames.front()) : write_new_file(path, raw_bytes(frames.front()));
}

void choose_frame(int frame, const fs::path& input, std::vector<PixelImage>& frames) {
  if (frame == 0) return;
  if (frame > std::ssize(frames))
    throw InputError({"The file has no such frame", std::to_string(frame),
                      "1 to " + std::to_string(frames.size()), input.string(), ""},
                     ExitCode::usage);
  frames = {frames[static_cast<size_t>(frame) - 1]};
}

/// Files, and for a folder the .dcm files in it.
std::vector<fs::path> input_files(const std::vector<std::string>& inputs) {
  std::vector<fs::path> files;
  for (const fs::path input : inputs) {
    if (!fs::is_directory(input)) {
      files.push_back(input);
      continue;
    }
    const auto before = std::ssize(files);
    for (const auto& entry : fs::directory_iterator(input))
      if (entry.path().extension() == ".dcm") files.push_back(entry.path());
    if (std::ssize(files) == before)
      throw InputError({"The folder holds no images", "no .dcm file", "", input.string(), "Name the files"});
    std::sort(files.begin() + before, files.end());
  }
  return files;
}

void tell(const fs::path& path, const std::vector<PixelImage>& frames) {
  const PixelImage& image = frames.front();
  const std::string many = frames.size() > 1 ? std::to_string(frames.size()) + " frames of " : "";
  std::printf("%s: %s%lld x %lld, %d bit%s%s\n", path.c_str(), many.c_str(),
              static_cast<long long>(image.width), static_cast<long long>(image.height), image.bits,
              image.is_signed ? " signed" : "", image.components == 3 ? " colour" : "");
}

/// Some files at a time, so that memory does not grow with their number.
void decode(const Arguments& a, const std::vector<fs::path>& files, bool into_folder) {
  constexpr size_t at_a_time = 64;
  const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  const Device device = select_device(a.device);
  for (size_t first = 0; first < files.size(); first += at_a_time) {
    const std::vector<fs::path> some(
        files.begin() + static_cast<ptrdiff_t>(first),
        files.begin() + static_cast<ptrdiff_t>(std::min(first + at_a_time, files.size())));
    auto images = read_image_files(some, a.options, a.threads > 0 ? a.threads : cores, device);
    for (size_t i = 0; i < some.size(); ++i) {
      choose_frame(a.frame, some[i], images[i]);
      const fs::path path =
          into_folder ? fs::path(a.output) / (some[i].stem().string() + "." + a.kind) : fs::path(a.output);
      write(path, images[i]);
      tell(path, images[i]);
    }
  }
}

/// A folder that is made here goes again where nothing could be written into it.
void run(const Arguments& a) {
  const std::vector<fs::path> files = input_files(a.inputs);
  const bool into_folder = a.inputs.size() > 1 || fs::is_directory(a.inputs.front());
  const bool made = into_folder && fs::create_directories(a.output);
  try {
    decode(a, files, into_folder);
  } catch (...) {
    std::error_code not_empty;
    if (made) fs::remove(a.output, not_empty);
    throw;
  }
}

/// X,Y,W,H
GridBox region_of(const std::vector<int64_t>& numbers) {
  return {numbers[0], numbers[1], numbers[0] + numbers[2], numbers[1] + numbers[3]};
}

}  // namespace

void add_decode(CLI::App& program, const Session&) {
  const auto arguments = std::make_shared<Arguments>();
  Arguments& a = *arguments;
  CLI::App* command = program.add_subcommand(
      "decode", "Pixels of DICOM files or JPEG 2000 codestreams to .png, .npy or .raw");
  command->add_option("input", a.inputs, "DICOM files, .j2c, .jph or .jp2; of a folder its .dcm files")
      ->required();
  command
      ->add_option("-o,--output", a.output,
                   "File to write, its ending says the kind; of several inputs or a folder: the folder")
      ->required();
  command->add_option("--kind", a.kind, "What is written into a folder: png, npy or raw")
      ->capture_default_str()
      ->check(CLI::IsMember({"png", "npy", "raw"}));
  command->add_option("--reduce", a.options.reduce, "Halvings: 1 is half the size, 2 a quarter")
      ->capture_default_str()
      ->check(CLI::Range(0, 32));
  command
      ->add_option_function<std::vector<int64_t>>(
          "--region", [&a](const std::vector<int64_t>& numbers) { a.options.region = region_of(numbers); },
          "Part of the image in pixels of its whole size: X,Y,WIDTH,HEIGHT")
      ->delimiter(',')
      ->expected(4)
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 32));
  command->add_option_function<int64_t>(
      "--tile", [&a](int64_t tile) { a.options.tile = tile; }, "One tile, row by row from 0");
  command->add_option("--frame", a.frame, "One frame, from 1; 0: all")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  add_device_options(*command, a.device, a.threads);
  command->callback([arguments] { run(*arguments); });
}

}  // namespace raki
