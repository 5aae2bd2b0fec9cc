#include "jobs/cli/options.h"

#include <cinttypes>
#include <cstdio>
#include <functional>
#include <sstream>
#include <utility>

#include "gpu/error.h"
#include "gpu/text.h"

namespace raki {

namespace {

constexpr const char* knobs_group = "Interpolation";

Combination combination_from_text(const std::string& text) {
  if (text == "adaptive") return Combination::adaptive;
  if (text == "rss") return Combination::rss;
  throw InputError({"Unknown coil combination", "'" + text + "'", "adaptive or rss", "", ""},
                   ExitCode::usage);
}

VoxelCentre voxel_centre_from_text(const std::string& text) {
  if (text == "fourier-origin") return VoxelCentre::fourier_origin;
  if (text == "grid-middle") return VoxelCentre::grid_middle;
  throw InputError({"Unknown voxel convention", "'" + text + "'", "fourier-origin or grid-middle", "", ""},
                   ExitCode::usage);
}

std::string kernel_text(const GrappaOptions& options) {
  return std::to_string(options.kernel_ky) + "x" + std::to_string(options.kernel_kx) + "x" +
         std::to_string(options.kernel_kz);
}

void set_kernel(const std::string& text, GrappaOptions& options) {
  int64_t ky = 0, kx = 0, kz = options.kernel_kz;
  int end = 0;
  const int found =
      std::sscanf(text.c_str(), "%" SCNd64 "x%" SCNd64 "%nx%" SCNd64 "%n", &ky, &kx, &end, &kz, &end);
  if (found < 2 || static_cast<size_t>(end) != text.size())
    throw InputError({"Not a kernel", "'" + text + "'", "for example 4x5 or 4x5x4", "", ""}, ExitCode::usage);
  options.kernel_ky = ky;
  options.kernel_kx = kx;
  options.kernel_kz = kz;
}

/// An option whose text is turned into a value of the struct by `parse`.
template <typename Parse>
CLI::Option* add_parsed(CLI::App& command, const std::string& name, const std::string& help,
                        const std::string& shown, Parse parse) {
  return command.add_option_function<std::string>(name, parse, help)->default_str(shown);
}

std::string without_blanks(std::string word) {
  std::erase(word, ' ');
  return word;
}

/// A whole number above zero, given to `set`.
void add_count(CLI::App& command, const std::string& name, const std::string& help, const std::string& shown,
               const std::string& group, std::function<void(int64_t)> set) {
  command.add_option_function<int64_t>(name, std::move(set), help)
      ->default_str(shown)
      ->check(CLI::PositiveNumber)
      ->group(group);
}

/// How long the published networks are trained; no option leaves each of them its own number.
void add_training_knobs(CLI::App& command, RakiOptions& options, const std::string& group) {
  const auto& [at_4, at_5, at_6] = options.iraki.outer_steps;
  add_count(command, "--iterations", "raki-2019, rraki: training steps",
            std::to_string(options.raki_2019.iterations) + ", " + std::to_string(options.rraki.iterations),
            group, [&options](int64_t n) { options.raki_2019.iterations = options.rraki.iterations = n; });
  add_count(
      command, "--outer-steps", "iraki: rounds of training and filling",
      std::to_string(at_4) + ", " + std::to_string(at_5) + ", " + std::to_string(at_6) + " at R = 4, 5, 6",
      group, [&options](int64_t n) { options.iraki.outer_steps.fill(n); });
  add_count(command, "--epochs", "iraki: training steps a round, twice as many in the first",
            std::to_string(options.iraki.epochs), group, [&options](int64_t n) {
              options.iraki.epochs = n;
              options.iraki.first_epochs = 2 * n;
            });
}

}  // namespace

CLI::Validator number_between(double least, double most) {
  const auto check = [=](std::string& text) -> std::string {
    double value = 0;
    const bool number = CLI::detail::lexical_cast(text, value);
    if (number && value >= least && value <= most) return "";
    return "Value " + text + " is not a number from " + CLI::detail::to_string(least) + " to " +
           CLI::detail::to_string(most);
  };
  return CLI::Validator(check, "");
}

std::vector<Method> methods_from_text(const std::string& text) {
  std::vector<Method> methods;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) methods.push_back(method_from_text(word));
  if (methods.empty())
    throw InputError(
        {"No method is asked for", "'" + text + "'", "one or more of " + joined(method_names()), "", ""},
        ExitCode::usage);
  return methods;
}

