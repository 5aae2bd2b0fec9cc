#include "jobs/series.h"

#include <ATen/ATen.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "gpu/error.h"
#include "gpu/log.h"
#include "io/array_file.h"
#include "io/uid.h"
#include "jobs/dicom_series.h"
#include "jobs/image_files.h"
#include "jobs/version.h"
#include "jobs/volumes.h"

namespace raki {

namespace fs = std::filesystem;

namespace {

/// Room for a file that is written through memory, where a full disk would end the process.
void reserve(const fs::path& file, int64_t bytes) {
  const int descriptor = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const int error = descriptor < 0 ? errno : posix_fallocate(descriptor, 0, bytes);
  if (descriptor >= 0) close(descriptor);
  if (error != 0)
    throw InputError({"No space for the images", std::strerror(error), std::to_string(bytes) + " bytes",
                      file.string(), "Free some space and run again"},
                     ExitCode::io_failed);
}

/// Zeros in a new memory-mapped file of `store`, or in memory.
at::Tensor stored_planes(const fs::path& store, const std::string& name, at::IntArrayRef sizes) {
  if (store.empty()) return at::zeros(sizes, at::kFloat);
  const fs::path file = store / name;
  reserve(file, c10::multiply_integers(sizes) * static_cast<int64_t>(sizeof(float)));
  return at::from_file(file.string(), true, c10::multiply_integers(sizes),
                       at::TensorOptions().dtype(at::kFloat))
      .view(sizes);
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
  if (!maps[name].defined()) maps[name] = stored_planes(store, name, images.sizes());
  return maps[name];
}

Series make_series(const ScanSummary& scan, int64_t frames, const fs::path& store) {
  const MatrixSize m = scan.image_matrix;
  if (!store.empty()) fs::create_directory(store);
  Series series;
  series.store = store;
  series.images = stored_planes(store, "images", {frames, m.z, m.y, m.x});
  const auto n = static_cast<size_t>(frames);
  series.labels.resize(n);
  series.geometry.resize(n);
  series.evidence.resize(n);
  series.samplings.resize(n);
  return series;
}

WrittenFile describe(const fs::path& folder, const std::string& name) {
  return {name, static_cast<int64_t>(fs::file_size(folder / name)), sha256_file(folder / name)};
}

WrittenSeries write_series(const Series& series, const ScanSummary& scan, const ReconOptions& options,
                           const SeriesTarget& target) {
  StepTimer timer("write");
  timer.tell(c10::str(series.images.sizes(), " ->"));
  const fs::path& folder = target.folder;
  WrittenSeries written;
  if (options.outputs.dicom) written.dicom = write_dicom_series(series, scan, options, target);
  for (const WrittenDicomSeries& one : written.dicom)
    written.files.insert(written.files.end(), one.files.begin(), one.files.end());
  if (options.outputs.npy) {
    write_npy(folder / "image.npy", series.images);
    written.files.push_back(describe(folder, "image.npy"));
  }
  for (const auto& [name, samples] : series.maps) {
    if (!options.outputs.npy && options.parts.has(name)) continue;
    write_npy(folder / (name + ".npy"), samples);
    written.files.push_back(describe(folder, name + ".npy"));
  }
  if (options.outputs.nii) {
    write_nifti_files(series, {"image", series.images}, scan, options, folder, written);
    for (const auto& [name, samples] : series.maps)
      write_nifti_files(series, {name, samples}, scan, options, folder, written);
  }
  for (const std::string& name : write_image_files(series, scan, options, folder))
    written.files.push_back(describe(folder, name));
  return written;
}

}  // namespace raki
