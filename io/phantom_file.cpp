#include "io/phantom_file.h"

#include <unistd.h>

#include <ATen/ATen.h>
#include <ismrmrd/dataset.h>
#include <ismrmrd/xml.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <fstream>
#include <optional>

#include "gpu/error.h"

namespace raki {
namespace {

/// A scan in the making: the file, what it holds, and how many readouts were written.
struct Writer {
  ISMRMRD::Dataset file;
  const PhantomOptions& options;
  uint32_t written = 0;
};

/// Phase-encode lines by what they are for.
struct Lines {
  std::vector<int64_t> image;        ///< on the lattice
  std::vector<int64_t> calibration;  ///< every line of the ACS
  bool separate = false;
};

/// Of the file: 1 for slices.
int64_t partitions(const PhantomOptions& options) {
  return options.slab ? options.slices : 1;
}

int64_t readout_length(const PhantomOptions& options) {
  return std::llround(options.oversampling * static_cast<double>(options.matrix_x));
}

std::vector<int64_t> indices_of(const at::Tensor& mask) {
  const at::Tensor lines = mask.nonzero().flatten().contiguous();
  return {lines.const_data_ptr<int64_t>(), lines.const_data_ptr<int64_t>() + lines.numel()};
}

/// The lines of partition `kz`; kz = 0 for slices.
Lines plan_lines(const PhantomOptions& options, bool full, int64_t kz) {
  PhantomOptions lattice = options;
  lattice.acs_lines = 0;
  Lines lines;
  lines.separate = options.separate_calibration && !full;
  lines.image = indices_of(full ? at::ones({options.matrix_y}, at::kBool) : phantom_mask(lattice)[kz]);
  if (!full && options.acceleration * options.acceleration_z > 1)
    lines.calibration = indices_of(phantom_calibration(options)[kz]);
  return lines;
}

ISMRMRD::EncodingSpace encoding_space(const PhantomOptions& options, double oversampling) {
  ISMRMRD::EncodingSpace space;
  space.matrixSize.x =
      static_cast<unsigned short>(std::llround(oversampling * static_cast<double>(options.matrix_x)));
  space.matrixSize.y = static_cast<unsigned short>(options.matrix_y);
  space.matrixSize.z = static_cast<unsigned short>(partitions(options));
  space.fieldOfView_mm.x = static_cast<float>(oversampling * options.fov_x_mm);
  space.fieldOfView_mm.y = static_cast<float>(options.fov_y_mm);
  space.fieldOfView_mm.z =
      static_cast<float>(options.slice_thickness_mm * static_cast<double>(partitions(options)));
  return space;
}

ISMRMRD::Limit limit(int64_t count, int64_t centre) {
  return {0, static_cast<uint16_t>(count - 1), static_cast<uint16_t>(centre)};
}

ISMRMRD::Encoding encoding(const PhantomOptions& options, const Lines& lines) {
  ISMRMRD::Encoding result;
  result.encodedSpace = encoding_space(options, options.oversampling);
  result.reconSpace = encoding_space(options, 1);
  result.trajectory = ISMRMRD::TrajectoryType::CARTESIAN;
  result.encodingLimits.kspace_encoding_step_0 = limit(readout_length(options), readout_length(options) / 2);
  result.encodingLimits.kspace_encoding_step_1 = limit(options.matrix_y, options.matrix_y / 2);
  result.encodingLimits.kspace_encoding_step_2 = limit(partitions(options), partitions(options) / 2);
  result.encodingLimits.slice = limit(options.slab ? 1 : options.slices, 0);
  ISMRMRD::ParallelImaging parallel;
  parallel.accelerationFactor.kspace_encoding_step_1 =
      static_cast<unsigned short>(lines.calibration.empty() ? 1 : options.acceleration);
  parallel.accelerationFactor.kspace_encoding_step_2 =
      static_cast<unsigned short>(lines.calibration.empty() ? 1 : options.acceleration_z);
  parallel.calibrationMode = std::string(lines.calibration.empty() ? "other"
                                         : lines.separate          ? "separate"
                                                                   : "embedded");
  result.parallelImaging = parallel;
  return result;
}

std::string header_text(const PhantomOptions& options, const Lines& lines) {
  ISMRMRD::IsmrmrdHeader header;
  ISMRMRD::AcquisitionSystemInformation system;
  system.systemVendor = std::string("raki");
  system.systemModel = std::string("analytic phantom");
  system.systemFieldStrength_T = 3.0F;
  system.relativeReceiverNoiseBandwidth = 1.0F;
  system.receiverChannels = static_cast<unsigned short>(options.coils);
  for (int64_t c = 0; c < options.coils; ++c)
    system.coilLabel.push_back({static_cast<unsigned short>(c), "coil " + std::to_string(c + 1)});
  header.acquisitionSystemInformation = system;
  header.experimentalConditions.H1resonanceFrequency_Hz = 123'200'000;
  ISMRMRD::StudyInformation study;
  study.studyID = std::string("1");
  study.studyDescription = std::string("raki phantom");
  header.studyInformation = study;
  ISMRMRD::MeasurementInformation measurement;
  measurement.measurementID = "raki_phantom_seed" + std::to_string(options.seed);
  measurement.patientPosition = "HFS";
  measurement.protocolName = std::string("phantom");
  measurement.seriesDescription = std::string("analytic phantom");
  header.measurementInformation = measurement;
  ISMRMRD::SequenceParameters sequence;
  sequence.TR = std::vector<float>{500.0F};
  sequence.TE = std::vector<float>{5.0F};
  sequence.flipAngle_deg = std::vector<float>{30.0F};
  sequence.sequence_type = std::string("Flash");
  header.sequenceParameters = sequence;
  header.encoding.push_back(encoding(options, lines));
  std::ostringstream text;
  ISMRMRD::serialize(header, text);
  return text.str();
}

/// (coil, sample) into one readout, appended to the file.
void append(Writer& writer, ISMRMRD::Acquisition& readout, const at::Tensor& samples) {
  readout.scan_counter() = ++writer.written;
  const at::Tensor stored = samples.contiguous();
  const auto* const values = static_cast<const std::complex<float>*>(stored.const_data_ptr());
  std::copy(values, values + stored.numel(), readout.getDataPtr());
  writer.file.appendAcquisition(readout);
}

ISMRMRD::Acquisition empty_readout(const PhantomOptions& options, int64_t samples, double dwell_time_us) {
  ISMRMRD::Acquisition readout(static_cast<uint16_t>(samples), static_cast<uint16_t>(options.coils));
  readout.sample_time_us() = static_cast<float>(dwell_time_us);
  for (uint16_t c = 0; c < readout.active_channels(); ++c) readout.setChannelActive(c);
  const Vec3 slice_dir = cross(options.read_dir, options.phase_dir);
  for (std::size_t i = 0; i < 3; ++i) {
    readout.read_dir()[i] = static_cast<float>(options.read_dir[i]);
    readout.phase_dir()[i] = static_cast<float>(options.phase_dir[i]);
    readout.slice_dir()[i] = static_cast<float>(slice_dir[i]);
  }
  return readout;
}

/// The receiver's noise power grows with its bandwidth, 1 / dwell time.
void write_noise_readouts(Writer& writer) {
  const PhantomOptions& options = writer.options;
  const int64_t length = readout_length(options);
  const int64_t wanted = options.noise_samples > 0 ? options.noise_samples : 4096;
  const int64_t readouts = (wanted + length - 1) / length;
  const at::Tensor covariance =
      phantom_noise_covariance(options) * (options.image_dwell_time_us / options.noise_dwell_time_us);
  const at::Tensor noise = phantom_noise(covariance, readouts * length, options.seed + 1);
  for (int64_t i = 0; i < readouts; ++i) {
    const int64_t first = i * length, end = std::min(first + length, wanted);
    ISMRMRD::Acquisition readout = empty_readout(options, end - first, options.noise_dwell_time_us);
    readout.setFlag(ISMRMRD::ISMRMRD_ACQ_IS_NOISE_MEASUREMENT);
    append(writer, readout, noise.slice(1, first, end));
  }
}

/// One plane of phase-encode lines: slice `place` (counted along the slice direction), acquired as the
/// `order`-th, or a partition of a slab.
struct Plane {
  int64_t place = 0, order = 0, kz = 0;
  bool last = false;  ///< of the scan
};

ISMRMRD::Acquisition line_readout(const PhantomOptions& options, const Plane& plane, int64_t ky) {
  const int64_t length = readout_length(options);
  ISMRMRD::Acquisition readout = empty_readout(options, length, options.image_dwell_time_us);
  const double offset =
      options.slab ? 0
                   : (static_cast<double>(plane.place) - 0.5 * static_cast<double>(options.slices - 1)) *
                         (options.slice_thickness_mm + options.slice_gap_mm);
  for (std::size_t i = 0; i < 3; ++i)
    readout.position()[i] =
        static_cast<float>(options.centre_mm[i] + offset * static_cast<double>(readout.slice_dir()[i]));
  readout.center_sample() = static_cast<uint16_t>(length / 2);
  readout.idx().kspace_encode_step_1 = static_cast<uint16_t>(ky);
  readout.idx().kspace_encode_step_2 = static_cast<uint16_t>(plane.kz);
  readout.idx().slice = static_cast<uint16_t>(plane.order);
  return readout;
}

void set_slice_flags(ISMRMRD::Acquisition& readout, bool first, bool last) {
  if (first) {
    readout.setFlag(ISMRMRD::ISMRMRD_ACQ_FIRST_IN_ENCODE_STEP1);
    readout.setFlag(ISMRMRD::ISMRMRD_ACQ_FIRST_IN_SLICE);
  }
  if (last) {
    readout.setFlag(ISMRMRD::ISMRMRD_ACQ_LAST_IN_ENCODE_STEP1);
    readout.setFlag(ISMRMRD::ISMRMRD_ACQ_LAST_IN_SLICE);
  }
}

/// `kspace` (coil, ky, kx), what this plane's readouts measure.
void write_calibration(Writer& writer, const Lines& lines, const at::Tensor& kspace, const Plane& plane) {
  for (const int64_t ky : lines.calibration) {
    ISMRMRD::Acquisition readout = line_readout(writer.options, plane, ky);
    readout.setFlag(ISMRMRD::ISMRMRD_ACQ_IS_PARALLEL_CALIBRATION);
    append(writer, readout, kspace.select(1, ky));
  }
}

void write_image_lines(Writer& writer, const Lines& lines, const at::Tensor& kspace, const Plane& plane) {
  const std::vector<int64_t> embedded = lines.separate ? std::vector<int64_t>{} : lines.calibration;
  std::vector<int64_t> all;
  std::set_union(lines.image.begin(), lines.image.end(), embedded.begin(), embedded.end(),
                 std::back_inserter(all));
  for (const int64_t ky : all) {
    ISMRMRD::Acquisition readout = line_readout(writer.options, plane, ky);
    set_slice_flags(readout, ky == all.front(), ky == all.back());
    if (plane.last && ky == all.back()) readout.setFlag(ISMRMRD::ISMRMRD_ACQ_LAST_IN_MEASUREMENT);
    const bool image = std::binary_search(lines.image.begin(), lines.image.end(), ky);
    if (std::binary_search(embedded.begin(), embedded.end(), ky))
      readout.setFlag(image ? ISMRMRD::ISMRMRD_ACQ_IS_PARALLEL_CALIBRATION_AND_IMAGING
                            : ISMRMRD::ISMRMRD_ACQ_IS_PARALLEL_CALIBRATION);
    append(writer, readout, kspace.select(1, ky));
  }
}

/// Places of the slices in the order of acquisition: every second one first, as scanners do against
/// cross-talk.
std::vector<int64_t> acquisition_order(int64_t slices) {
  std::vector<int64_t> places;
  for (int64_t start = 0; start < 2; ++start)
    for (int64_t place = start; place < slices; place += 2) places.push_back(place);
  return places;
}

/// Independent noise for every readout: reference lines are measured anew, not copied from the image.
at::Tensor measured(const at::Tensor& kspace, const at::Tensor& covariance, uint64_t seed) {
  const at::Tensor noise = phantom_noise(covariance, kspace.size(1) * kspace.size(2), seed);
  return kspace + noise.view_as(kspace);
}

/// A file written under another name beside its place, and put there when it is complete.
class NewScan {
 public:
  explicit NewScan(const std::filesystem::path& path)
      : path_(path), partial_(path.string() + ".partial-" + std::to_string(getpid())) {
    const bool created = std::ofstream(partial_, std::ios::trunc).good();
    // libismrmrd adds to a file that is there.
    if (!created || !std::filesystem::remove(partial_))
      throw InputError({"Cannot create the phantom", "", "", "File " + path.string(),
                        "Is the folder there and can it be written?"},
                       ExitCode::cannot_create);
  }
  ~NewScan() {
    std::error_code ignored;
    std::filesystem::remove(partial_, ignored);
  }
  NewScan(const NewScan&) = delete;
  NewScan& operator=(const NewScan&) = delete;