void add_raki_knobs(CLI::App& command, RakiOptions& options) {
  command.add_option("--seed", options.seed, "Seed of every random number")
      ->capture_default_str()
      ->group(knobs_group);
  command
      .add_option("--detail", options.hybrid.detail,
                  "hybrid: from quiet (0.5) to faithful to weak detail (4); raki moves in proportion from "
                  "what it finds")
      ->capture_default_str()
      ->check(number_between(0.5, 4))
      ->group(knobs_group);
}

void add_interpolation_knobs(CLI::App& command, RakiOptions& options) {
  add_raki_knobs(command, options);
  add_parsed(command, "--kernel", "grappa: sampled lines along ky x readout samples [x partitions along kz]",
             kernel_text(options.grappa),
             [&options](const std::string& text) { set_kernel(text, options.grappa); })
      ->group(knobs_group);
  command
      .add_option("--regularisation", options.grappa.regularisation,
                  "grappa: Tikhonov weight, units of trace / n")
      ->capture_default_str()
      ->check(number_between(0, 1e6))
      ->group(knobs_group);
  add_training_knobs(command, options, knobs_group);
}

void add_interpolation_options(CLI::App& command, RakiOptions& options) {
  add_parsed(command, "-m,--method", "How missing lines are filled: " + joined(method_names()),
             to_text(options.method),
             [&options](const std::string& text) { options.method = method_from_text(text); });
  add_interpolation_knobs(command, options);
}

void add_device_options(CLI::App& command, std::string& device, int& threads) {
  command.add_option("--device", device, "auto, cpu, cuda or cuda:N")->capture_default_str();
  command.add_option("--threads", threads, "CPU threads; 0: all cores this process may use")
      ->capture_default_str()
      ->check(CLI::Range(0, 1024));
}

void add_input(CLI::App& command, std::string& input) {
  command
      .add_option("input", input,
                  "k-space: ISMRMRD (HDF5, stream), fastMRI HDF5 or an array; a file, a pipe, or - for "
                  "standard input")
      ->required();
}

void add_reader_options(CLI::App& command, ReaderOptions& options) {
  constexpr const char* group = "Input";
  command
      .add_option("--dataset", options.dataset, "HDF5 group that holds the scan, where a file has several")
      ->group(group);
  command.add_option("--noise", options.noise, "ISMRMRD file or stream with the noise readouts")
      ->group(group);
  add_parsed(command, "--duplicates", "Lines measured twice with the same counters: average, last or error",
             "average; error where an unknown counter tells them apart",
             [&options](const std::string& text) { options.duplicates = duplicates_from_text(text); })
      ->group(group);
  command
      .add_option(
          "--axes", options.axes,
          "Axes of an array in its own order, of frame, coil, kz, ky, kx, ri (real and imaginary part) "
          "and 1: coil,ky,kx")
      ->delimiter(',')
      ->transform(without_blanks)
      ->group(group);
  command.add_option("--variable", options.variable, "Array in a .mat or .npz file that holds several")
      ->group(group);
  command
      .add_option("--mask", options.mask,
                  "Array that is not 0 where something was measured, for an array or fastMRI file: (ky), or "
                  "with any of the scan's other axes in their order")
      ->group(group);
  command.add_option("--mask-variable", options.mask_variable, "As --variable, in the mask's file")
      ->group(group);
  command
      .add_option("--calibration", options.calibration,
                  "Array of separate reference lines, with the axes of the array it belongs to")
      ->group(group);
  command
      .add_option("--calibration-variable", options.calibration_variable,
                  "As --variable, in the file of the reference lines")
      ->group(group);
  add_parsed(command, "--fov",
             "Field of view of an array's images in mm: along kx, ky and kz (thickness), as 220,220,5",
             "1 mm a pixel",
             [&options](const std::string& text) { options.fov = field_of_view_from_text(text); })
      ->group(group);
  command.add_flag("--infer-mask", options.infer_mask, "Lines that are zero in all coils were not measured")
      ->group(group);
  command
      .add_option("--leave-out-coils", options.leave_out_coils,
                  "Coils, counted from 0, that are not used: 3,7")
      ->delimiter(',')
      ->group(group);
  command
      .add_flag_callback(
          "--trust", [&options] { options.isolation = Isolation::none; },
          "Parse HDF5 without the protection of a child process")
      ->group(group);
}

