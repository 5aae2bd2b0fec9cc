// raki compare: how far one result is from another. The judge of the whole-program tests.

#include <ATen/ATen.h>

#include <cmath>
#include <cstdio>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "gpu/check.h"
#include "gpu/error.h"
#include "jobs/cli/commands.h"
#include "jobs/cli/options.h"
#include "jobs/load.h"
#include "recon/metrics.h"

namespace raki {

namespace {

struct Arguments {
  std::string result, reference;
  double maximum_nrmse = std::numeric_limits<double>::infinity();
  bool fit_scale = false;
  bool json = false;
};

struct Comparison {
  std::vector<ImageMetrics> planes;
  double scale = 1;
  double worst_nrmse = 0;
};

Comparison compare(const Arguments& arguments) {
  at::Tensor images = load_images(arguments.result);
  const at::Tensor reference = load_images(arguments.reference);
  if (images.sizes() != reference.sizes())
    throw InputError({"The results have different shapes", shape_text(images), shape_text(reference),
                      arguments.result, ""});
  Comparison comparison;
  if (arguments.fit_scale) {
    comparison.scale = best_scale(images.flatten(0, 2), reference.flatten(0, 2));
    images = images * comparison.scale;
  }
  for (int64_t f = 0; f < images.size(0); ++f)
    for (int64_t z = 0; z < images.size(1); ++z) {
      comparison.planes.push_back(compare_images(images[f][z], reference[f][z]));
      comparison.worst_nrmse = std::max(comparison.worst_nrmse, comparison.planes.back().nrmse);
    }
  return comparison;
}

void print(const Comparison& comparison, bool json) {
  if (json) {
    nlohmann::ordered_json planes = nlohmann::ordered_json::array();
    for (const ImageMetrics& m : comparison.planes)
      planes.push_back({{"nrmse", m.nrmse},
                        {"psnr_db", m.psnr_db},
                        {"ssim", m.ssim},
                        {"ssim_masked", m.ssim_masked},
                        {"residual_structure", m.residual_structure}});
    const nlohmann::ordered_json all{
        {"scale", comparison.scale}, {"worst_nrmse", comparison.worst_nrmse}, {"planes", planes}};
    std::printf("%s\n", all.dump(2).c_str());
    return;
  }
  std::printf("%5s %10s %8s %8s %10s\n", "plane", "NRMSE", "PSNR dB", "SSIM", "structure");
  for (size_t i = 0; i < comparison.planes.size(); ++i) {
    const ImageMetrics& m = comparison.planes[i];
    std::printf("%5zu %10.6f %8.2f %8.4f %10.3f\n", i, m.nrmse, m.psnr_db, m.ssim, m.residual_structure);
  }
}

}  // namespace

void add_compare(CLI::App& program, const Session&) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      program.add_subcommand("compare", "Metrics between two results; exit 1 when they are too far apart");
  command->add_option("result", arguments->result, "Result folder, .npy or DICOM")->required();
  command->add_option("reference", arguments->reference, "The same, taken as the truth")->required();
  command->add_option("--max-nrmse", arguments->maximum_nrmse, "Exit 1 when a plane's NRMSE is above this");
  command->add_flag("--fit-scale", arguments->fit_scale,
                    "Multiply the result by the one factor that fits best first");
  command->add_flag("--json", arguments->json, "Machine-readable");
  command->callback([arguments] {
    const Comparison comparison = compare(*arguments);
    print(comparison, arguments->json);
    if (!(comparison.worst_nrmse <= arguments->maximum_nrmse)) throw CLI::RuntimeError(1);
  });
}

}  // namespace raki
