// raki phantom: an analytic multi-coil scan as an ISMRMRD file.

#include <cstdio>
#include <memory>

#include "io/phantom_file.h"
#include "jobs/cli/commands.h"
#include "jobs/cli/options.h"

namespace raki {

namespace {

struct Arguments {
  std::string output, truth;
  PhantomOptions options;
};

void add_vector(CLI::App& command, const std::string& name, Vec3& value, const std::string& help) {
  command.add_option(name, value, help)->delimiter(',')->capture_default_str();
}

}  // namespace

void add_phantom(CLI::App& program, const Session&) {
  const auto arguments = std::make_shared<Arguments>();
  PhantomOptions& o = arguments->options;
  CLI::App* command =
      program.add_subcommand("phantom", "Write an analytic multi-coil phantom scan (ISMRMRD HDF5)");
  command->add_option("-o,--output", arguments->output, "File to write; one of that name is replaced")
      ->required();
  command->add_option("--truth", arguments->truth,
                      "Also the same scan fully sampled and without image noise");
  command->add_option("--matrix-x", o.matrix_x, "Image columns")->capture_default_str();
  command->add_option("--matrix-y", o.matrix_y, "Image rows (phase-encode lines)")->capture_default_str();
  command->add_option("--slices", o.slices, "Slices")->capture_default_str();
  command->add_option("--coils", o.coils, "Coils")->capture_default_str();
  command->add_option("--fov-x", o.fov_x_mm, "Field of view along the readout, mm")->capture_default_str();
  command->add_option("--fov-y", o.fov_y_mm, "Field of view along the phase encoding, mm")
      ->capture_default_str();
  command->add_option("--thickness", o.slice_thickness_mm, "Slice thickness, mm")->capture_default_str();
  command->add_option("--gap", o.slice_gap_mm, "Gap between slices, mm")->capture_default_str();
  command->add_option("-R,--acceleration", o.acceleration, "Every R-th line")->capture_default_str();
  command->add_option("--acs", o.acs_lines, "Calibration lines")->capture_default_str();
  command->add_flag("--slab", o.slab, "The slices as partitions of one 3-D scan");
  command->add_option("--acceleration-z", o.acceleration_z, "Of a slab: every R-th partition")
      ->capture_default_str();
  command->add_option("--caipi-shift", o.caipi_shift, "Of a slab: lines from one such partition to the next")
      ->capture_default_str();
  command->add_option("--acs-partitions", o.acs_partitions, "Of a slab: with calibration lines; 0: all")
      ->capture_default_str();
  command
      ->add_option("--partial-fourier", o.partial_fourier,
                   "Part of the lines that is encoded, above 0.5 and up to 1; the first ones are not")
      ->capture_default_str();
  command->add_option("--partial-fourier-z", o.partial_fourier_z, "Of a slab: the same of its partitions")
      ->capture_default_str();
  command->add_flag("--separate-calibration", o.separate_calibration,
                    "Calibration lines that are not part of the image");
  command->add_option("--oversampling", o.oversampling, "Of the readout")->capture_default_str();
  command->add_option("--noise", o.noise, "Noise level; 0: none")->capture_default_str();
  add_vector(*command, "--centre", o.centre_mm, "Centre of the slices, mm, LPS: x,y,z");
  add_vector(*command, "--read-dir", o.read_dir, "Unit vector of the readout: x,y,z");
  add_vector(*command, "--phase-dir", o.phase_dir, "Unit vector of the phase encoding: x,y,z");
  command->add_option("--seed", o.seed, "Of the noise")->capture_default_str();
  command->callback([arguments] {
    write_phantom(arguments->output, arguments->truth, arguments->options);
    std::printf("%s\n", arguments->output.c_str());
  });
}

}  // namespace raki
