#include "jobs/dicom_series.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdio>

#include "gpu/device.h"
#include "gpu/error.h"
#include "gpu/parallel.h"
#include "io/dicom/write.h"
#include "io/uid.h"
#include "jobs/reconstruct.h"
#include "jobs/signals.h"
#include "jobs/version.h"

namespace raki {

namespace fs = std::filesystem;

namespace {

std::string derivation_text(const Series& series, const ReconOptions& options) {
  const FrameEvidence& first = series.evidence.front();
  std::string text = "raki " + std::string(version) + ", method " + to_text(first.method_asked);
  if (first.method_used != first.method_asked) text += " (kept: " + to_text(first.method_used) + ")";
  text += ", " + to_text(series.samplings.front());
  const PartialFourierPlan plan = plan_of(series.samplings.front(), options);
  if (!plan.words.empty()) text += ", partial Fourier " + to_text(plan.filling);
  if (options.kspace_filter.taper > 0) text += ", k-space filter " + to_text(options.kspace_filter);
  if (options.quality.kind != Quality::Kind::lossless)
    text += ", lossy compression " + to_text(options.quality);
  return text;
}

DicomOptions dicom_options(const Series& series, const ReconOptions& options,
                           const std::string& input_digest) {
  DicomOptions dicom;
  dicom.storage = options.dicom_storage;
  dicom.deidentify = options.deidentify;
  dicom.syntax = options.syntax;
  dicom.quality = options.quality;
  dicom.voxel_centre = options.voxel_centre;
  dicom.study_identity = input_digest;
  // The same numbers are another scan in another shape, which a .hdr file beside them tells.
  dicom.identity = input_digest + " " + version + " " + identity_text(options) +
                   " images=" + c10::str(series.images.sizes()) + " frames=";
  for (const FrameLabel& label : series.labels) dicom.identity += std::to_string(label.index) + ",";
  // A network of the caller's has no name: what it made stands for it.
  if (options.interpolation.method == Method::network) dicom.identity += " " + sha256(series.images);
  dicom.derivation = derivation_text(series, options);
  dicom.software_version = version;
  return dicom;
}

/// The planes of one series of files.
struct Planes {
  const Series& series;
  const ScanSummary& scan;
  const at::Tensor& values;  ///< float32 (frame, z, y, x)
  DicomSeries common;
  DicomOptions options;

  int64_t per_frame() const { return values.size(1); }
  int64_t count() const { return values.size(0) * per_frame(); }

  DicomPlane plane(int64_t i) const {
    const int64_t z = i % per_frame();
    const auto at = static_cast<size_t>(i / per_frame());
    DicomPlane plane;
    plane.columns = values.size(3);
    plane.rows = values.size(2);
    plane.plane =
        image_plane(series.geometry[at], scan.image_fov, scan.image_matrix, z, options.voxel_centre);
    plane.label = series.labels[at];
    plane.in_stack = plane.label.place * per_frame() + z;
    plane.instance_number = i + 1;
    plane.verdict = series.evidence[at].verdict;
    return plane;
  }
  StoredPixels pixels(int64_t i, std::atomic<int64_t>& clipped) const {
    int64_t clipped_here = 0;
    const at::Tensor image = values[i / per_frame()][i % per_frame()];
    StoredPixels stored = store_pixels(to_pixels(image, common.scaling, &clipped_here), options);
    clipped += clipped_here;
    return stored;
  }
};

/// Runs `work` on all planes, on all threads, a group [first, end) at a time.
void for_groups(const Planes& planes, int64_t group, const std::function<void(double)>& progress,
                const std::function<void(int64_t, int64_t)>& work) {
  std::atomic<int64_t> done{0};
  parallel_for((planes.count() + group - 1) / group, threads(), [&](int64_t i) {
    throw_if_interrupted();
    const int64_t first = i * group, end = std::min(first + group, planes.count());
    work(first, end);
    done += end - first;
    progress(static_cast<double>(done) / static_cast<double>(planes.count()));
  });
}

/// Planes that one thread encodes before it writes them: after the first, attributes and files find warm
/// caches, which the encoder would empty in between. Fewer where threads would idle.
int64_t group_of(int64_t count) {
  return std::clamp<int64_t>(count / (4 * threads()), 1, 8);
}

std::string folder_name(const DicomContent& content) {
  std::array<char, 16> name;
  std::snprintf(name.data(), name.size(), "series%03d", static_cast<int>(content.series_number));
  return name.data();
}

std::string image_name(const DicomContent& content, int64_t number) {
  std::array<char, 32> name;
  std::snprintf(name.data(), name.size(), "/image%04lld.dcm", static_cast<long long>(number));
  return folder_name(content) + name.data();
}

/// One file a plane.
WrittenDicomSeries write_classic(const Planes& planes, const SeriesTarget& target) {
  WrittenDicomSeries written{planes.common.content, planes.common.scaling};
  written.files.resize(static_cast<size_t>(planes.count()));
  std::atomic<int64_t> clipped{0};
  for_groups(planes, group_of(planes.count()), target.progress, [&](int64_t first, int64_t end) {
    std::vector<StoredPixels> stored;
    for (int64_t i = first; i < end; ++i) stored.push_back(planes.pixels(i, clipped));
    for (int64_t i = first; i < end; ++i) {
      StoredPixels& pixels = stored[static_cast<size_t>(i - first)];
      const std::string name = image_name(written.content, i + 1);
      write_dicom(target.folder / name, planes.common, planes.plane(i), pixels, planes.options);
      WrittenFile& file = written.files[static_cast<size_t>(i)];
      file = describe(target.folder, name);
      file.checksums.push_back(std::move(pixels.checksums));
    }
  });
  written.clipped_pixels = clipped;
  return written;
}

WrittenDicomSeries write_enhanced(const Planes& planes, const SeriesTarget& target) {
  WrittenDicomSeries written{planes.common.content, planes.common.scaling};
  std::vector<StoredPixels> pixels(static_cast<size_t>(planes.count()));
  std::atomic<int64_t> clipped{0};
  for_groups(planes, 1, target.progress,
             [&](int64_t i, int64_t) { pixels[static_cast<size_t>(i)] = planes.pixels(i, clipped); });
  std::vector<DicomPlane> all;
  for (int64_t i = 0; i < planes.count(); ++i) all.push_back(planes.plane(i));
  const std::string name = folder_name(written.content) + "/image.dcm";
  write_enhanced_dicom(target.folder / name, planes.common, all, pixels, planes.options);
  written.files.push_back(describe(target.folder, name));
  for (StoredPixels& frame : pixels) written.files[0].checksums.push_back(std::move(frame.checksums));
  written.clipped_pixels = clipped;
  return written;
}

/// What has no unit, real and imaginary part too, is scaled like the magnitude; phases so that half a turn is
/// 32767.
PixelScaling scaling_of(const DicomContent& content, const at::Tensor& values, double magnitude_maximum) {
  const double most = !content.has_unit         ? magnitude_maximum
                      : content.name == "phase" ? M_PI
                                                : values.abs().max().item<double>();
  return pixel_scaling(most, content.is_signed);
}

std::string technique(const Series& series) {
  std::string name = to_text(series.evidence.front().method_used);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return c == '-' ? '_' : static_cast<char>(std::toupper(c)); });
  return name;
}

