// raki evaluate: undersample a full scan, run the methods, print how far each is from the truth.

#include <ATen/ATen.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "io/array_file.h"
#include "io/output_file.h"
#include "io/png_file.h"
#include "jobs/cli/commands.h"
#include "jobs/cli/options.h"
#include "jobs/evaluate.h"
#include "jobs/load.h"
#include "jobs/progress.h"
#include "jobs/signals.h"

namespace raki {

namespace {

constexpr float error_magnification = 5;

struct Arguments {
  FullScanSource source;
  EvaluateOptions options;
  std::string device = "auto";
  int threads = 0;
  std::string plot;
  std::string npy;
  bool json = false;
};

nlohmann::ordered_json row_json(const EvaluateRow& r) {
  return {{"method", to_text(r.method)},
          {"frame", r.frame},
          {"nrmse", r.metrics.nrmse},
          {"psnr_db", r.metrics.psnr_db},
          {"ssim", r.metrics.ssim},
          {"ssim_masked", r.metrics.ssim_masked},
          {"residual_structure", r.metrics.residual_structure},
          {"seconds", r.seconds},
          {"method_used", to_text(r.evidence.method_used)},
          {"reason", r.evidence.reason},
          {"verdict", r.evidence.verdict},
          {"numbers", r.evidence.numbers},
          {"warnings", r.evidence.warnings}};
}

void print_json(const Evaluation& evaluation) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const EvaluateRow& r : evaluation.rows) rows.push_back(row_json(r));
  const nlohmann::ordered_json json{{"sampling", to_text(evaluation.sampling)}, {"rows", rows}};
  std::printf("%s\n", json.dump(2).c_str());
}

void print_table(const Evaluation& evaluation) {
  std::printf("%s\n", to_text(evaluation.sampling).c_str());
  std::printf("%-12s %5s %8s %8s %8s %8s %10s %9s\n", "method", "frame", "NRMSE", "PSNR dB", "SSIM", "masked",
              "structure", "seconds");
  for (const EvaluateRow& r : evaluation.rows)
    std::printf("%-12s %5lld %8.4f %8.2f %8.4f %8.4f %10.3f %9.3f\n", to_text(r.method).c_str(),
                static_cast<long long>(r.frame), r.metrics.nrmse, r.metrics.psnr_db, r.metrics.ssim,
                r.metrics.ssim_masked, r.metrics.residual_structure, r.seconds);
}

/// First row the truth and the images, second row their errors, magnified; frame 0, middle partition.
at::Tensor picture(const Evaluation& evaluation) {
  const int64_t z = evaluation.reference.size(1) / 2;
  const at::Tensor truth = evaluation.reference[0][z];
  std::vector<at::Tensor> planes{truth}, errors{at::zeros_like(truth)};
  for (const at::Tensor& images : evaluation.images) {
    planes.push_back(images[0][z]);
    errors.push_back(
        ((images[0][z] - truth).abs() * error_magnification).clamp_max(truth.max().item<float>()));
  }
  return at::cat({at::stack(planes), at::stack(errors)}, 1);
}

void run(const Arguments& arguments, const Session& session) {
  for (const std::string& file : {arguments.plot, arguments.npy})
    if (!file.empty()) check_new_file(file);
  set_threads(arguments.threads);
  const Device device = select_device(arguments.device);
  const DeviceScope scope(device);
  const KSpace full = load_full_scan(arguments.source, device);
  Evaluation evaluation;
  {
    ProgressBar bar("Evaluating", session.show_progress);
    evaluation = evaluate(full, arguments.options, [&](double done) {
      throw_if_interrupted();
      bar.update(done);
    });
  }
  arguments.json ? print_json(evaluation) : print_table(evaluation);
  if (!arguments.plot.empty()) write_preview_png(arguments.plot, picture(evaluation));
  if (!arguments.npy.empty()) write_npy(arguments.npy, at::stack(evaluation.images));
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
  command->add_option("--axes", a.source.axes, "Axes of an array: frame, coil, kz, ky, kx or 1, in its order")
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
  add_interpolation_knobs(*command, a.options.interpolation);
  add_device_options(*command, a.device, a.threads);
  command->add_flag("--json", a.json, "Machine-readable");
  command->add_option("--plot", a.plot, "PNG: truth and images above, errors times 5 below");
  command->add_option("--npy", a.npy, "Images as .npy (method, frame, z, y, x)");
  command->callback([arguments, &session] { run(*arguments, session); });
}

}  // namespace raki