  const std::filesystem::path& partial() const { return partial_; }
  void put_in_place() const { std::filesystem::rename(partial_, path_); }

 private:
  std::filesystem::path path_, partial_;
};

/// The planes of the scan as they are acquired: partitions from first to last.
std::vector<Plane> plan_planes(const PhantomOptions& options) {
  std::vector<Plane> planes;
  if (options.slab)
    for (int64_t kz = 0; kz < options.slices; ++kz) planes.push_back({kz, 0, kz});
  else
    for (const int64_t place : acquisition_order(options.slices))
      planes.push_back({place, static_cast<int64_t>(planes.size()), 0});
  planes.back().last = true;
  return planes;
}

void write_scan(const std::filesystem::path& path, const PhantomOptions& options, bool truth) {
  Writer writer{ISMRMRD::Dataset(path.c_str(), "dataset", true), options};
  writer.file.writeHeader(header_text(options, plan_lines(options, truth, partitions(options) / 2)));
  const bool noisy = options.noise > 0;
  if (noisy) write_noise_readouts(writer);
  const at::Tensor kspace = phantom_kspace(options);
  const at::Tensor by_plane = options.slab ? kspace[0].transpose(0, 1) : kspace.select(2, 0);
  const at::Tensor covariance = noisy ? phantom_noise_covariance(options) : at::Tensor();
  for (const Plane& plane : plan_planes(options)) {
    const Lines lines = plan_lines(options, truth, plane.kz);
    const at::Tensor clean = by_plane[plane.place].contiguous();
    const auto seed = options.seed + 2 + 2 * static_cast<uint64_t>(plane.place);
    const auto samples = [&](uint64_t which) {
      return noisy && !truth ? measured(clean, covariance, seed + which) : clean;
    };
    if (lines.separate) write_calibration(writer, lines, samples(1), plane);
    write_image_lines(writer, lines, samples(0), plane);
  }
}

void check_options(const PhantomOptions& options) {
  constexpr int64_t counter_limit = 65535;  // ISMRMRD counts samples, coils and lines in 16 bits
  if (readout_length(options) > counter_limit || options.matrix_y > counter_limit ||
      options.coils > counter_limit || options.slices > counter_limit)
    throw InputError({"The phantom is too large for an ISMRMRD file", "",
                      "at most 65535 samples, lines, coils, slices", "", ""},
                     ExitCode::usage);
}

}  // namespace

void write_phantom(const std::filesystem::path& path, const std::filesystem::path& truth,
                   const PhantomOptions& options) {
  check_options(options);
  if (path == truth)
    throw InputError({"The phantom and its truth have the same name", path.string(), "two files", "", ""},
                     ExitCode::usage);
  try {
    const NewScan scan(path);
    std::optional<NewScan> of_truth;
    if (!truth.empty()) of_truth.emplace(truth);
    write_scan(scan.partial(), options, false);
    if (of_truth) write_scan(of_truth->partial(), options, true);
    scan.put_in_place();
    if (of_truth) of_truth->put_in_place();
  } catch (const Error&) {
    throw;
  } catch (const std::runtime_error& error) {
    throw InputError(
        {"Writing the phantom failed", error.what(), "", "File " + path.string(), "Is the disk full?"},
        ExitCode::io_failed);
  }
}

}  // namespace raki