/// Of a pixel along the readout: the samples of one readout take as many dwell times.
double pixel_bandwidth_hz(const ScanSummary& scan) {
  if (!scan.dwell_time_us || !(*scan.dwell_time_us > 0) || scan.matrix.x < 1) return 0;
  return 1e6 / (*scan.dwell_time_us * static_cast<double>(scan.matrix.x));
}

}  // namespace

bool thickness_known(const ScanSummary& scan) {
  const auto& stated = scan.protocol.recon_fov ? scan.protocol.recon_fov : scan.protocol.encoded_fov;
  return scan.fov_known && !(stated && !(stated->z_mm > 0));
}

DicomSeries dicom_series(const ScanSummary& scan, const std::vector<FrameLabel>& labels,
                         const std::vector<FrameGeometry>& geometry, const Sampling& sampling) {
  DicomSeries common;
  common.protocol = &scan.protocol;
  common.slice_spacing_mm = slice_spacing(first_volume(labels, geometry)).smallest_mm;
  common.geometry_known = geometry.front().known && scan.fov_known;
  common.fov_known = scan.fov_known;
  common.thickness_known = thickness_known(scan);
  common.acceleration_ky = static_cast<double>(sampling.acceleration_ky);
  common.acceleration_kz = static_cast<double>(sampling.acceleration_kz);
  common.acceleration_text = "R = " + std::to_string(sampling.acceleration_ky);
  common.three_dimensional = scan.matrix.z > 1;
  const PartialFourierPlan plan = plan_partial_fourier(sampling, PartialFourier::zero);
  common.partial_ky = plan.ky.partial;
  common.partial_kz = plan.kz.partial;
  common.partial_frequency = plan.kx.partial;
  common.encoded = {std::llround(static_cast<double>(scan.matrix.x) / scan.readout_oversampling),
                    scan.matrix.y, scan.matrix.z};
  common.percent_sampling = 100 * static_cast<double>(sampling.measured_lines()) /
                            static_cast<double>(scan.matrix.y * scan.matrix.z);
  if (scan.fov_known && scan.image_fov.x_mm > 0)
    common.percent_phase_fov = 100 * scan.image_fov.y_mm / scan.image_fov.x_mm;
  common.pixel_bandwidth_hz = pixel_bandwidth_hz(scan);
  return common;
}

std::vector<WrittenDicomSeries> write_dicom_series(const Series& series, const ScanSummary& scan,
                                                   const ReconOptions& options, const SeriesTarget& target) {
  const double maximum = series.images.max().item<double>();
  Planes planes{series, scan, series.images,
                dicom_series(scan, series.labels, series.geometry, series.samplings.front()),
                dicom_options(series, options, target.input_digest)};
  planes.common.protocol = &target.header.protocol;
  planes.options.additional = target.header.rest;
  planes.options.encoder = target.encoder;
  planes.common.technique = technique(series);
  const double share = 1 / static_cast<double>(1 + series.maps.size());
  std::vector<WrittenDicomSeries> written;
  const auto write = [&](const std::string& name, const at::Tensor& values) {
    SeriesTarget part = target;
    part.progress = [&](double done) {
      if (target.progress) target.progress(share * (static_cast<double>(written.size()) + done));
    };
    Planes these{series, scan, values, planes.common, planes.options};
    these.common.content = dicom_content(name);
    // Of the maps alone: the magnitude is the same file whatever is written beside it.
    if (these.common.content.is_map())
      these.options.identity += " noise-repeats=" + std::to_string(options.noise_repeats);
    these.common.scaling = scaling_of(these.common.content, values, maximum);
    fs::create_directories(target.folder / folder_name(these.common.content));
    written.push_back(options.dicom_storage == DicomStorage::enhanced_mr_image ? write_enhanced(these, part)
                                                                               : write_classic(these, part));
  };
  write("magnitude", series.images);
  for (const auto& [name, samples] : series.maps) write(name, samples);
  return written;
}

}  // namespace raki
