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
  command
      ->add_option_function<std::string>(
          "-m,--method", [&a](const std::string& text) { a.options.methods = methods_from_text(text); },
          "Methods, separated by commas")
      ->default_str(methods_text(a.options.methods));
  add_evaluation_options(*command, a.options);
  add_device_options(*command, a.device, a.threads);
  command->add_flag("--json", a.json, "Machine-readable");
  command->add_option("--plot", a.plot, "PNG, three rows: truth and images, errors times 5, noise maps");
  command->add_option("--npy", a.npy, "Images as .npy (method, frame, z, y, x)");
  command->add_option("--noise-map", a.noise_map, "Noise maps as .npy, the same axes");
  command->callback([arguments, &session] { run(*arguments, session); });
}

}  // namespace raki
