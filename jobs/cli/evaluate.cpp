// raki evaluate: undersample a full scan, run the methods, print how far each is from the truth.

#include <ATen/ATen.h>

#include <cstdio>
#include <memory>

#include "io/array_file.h"
#include "io/output_file.h"
#include "io/png_file.h"
#include "jobs/cli/commands.h"
#include "jobs/cli/options.h"
#include "jobs/evaluate.h"
#include "jobs/evaluation_picture.h"
#include "jobs/evaluation_table.h"
#include "jobs/load.h"
#include "jobs/progress.h"
#include "jobs/signals.h"

namespace raki {

namespace {

struct Arguments {
  FullScanSource source;
  EvaluateOptions options;
  std::string device = "auto";
  int threads = 0;
  std::string plot;
  std::string npy;
  std::string noise_map;
  bool json = false;
};

void run(const Arguments& arguments, const Session& session) {
  for (const std::string& file : {arguments.plot, arguments.npy, arguments.noise_map})
    if (!file.empty()) check_new_file(file);
  set_threads(arguments.threads);
  const Device device = select_device(arguments.device);
  const DeviceScope scope(device);
  const KSpace full = load_full_scan(arguments.source, device);
  EvaluateOptions options = arguments.options;
  options.noise_maps = !arguments.plot.empty() || !arguments.noise_map.empty();
  Evaluation evaluation;
  {
    ProgressBar bar("Evaluating", session.show_progress);
    evaluation = evaluate(full, options, [&](double done) {
      throw_if_interrupted();
      bar.update(done);
    });
  }
  std::printf("%s", arguments.json ? to_json(evaluation).c_str() : to_table(evaluation).c_str());
  if (!arguments.plot.empty()) write_png(arguments.plot, picture(evaluation));
  if (!arguments.npy.empty()) write_npy(arguments.npy, at::stack(evaluation.images));
  if (!arguments.noise_map.empty()) write_npy(arguments.noise_map, at::stack(evaluation.noise));
}

std::string methods_text(const std::vector<Method>& methods) {
  std::string text;
  for (const Method method : methods) text += (text.empty() ? "" : ",") + to_text(method);
  return text;
}

}  // namespace

void add_evaluate(CLI::App& program, const Session& session) {
  const auto arguments = std::make_shared<Arguments>();
  Arguments& a = *arguments;
  a.options.methods = {Method::zero_filled, Method::grappa, Method::linear, Method::hybrid, Method::raki};
  CLI::App* command =
      program.add_subcommand("evaluate", "Undersample a fully sampled scan and measure the methods on it");
  command->add_option("input", a.source.path, "Fully sampled k-space file, or an array (.npy, .cfl, .mat)")
      ->required();
  command
      ->add_option("--axes", a.source.axes,
                   "Axes of an array: frame, coil, kz, ky, kx, ri or 1, in its order")
      ->delimiter(',');
  command->add_option("--variable", a.source.variable, "Name inside a .mat file");
  SlabLattice& lattice = a.options.lattice;
  command->add_option("-R,--acceleration", lattice.acceleration_ky, "Every R-th line")->capture_default_str();
  command->add_option("--acs", lattice.acs_ky, "Calibration lines in the centre")->capture_default_str();
  command->add_option("--offset", lattice.offset, "Lines by which every R-th line is moved off the centre")
      ->capture_default_str();
  command->add_option("--acceleration-z", lattice.acceleration_kz, "Of a slab: every R-th partition")
      ->capture_default_str();
  command
      ->add_option("--caipi-shift", lattice.caipi_shift,
                   "Of a slab: lines from one such partition to the next")
      ->capture_default_str();
  command->add_option("--acs-partitions", lattice.acs_kz, "Of a slab: with calibration lines; 0: all")
      ->capture_default_str();
  command
      ->add_option("--partial-fourier", a.options.partial_fourier,
                   "Part of the lines that is encoded; the others stay empty")
      ->capture_default_str();
  command->add_flag("--fastmri", a.options.fastmri,
                    "fastMRI's spacing: R is the overall rate, 8 % of the lines in the centre");
  command
      ->add_option_function<std::string>(
          "-m,--method", [&a](const std::string& text) { a.options.methods = methods_from_text(text); },
          "Methods, separated by commas")
      ->default_str(methods_text(a.options.methods));
  command
      ->add_option("--repeats", a.options.repeats,
                   "Runs of every method, with the seeds S, S + 1, ... of --seed S")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command
      ->add_option("--blobs", a.options.blobs.peak,
                   "Adds weak blobs of this peak, in sd of the image's noise, and tells how much of them "
                   "comes back; 0: none")
      ->capture_default_str()
      ->check(number_between(0, 1000));
  command->add_option("--blob-size", a.options.blobs.size, "Their sd, in voxels")
      ->capture_default_str()
      ->check(number_between(0.1, 100));
  add_interpolation_knobs(*command, a.options.interpolation);
  add_device_options(*command, a.device, a.threads);
  command->add_flag("--json", a.json, "Machine-readable");
  command->add_option("--plot", a.plot, "PNG, three rows: truth and images, errors times 5, noise maps");
  command->add_option("--npy", a.npy, "Images as .npy (method, frame, z, y, x)");
  command->add_option("--noise-map", a.noise_map, "Noise maps as .npy, the same axes");
  add_noise_repeats(*command, a.options.noise_repeats);
  command->callback([arguments, &session] { run(*arguments, session); });
}

}  // namespace raki
