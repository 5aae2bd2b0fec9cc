// The options of `raki evaluate` and `raki phantom`, which Python has too.

#include "jobs/cli/options.h"

namespace raki {

namespace {

void add_vector(CLI::App& command, const std::string& name, Vec3& value, const std::string& help) {
  command.add_option(name, value, help)->delimiter(',')->capture_default_str();
}

}  // namespace

void add_evaluation_options(CLI::App& command, EvaluateOptions& options) {
  SlabLattice& lattice = options.lattice;
  command.add_option("-R,--acceleration", lattice.acceleration_ky, "Every R-th line")->capture_default_str();
  command.add_option("--acs", lattice.acs_ky, "Calibration lines in the centre")->capture_default_str();
  command.add_option("--offset", lattice.offset, "Lines by which every R-th line is moved off the centre")
      ->capture_default_str();
  command.add_option("--acceleration-z", lattice.acceleration_kz, "Of a slab: every R-th partition")
      ->capture_default_str();
  command
      .add_option("--caipi-shift", lattice.caipi_shift,
                  "Of a slab: lines from one such partition to the next")
      ->capture_default_str();
  command.add_option("--acs-partitions", lattice.acs_kz, "Of a slab: with calibration lines; 0: all")
      ->capture_default_str();
  command
      .add_option("--partial-fourier", options.partial_fourier,
                  "Part of the lines that is encoded; the others stay empty")
      ->capture_default_str();
  command.add_flag("--fastmri", options.fastmri,
                   "fastMRI's spacing: R is the overall rate, 8 % of the lines in the centre");
  command
      .add_option("--repeats", options.repeats,
                  "Runs of every method, with the seeds S, S + 1, ... of --seed S")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command
      .add_option("--blobs", options.blobs.peak,
                  "Adds weak blobs of this peak, in sd of the image's noise, and tells how much of them "
                  "comes back; 0: none")
      ->capture_default_str()
      ->check(number_between(0, 1000));
  command.add_option("--blob-size", options.blobs.size, "Their sd, in voxels")
      ->capture_default_str()
      ->check(number_between(0.1, 100));
  add_noise_repeats(command, options.noise_repeats);
  add_interpolation_knobs(command, options.interpolation);
}

void add_phantom_options(CLI::App& command, PhantomOptions& options) {
  command.add_option("--matrix-x", options.matrix_x, "Image columns")->capture_default_str();
  command.add_option("--matrix-y", options.matrix_y, "Image rows (phase-encode lines)")
      ->capture_default_str();
  command.add_option("--slices", options.slices, "Slices")->capture_default_str();
  command.add_option("--coils", options.coils, "Coils")->capture_default_str();
  command.add_option("--fov-x", options.fov_x_mm, "Field of view along the readout, mm")
      ->capture_default_str();
  command.add_option("--fov-y", options.fov_y_mm, "Field of view along the phase encoding, mm")
      ->capture_default_str();
  command.add_option("--thickness", options.slice_thickness_mm, "Slice thickness, mm")->capture_default_str();
  command.add_option("--gap", options.slice_gap_mm, "Gap between slices, mm")->capture_default_str();
  command.add_option("-R,--acceleration", options.acceleration, "Every R-th line")->capture_default_str();
  command.add_option("--acs", options.acs_lines, "Calibration lines")->capture_default_str();
  command.add_flag("--slab", options.slab, "The slices as partitions of one 3-D scan");
  command.add_option("--acceleration-z", options.acceleration_z, "Of a slab: every R-th partition")
      ->capture_default_str();
  command
      .add_option("--caipi-shift", options.caipi_shift,
                  "Of a slab: lines from one such partition to the next")
      ->capture_default_str();
  command.add_option("--acs-partitions", options.acs_partitions, "Of a slab: with calibration lines; 0: all")
      ->capture_default_str();
  command
      .add_option("--partial-fourier", options.partial_fourier,
                  "Part of the lines that is encoded, above 0.5 and up to 1; the first ones are not")
      ->capture_default_str();
  command
      .add_option("--partial-fourier-z", options.partial_fourier_z, "Of a slab: the same of its partitions")
      ->capture_default_str();
  command.add_flag("--separate-calibration", options.separate_calibration,
                   "Calibration lines that are not part of the image");
  command.add_option("--oversampling", options.oversampling, "Of the readout")->capture_default_str();
  command.add_option("--noise", options.noise, "Noise level; 0: none")->capture_default_str();
  add_vector(command, "--centre", options.centre_mm, "Centre of the slices, mm, LPS: x,y,z");
  add_vector(command, "--read-dir", options.read_dir, "Unit vector of the readout: x,y,z");
  add_vector(command, "--phase-dir", options.phase_dir, "Unit vector of the phase encoding: x,y,z");
  command.add_option("--seed", options.seed, "Of the noise")->capture_default_str();
}

}  // namespace raki
