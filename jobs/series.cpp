#include "jobs/series.h"

#include <ATen/ATen.h>

#include <atomic>
#include <cstdio>

#include "gpu/device.h"
#include "gpu/error.h"
#include "gpu/log.h"
#include "gpu/parallel.h"
#include "io/array_file.h"
#include "io/png_file.h"
#include "io/uid.h"
#include "jobs/reconstruct.h"
#include "jobs/signals.h"
#include "jobs/version.h"
#include "jobs/volumes.h"

namespace raki {

namespace fs = std::filesystem;

namespace {

constexpr int64_t preview_frames = 8;

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
  dicom.syntax = options.syntax;
  dicom.quality = options.quality;
  dicom.voxel_centre = options.voxel_centre;
  dicom.study_identity = input_digest;
  // The same numbers are another scan in another shape, which a .hdr file beside them tells.
  dicom.identity = input_digest + " " + version + " " + identity_text(options) +
                   " images=" + c10::str(series.images.sizes()) + " frames=";
  for (const FrameLabel& label : series.labels) dicom.identity += std::to_string(label.index) + ",";
  dicom.derivation = derivation_text(series, options);
  dicom.software_version = version;
  return dicom;
}

struct Planes {
  const Series& series;
  const ScanSummary& scan;
  int64_t per_frame;

  int64_t count() const { return series.images.size(0) * per_frame; }

  DicomPlane make(int64_t i, const PixelScaling& scaling, VoxelCentre convention, int64_t* clipped) const {
    const int64_t frame = i / per_frame, z = i % per_frame;
    const size_t at = static_cast<size_t>(frame);
    return {to_pixels(series.images[frame][z], scaling, clipped),
            image_plane(series.geometry[at], scan.image_fov, scan.image_matrix, z, convention),
            series.labels[at], i + 1, series.evidence[at].verdict};
  }
};

std::string image_name(int64_t number) {
  char name[48];
  std::snprintf(name, sizeof name, "series001/image%04lld.dcm", static_cast<long long>(number));
  return name;
}

struct WrittenDicom {
  int64_t clipped_pixels = 0;
  std::vector<std::vector<ResolutionChecksum>> checksums;  ///< one a file
};

WrittenDicom write_dicom_files(const Planes& planes, const PixelScaling& scaling, const DicomOptions& options,
                               const fs::path& folder, const std::function<void(double)>& progress) {
  fs::create_directories(folder / "series001");
  const Series& series = planes.series;
  DicomSeries common = dicom_series(planes.scan, series.geometry, series.samplings.front());
  common.scaling = scaling;
  std::atomic<int64_t> clipped{0}, done{0};
  std::vector<std::vector<ResolutionChecksum>> checksums(static_cast<size_t>(planes.count()));
  parallel_for(planes.count(), threads(), [&](int64_t i) {
    throw_if_interrupted();
    int64_t clipped_here = 0;
    const DicomPlane plane = planes.make(i, scaling, options.voxel_centre, &clipped_here);
    checksums[static_cast<size_t>(i)] = write_dicom(folder / image_name(i + 1), common, plane, options);
    clipped += clipped_here;
    ++done;
    if (progress) progress(static_cast<double>(done) / static_cast<double>(planes.count()));
  });
  return {clipped, std::move(checksums)};
}

/// Zeros in a new memory-mapped file.
at::Tensor stored_planes(const fs::path& file, at::IntArrayRef sizes) {
  return at::from_file(file.string(), true, c10::multiply_integers(sizes),
                       at::TensorOptions().dtype(at::kFloat))
      .view(sizes);
}

WrittenFile describe(const fs::path& folder, const std::string& name) {
  return {name, static_cast<int64_t>(fs::file_size(folder / name)), sha256_file(folder / name)};
}

struct NamedImages {
  std::string name;
  at::Tensor images;
};

void write_nifti_files(const Series& series, const NamedImages& what, const ScanSummary& scan,
                       const ReconOptions& options, const fs::path& folder, WrittenSeries& written) {
  for (const Volumes& volumes : volumes_of(series, what.images, what.name, scan, options.voxel_centre)) {
    const std::string name = volumes.name + ".nii.gz";
    write_nifti(folder / name, volumes.voxels, volumes.grid, "raki " + std::string(version));
    written.files.push_back(describe(folder, name));
  }
}

}  // namespace

