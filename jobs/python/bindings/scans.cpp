// Scans of files and of arrays, and their reconstruction batch by batch.

#include <ATen/ATen.h>

#include "gpu/error.h"
#include "io/array_scan.h"
#include "io/scan_reader.h"
#include "io/uid.h"
#include "jobs/batches.h"
#include "jobs/cli/options.h"
#include "jobs/python/bindings/evidence.h"
#include "jobs/python/bindings/run.h"
#include "jobs/scan_report.h"
#include "recon/noise.h"

namespace raki::python {

namespace {

using MaybeTensor = std::optional<at::Tensor>;

std::shared_ptr<Scan> open_scan(const std::string& path, const py::dict& given) {
  auto scan = std::make_shared<Scan>();
  set_options(given, [&](CLI::App& command) { add_reader_options(command, scan->reading); });
  const py::gil_scoped_release unlocked;
  scan->reader = std::make_shared<const ScanReader>(path, scan->reading);
  scan->summary = scan->reader->summary();
  return scan;
}

ScanSummary summary_of(const at::Tensor& samples, double oversampling,
                       const std::optional<FieldOfView>& fov) {
  ScanSummary summary;
  summary.format = "array";
  summary.n_coils = samples.size(axis::coil);
  summary.matrix = {samples.size(axis::kx), samples.size(axis::ky), samples.size(axis::kz)};
  summary.readout_oversampling = oversampling;
  summary.image_matrix = summary.matrix;
  summary.image_matrix.x = std::llround(static_cast<double>(summary.matrix.x) / oversampling);
  summary.fov_known = fov.has_value();
  const MatrixSize& m = summary.image_matrix;
  summary.image_fov =
      fov.value_or(FieldOfView{static_cast<double>(m.x), static_cast<double>(m.y), static_cast<double>(m.z)});
  return summary;
}

/// The samples with zeros where nothing was measured; the same memory where they are zeros already.
at::Tensor measured_only(const at::Tensor& samples, const at::Tensor& mask) {
  const at::Tensor missing =
      mask.logical_not().to(samples.device()).view({1, 1, mask.size(0), mask.size(1), 1});
  if (!samples.ne(0).logical_and(missing).any().item<bool>()) return samples;
  return samples.masked_fill(missing, 0);
}

/// What an array has besides its samples; every axis order is checked before.
struct ArrayParts {
  MaybeTensor calibration, noise;
  double readout_oversampling = 1;
  std::optional<FieldOfView> fov;
};

std::shared_ptr<Scan> scan_of_array(const at::Tensor& samples, const at::Tensor& mask,
                                    const ArrayParts& parts) {
  const Work work(device_holding(samples));
  auto scan = std::make_shared<Scan>();
  scan->summary = summary_of(samples, parts.readout_oversampling, parts.fov);
  ScanSummary& summary = scan->summary;
  for (int64_t frame = 0; frame < samples.size(axis::frame); ++frame) add_frame(mask, summary);
  if (parts.noise) summary.noise = NoiseReadouts{*parts.noise};
  const CoilBasis basis{CoilBasis::Kind::physical, summary.n_coils, false};
  scan->array.emplace(
      FrameBatch{UndersampledKSpace(measured_only(samples, mask), summary.samplings.at(0), basis),
                 {},
                 summary.labels,
                 summary.geometry});
  if (parts.calibration) {
    scan->array->calibration.emplace(*parts.calibration, basis);
    scan->array->calibration->separate = true;
    summary.separate_calibration_lines = parts.calibration->size(axis::ky);
  }
  return scan;
}

/// Of the scan's noise readouts, if it has any.
MaybeTensor whitening_of(const Scan& scan) {
  const ScanSummary& summary = scan.summary;
  if (!summary.noise) return std::nullopt;
  const Work work(device_holding(summary.noise->samples));
  return whitening_matrix(estimate_noise_covariance(*summary.noise), summary.dwell_time_us,
                          summary.protocol.relative_receiver_noise_bandwidth)
      .matrix;
}

void bind_scan(py::module_& module) {
  py::class_<Scan, std::shared_ptr<Scan>>(module, "Scan")
      .def("report",
           [](const Scan& scan) {
             const py::gil_scoped_release unlocked;
             return to_json_text(report_on(scan.summary, {}));
           })
      .def("table", [](const Scan& scan) { return to_text(report_on(scan.summary, {})); })
      .def_property_readonly("n_frames", [](const Scan& scan) { return scan.summary.labels.size(); })
      .def_property_readonly("samplings", [](const Scan& scan) { return scan.summary.samplings; })
      .def_property_readonly("oversampling",
                             [](const Scan& scan) { return scan.summary.readout_oversampling; })
      .def_property_readonly("noise",
                             [](const Scan& scan) {
                               return scan.summary.noise ? MaybeTensor(scan.summary.noise->samples)
                                                         : MaybeTensor();
                             })
      .def_property_readonly("whitening", &whitening_of)
      .def("read", [](const Scan& scan, const std::vector<int64_t>& frames) {
        const py::gil_scoped_release unlocked;
        FrameBatch batch = scan.read(frames);
        return std::pair(batch.kspace.samples,
                         batch.calibration ? MaybeTensor(batch.calibration->samples) : MaybeTensor());
      });
  module.def("open_scan", &open_scan);
  py::class_<ArrayParts>(module, "ArrayParts")
      .def(py::init<>())
      .def_readwrite("calibration", &ArrayParts::calibration)
      .def_readwrite("noise", &ArrayParts::noise)
      .def_readwrite("readout_oversampling", &ArrayParts::readout_oversampling)
      .def_property(
          "fov",
          [](const ArrayParts& parts) {
            return parts.fov ? std::optional(std::array{parts.fov->x_mm, parts.fov->y_mm, parts.fov->z_mm})
                             : std::nullopt;
          },
          [](ArrayParts& parts, const std::optional<std::array<double, 3>>& fov) {
            parts.fov.reset();
            if (fov) parts.fov = FieldOfView{(*fov)[0], (*fov)[1], (*fov)[2]};
          });
  module.def("scan_of_array", &scan_of_array);
  module.def("sampling_of_lines", [](const at::Tensor& mask) {
    ScanSummary summary;
    add_frame(mask, summary);
    return summary.samplings.front();
  });
}

}  // namespace

FrameBatch Scan::read(const std::vector<int64_t>& frames) const {
  if (reader) return reader->read(frames);
  FrameBatch batch{array->kspace, array->calibration, {}, {}};
  const at::Tensor which = at::tensor(frames, at::kLong).to(array->kspace.samples.device());
  const auto chosen = [&](const at::Tensor& samples) {
    return samples.size(0) == 1 ? samples : samples.index_select(axis::frame, which);
  };
  if (std::ssize(frames) != array->kspace.samples.size(axis::frame)) {
    batch.kspace.samples = chosen(batch.kspace.samples);
    if (batch.calibration) batch.calibration->samples = chosen(batch.calibration->samples);
  }
  for (const int64_t frame : frames) {
    batch.labels.push_back(summary.labels.at(static_cast<size_t>(frame)));
    batch.geometry.push_back(summary.geometry.at(static_cast<size_t>(frame)));
  }
  return batch;
}

void bind_scans(py::module_& module) {
  bind_scan(module);
  bind_runs(module);
}

}  // namespace raki::python
