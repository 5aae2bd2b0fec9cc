#include "jobs/load.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>

#include "gpu/check.h"
#include "gpu/error.h"
#include "io/array_file.h"
#include "io/image_file.h"
#include "io/scan_reader.h"
#include "recon/fourier.h"
#include "recon/noise.h"
#include "recon/readout.h"

namespace raki {

namespace fs = std::filesystem;

namespace {

KSpace load_array(const FullScanSource& source, const Device& device) {
  if (source.axes.empty())
    throw InputError({"The axes of an array must be named", "none", "--axes with one word an axis",
                      source.path.string(), "For example --axes coil,ky,kx"},
                     ExitCode::usage);
  const at::Tensor samples = to_kspace_axes(read_array(source.path, source.variable), source.axes);
  return KSpace(samples.to(device.torch()),
                CoilBasis{CoilBasis::Kind::physical, samples.size(axis::coil), false});
}

KSpace load_scan(const fs::path& path, const Device& device) {
  const ScanReader reader(path);
  const ScanSummary& scan = reader.summary();
  std::vector<int64_t> frames(scan.labels.size());
  std::iota(frames.begin(), frames.end(), 0);
  if (scan.samplings.size() != 1 || !scan.samplings.front().fully_sampled())
    throw InputError({"The scan is not fully sampled", to_text(scan.samplings.front()), "every line measured",
                      path.string(), "Give a fully sampled scan, or use raki recon"});
  UndersampledKSpace kspace = reader.read(frames).kspace;
  kspace.samples = kspace.samples.to(device.torch());
  if (scan.noise) {
    WhiteningMatrix whitening = whitening_matrix(estimate_noise_covariance(*scan.noise), scan.dwell_time_us,
                                                 scan.protocol.relative_receiver_noise_bandwidth);
    whitening.matrix = whitening.matrix.to(device.torch());
    kspace = prewhiten(kspace, whitening);
  }
  return zero_filled(remove_readout_oversampling(kspace, scan.readout_oversampling));
}

at::Tensor load_dicom_folder(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".dcm") files.push_back(entry.path());
  if (files.empty())
    throw InputError(
        {"No images found", "no .dcm file and no image.npy", "a result of raki recon", folder.string(), ""});
  std::sort(files.begin(), files.end());
  std::vector<at::Tensor> planes;
  for (const fs::path& file : files) planes.push_back(load_images(file));
  return at::cat(planes);
}

at::Tensor load_dicom_file(const fs::path& file) {
  std::vector<at::Tensor> frames;
  for (const PixelImage& image : read_image_file(file)) {
    if (image.components != 1)
      throw InputError({"A colour image is no result of a reconstruction", "", "gray", file.string(), ""});
    frames.push_back(
        at::tensor(image.samples, at::kInt).to(at::kFloat).view({1, 1, image.height, image.width}));
  }
  return at::cat(frames);
}

/// (frame, z, y, x) from two to four axes.
at::Tensor with_all_axes(at::Tensor images, const fs::path& path) {
  if (images.dim() < 2 || images.dim() > 4)
    throw InputError({"Not an image array", shape_text(images), "two to four axes", path.string(), ""});
  if (images.is_complex()) images = images.abs();
  if (images.dim() == 2) images = images.unsqueeze(0);
  if (images.dim() == 3) images = images.unsqueeze(1);
  return images.to(at::kFloat);
}

}  // namespace

KSpace load_full_scan(const FullScanSource& source, const Device& device) {
  return is_array_file(source.path) ? load_array(source, device) : load_scan(source.path, device);
}

at::Tensor load_images(const fs::path& path) {
  if (fs::is_directory(path)) {
    if (fs::exists(path / "image.npy")) return load_images(path / "image.npy");
    return load_dicom_folder(fs::exists(path / "series001") ? path / "series001" : path);
  }
  if (!fs::exists(path))
    throw InputError({"No such file", "", "", path.string(), ""}, ExitCode::input_missing);
  if (is_array_file(path)) return with_all_axes(read_array(path), path);
  return load_dicom_file(path);
}

}  // namespace raki