at::Tensor& Series::map(const std::string& name) {
  if (!maps[name].defined()) maps[name] = stored_planes(store / name, images.sizes());
  return maps[name];
}

bool thickness_known(const ScanSummary& scan) {
  const auto& stated = scan.protocol.recon_fov ? scan.protocol.recon_fov : scan.protocol.encoded_fov;
  return scan.fov_known && !(stated && !(stated->z_mm > 0));
}

DicomSeries dicom_series(const ScanSummary& scan, const std::vector<FrameGeometry>& geometry,
                         const Sampling& sampling) {
  DicomSeries common;
  common.protocol = &scan.protocol;
  common.slice_spacing_mm = slice_spacing(geometry).smallest_mm;
  common.geometry_known = geometry.front().known && scan.fov_known;
  common.fov_known = scan.fov_known;
  common.thickness_known = thickness_known(scan);
  common.acceleration = static_cast<double>(sampling.acceleration_ky);
  common.acceleration_text = "R = " + std::to_string(sampling.acceleration_ky);
  common.three_dimensional = scan.matrix.z > 1;
  const PartialFourierPlan plan = plan_partial_fourier(sampling, PartialFourier::zero);
  common.partial_phase = plan.ky.partial || plan.kz.partial;
  common.partial_frequency = plan.kx.partial;
  return common;
}

Series make_series(const ScanSummary& scan, int64_t frames, const fs::path& store) {
  const MatrixSize m = scan.image_matrix;
  fs::create_directory(store);
  Series series;
  series.store = store;
  series.images = stored_planes(store / "images", {frames, m.z, m.y, m.x});
  const auto n = static_cast<size_t>(frames);
  series.labels.resize(n);
  series.geometry.resize(n);
  series.evidence.resize(n);
  series.samplings.resize(n);
  return series;
}

WrittenSeries write_series(const Series& series, const ScanSummary& scan, const ReconOptions& options,
                           const fs::path& folder, const std::string& input_digest,
                           const std::function<void(double)>& progress) {
  StepTimer timer("write");
  timer.tell(c10::str(series.images.sizes(), " ->"));
  WrittenSeries written;
  written.scaling = pixel_scaling(series.images.max().item<double>());
  const Planes planes{series, scan, scan.image_matrix.z};
  if (options.outputs.dicom) {
    WrittenDicom dicom = write_dicom_files(planes, written.scaling,
                                           dicom_options(series, options, input_digest), folder, progress);
    written.clipped_pixels = dicom.clipped_pixels;
    for (int64_t i = 0; i < planes.count(); ++i) {
      written.files.push_back(describe(folder, image_name(i + 1)));
      written.files.back().checksums = std::move(dicom.checksums[static_cast<size_t>(i)]);
    }
  }
  if (options.outputs.npy) {
    write_npy(folder / "image.npy", series.images);
    written.files.push_back(describe(folder, "image.npy"));
  }
  for (const auto& [name, samples] : series.maps) {
    write_npy(folder / (name + ".npy"), samples);
    written.files.push_back(describe(folder, name + ".npy"));
  }
  if (options.outputs.nii) {
    write_nifti_files(series, {"image", series.images}, scan, options, folder, written);
    for (const auto& [name, samples] : series.maps)
      write_nifti_files(series, {name, samples}, scan, options, folder, written);
  }
  if (options.outputs.png) {
    const at::Tensor middle = series.images.select(1, planes.per_frame / 2);
    write_preview_png(folder / "preview.png", middle.narrow(0, 0, std::min(preview_frames, middle.size(0))));
    written.files.push_back(describe(folder, "preview.png"));
  }
  return written;
}

}  // namespace raki