void add_noise_repeats(CLI::App& command, int64_t& repeats) {
  command
      .add_option("--noise-repeats", repeats,
                  "Simulated repeats of the scan behind the noise map of a method that is not linear")
      ->capture_default_str()
      ->check(CLI::Range(2, 1000));
}

void add_selection_options(CLI::App& command, ReconOptions& options) {
  command.add_option("--coils", options.coils, "Compress more coils than this to this many; 0: never")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  command.add_flag("!--no-prewhiten", options.prewhiten, "Leave noise readouts unused");
  add_parsed(command, "--slices", "Slices A:B by position, from 0, half-open", "all",
             [&options](const std::string& text) { options.slices = index_range_from_text(text); });
  add_parsed(command, "--frames", "Frames A:B of the series, from 0, half-open", "all",
             [&options](const std::string& text) { options.frames = index_range_from_text(text); });
}

void add_image_options(CLI::App& command, ReconOptions& options) {
  add_parsed(command, "--combine", "Coil combination: adaptive (maps from the calibration) or rss",
             "adaptive",
             [&options](const std::string& text) { options.combination = combination_from_text(text); });
  add_parsed(command, "--partial-fourier",
             "Lines or samples that were not encoded, from their mirror images: pocs, homodyne or zero (left "
             "empty)",
             to_text(options.partial_fourier), [&options](const std::string& text) {
               options.partial_fourier = partial_fourier_from_text(text);
             });
  add_parsed(command, "--kspace-filter", "Against ringing: none, hann or tukey:TAPER, for example tukey:0.3",
             to_text(options.kspace_filter),
             [&options](const std::string& text) { options.kspace_filter = kspace_filter_from_text(text); });
  command.add_flag("--noise-map", options.noise_map,
                   "Also noise.npy, g_factor.npy (linear methods) or bias.npy, snr.npy (with a noise scan)");
  add_noise_repeats(command, options.noise_repeats);
  add_parsed(command, "--parts", "Of the complex image, besides the magnitude: phase, real, imaginary",
             "none", [&options](const std::string& text) { options.parts = image_parts_from_text(text); });
}

void add_file_options(CLI::App& command, ReconOptions& options) {
  add_parsed(
      command, "--output",
      "What to write, separated by commas: dicom, npy, png, nii (NIfTI), mrd (ISMRMRD images), cfl (BART)",
      "dicom,png", [&options](const std::string& text) { options.outputs = outputs_from_text(text); });
  add_parsed(command, "--dicom", "classic (a file a slice) or enhanced (a file a series)", "classic",
             [&options](const std::string& text) { options.dicom_storage = dicom_storage_from_text(text); });
  command.add_option("--dicom-template", options.dicom_template,
                     "DICOM file of the same examination, or JSON, whose attributes go before the scan's");
  command.add_flag_callback(
      "--deidentify",
      [&options] {
        if (!options.deidentify) options.deidentify.emplace();
      },
      "Leave out what tells who was examined (PS3.15 basic profile)");
  add_parsed(
      command, "--retain",
      "With --deidentify, what stays all the same: patient (sex, age, weight, size), device, institution, "
      "uids, dates",
      "none", [&options](const std::string& text) { options.deidentify = retained_from_text(text); })
      ->needs(command.get_option("--deidentify"));
  add_parsed(command, "--syntax",
             "DICOM transfer syntax: 202 (HTJ2K, RPCL), 201 (HTJ2K), 203 (HTJ2K lossy), 90 (JPEG 2000) or "
             "explicit-le (uncompressed)",
             to_text(options.syntax),
             [&options](const std::string& text) { options.syntax = transfer_syntax_from_text(text); });
  add_parsed(
      command, "--quality",
      "Of --syntax 203: ratio:N, or psnr:N in dB of the 16-bit range, at most " + short_text(largest_psnr),
      "none", [&options](const std::string& text) { options.quality = quality_from_text(text); });
  add_parsed(command, "--voxel-centre",
             "What the scan's position is the centre of: fourier-origin or grid-middle", "fourier-origin",
             [&options](const std::string& text) { options.voxel_centre = voxel_centre_from_text(text); });
  command.add_flag("--overwrite", options.overwrite, "Replace a former result");
}

}  // namespace raki
