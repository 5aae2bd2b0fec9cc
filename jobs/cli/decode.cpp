// raki decode: the pixels of a DICOM file or an HTJ2K codestream as PNG, .npy or raw bytes.

#include <ATen/ATen.h>

#include <cstdio>
#include <filesystem>
#include <memory>

#include "gpu/error.h"
#include "io/array_file.h"
#include "io/dicom_file.h"
#include "io/output_file.h"
#include "io/png_file.h"
#include "jobs/cli/commands.h"
#include "jobs/cli/options.h"

namespace raki {

namespace {

struct Arguments {
  std::string input, output;
};

/// Little-endian samples of 1 or 2 bytes, row by row.
void write_raw(const std::filesystem::path& path, const PixelImage& image) {
  std::vector<uint8_t> bytes;
  for (const int32_t sample : image.samples)
    for (int b = 0; b < (image.bits <= 8 ? 1 : 2); ++b)
      bytes.push_back(static_cast<uint8_t>(sample >> (8 * b)));
  write_new_file(path, bytes);
}

void write(const std::filesystem::path& path, const PixelImage& image) {
  const std::string ending = path.extension().string();
  if (ending == ".png") return write_png(path, image);
  if (ending == ".raw") return write_raw(path, image);
  if (ending == ".npy")
    return write_npy(path,
                     at::tensor(image.samples, at::kInt).to(at::kFloat).view({image.height, image.width}));
  throw InputError({"Unknown kind of output", "'" + ending + "'", ".png, .npy or .raw", path.string(), ""},
                   ExitCode::usage);
}

}  // namespace

void add_decode(CLI::App& program, const Session&) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      program.add_subcommand("decode", "Pixels of a DICOM file or HTJ2K codestream to .png, .npy or .raw");
  command->add_option("input", arguments->input, "DICOM file, .j2c or .jph")->required();
  command->add_option("-o,--output", arguments->output, "File to write; its ending says the kind")
      ->required();
  command->callback([arguments] {
    const PixelImage image = read_image_file(arguments->input);
    write(arguments->output, image);
    std::printf("%s: %lld x %lld, %d bit%s\n", arguments->output.c_str(), static_cast<long long>(image.width),
                static_cast<long long>(image.height), image.bits, image.is_signed ? " signed" : "");
  });
}

}  // namespace raki
