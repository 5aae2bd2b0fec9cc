#include "jobs/python/bindings/run.h"

#include <ATen/ATen.h>

#include <chrono>

#include "gpu/log.h"
#include "io/gpu_codec.h"
#include "io/uid.h"
#include "jobs/batches.h"
#include "jobs/cli/options.h"
#include "jobs/evidence_log.h"
#include "jobs/output_folder.h"
#include "jobs/pipeline.h"
#include "jobs/recon_job.h"
#include "jobs/report.h"
#include "raki/gated.h"

namespace raki::python {

namespace {

/// Of everything that makes the scan this one.
std::string digest_of(const Scan& scan) {
  if (scan.reader) return sha256_file(scan.reader->file());
  std::string parts = sha256(scan.array->kspace.samples);
  if (scan.array->calibration) parts += " calibration " + sha256(scan.array->calibration->samples);
  if (scan.summary.noise) parts += " noise " + sha256(scan.summary.noise->samples);
  return sha256(parts);
}

}  // namespace

Run::Run(std::shared_ptr<const Scan> scan, const ReconOptions& options, const Device& device)
    : scan_(std::move(scan)),
      context_(prepare(scan_->summary, options, device)),
      batches_(middle_first(plan_batches(scan_->summary, options, memory_budget(device)))),
      order_(all_frames(batches_)),
      series_(make_series(scan_->summary, std::ssize(order_), {})) {
  clear_step_times();  // those of the run before
}

ReconstructionSteps Run::compute(const std::vector<int64_t>& frames, const Interpolator& interpolator,
                                 const Progress& progress) {
  const auto start = std::chrono::steady_clock::now();
  const FrameSource read = [&](const std::vector<int64_t>& of_slice) {
    if (progress) progress(0);  // looks for Ctrl-C
    return scan_->read(of_slice);
  };
  context_.phase_references.merge(phase_references(read, scan_->summary, frames, context_));
  const FrameBatch batch = scan_->read(frames);
  ReconContext context = context_;
  context.interpolator = interpolator;
  if (learned_) context.options.interpolation.lessons = learned_;
  ReconstructionSteps steps = reconstruct_steps(batch, context, progress);
  if (steps.filled.lessons) learned_ = steps.filled.lessons;
  put_frames({frames, batch.labels, batch.geometry, result_of(steps, context.options)}, order_, series_);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  seconds_ += seconds.count();
  return steps;
}

void Run::use_lessons(const std::shared_ptr<GateLessons>& lessons) {
  context_.options.interpolation.lessons = lessons;
  context_.options.interpolation.lessons_must_fit = true;
}

RunFacts Run::facts(const ReconOptions& options) const {
  const bool named = scan_->reader && !options.deidentify;  // a file's name may be a person's
  RunFacts facts{named ? std::filesystem::path(scan_->summary.path).filename().string() : "",
                 "",
                 device().name(),
                 seconds_,
                 scan_->summary.evidence,
                 static_cast<int64_t>(batches_.size())};
  facts.evidence.insert(facts.evidence.end(), context_.evidence.begin(), context_.evidence.end());
  return facts;
}

std::string Run::report() const {
  return report_json(series_, {}, scan_->summary, context_.options, facts(context_.options));
}

void Run::write(const std::filesystem::path& path, const ReconOptions& files,
                const Progress& progress) const {
  check_options(files);
  SeriesTarget target;
  target.header = dicom_header(scan_->summary, files);
  if (files.outputs.dicom) {
    log_changed_attributes(target.header.protocol);
    target.encoder = htj2k_encoder(device());
  }
  OutputFolder folder(path, files.overwrite);
  target.folder = folder.staging();
  target.input_digest = digest_of(*scan_);
  target.progress = progress;
  RunFacts told = facts(files);
  told.input_sha256 = target.input_digest;
  const WrittenSeries written = write_series(series_, scan_->summary, files, target);
  write_report(folder.staging(), report_json(series_, written, scan_->summary, files, told));
  folder.commit();
}

namespace {

std::shared_ptr<Run> make_run(std::shared_ptr<Scan> scan, const py::dict& given, const std::string& device,
                              bool own_network) {
  ReconOptions options;
  set_options(given, [&](CLI::App& command) {
    add_interpolation_options(command, options.interpolation);
    add_selection_options(command, options);
    add_image_options(command, options);
  });
  options.reader = scan->reading;
  if (own_network) options.interpolation.method = Method::network;
  const py::gil_scoped_release unlocked;
  return std::make_shared<Run>(std::move(scan), options, select_device(device));
}

/// Calls `function(kspace, sampling, calibration)` for the filled samples.
Interpolator interpolator_of(const py::object& function) {
  if (function.is_none()) return {};
  return [function = shared(function)](const UndersampledKSpace& kspace,
                                       const std::optional<Calibration>& calibration, const Progress&) {
    FrameEvidence evidence;
    evidence.method_asked = evidence.method_used = Method::network;
    evidence.reason = "filled by the caller's network";
    const auto frames = static_cast<size_t>(kspace.samples.size(axis::frame));
    const py::gil_scoped_acquire lock;
    const auto reference = calibration ? std::optional(calibration->samples) : std::nullopt;
    const auto filled = (*function)(kspace.samples, kspace.sampling, reference).cast<at::Tensor>();
    return Interpolation{KSpace(filled, kspace.basis), std::vector<FrameEvidence>(frames, evidence)};
  };
}

}  // namespace

void bind_runs(py::module_& module) {
  py::class_<ReconstructionSteps>(module, "Steps")
      .def_property_readonly("kspace", [](const ReconstructionSteps& s) { return s.completed.samples; })
      .def_property_readonly("combined", [](const ReconstructionSteps& s) { return s.combined.samples; })
      .def_property_readonly("sensitivities", [](const ReconstructionSteps& s) {
        return s.maps ? std::optional(s.maps->samples) : std::nullopt;
      });
  py::class_<Run, std::shared_ptr<Run>>(module, "Run")
      .def(py::init(&make_run))
      .def_property_readonly("batches", &Run::batches)
      .def_property_readonly("device", [](const Run& run) { return run.device().torch().str(); })
      .def_property_readonly("images", [](const Run& run) { return run.series().images; })
      .def_property_readonly("maps", [](const Run& run) { return run.series().maps; })
      .def_property_readonly("samplings", [](const Run& run) { return run.series().samplings; })
      .def("compute",
           [](Run& run, const std::vector<int64_t>& frames, const py::object& network,
              const py::object& progress) {
             const Interpolator interpolator = interpolator_of(network);
             const Progress tell = progress_of(progress);
             const Work work(run.device());
             return run.compute(frames, interpolator, tell);
           })
      .def("use_lessons", &Run::use_lessons)
      .def("report",
           [](const Run& run) {
             const py::gil_scoped_release unlocked;
             return run.report();
           })
      .def("write",
           [](const Run& run, const std::string& folder, const py::dict& given, const py::object& progress) {
             ReconOptions files = run.options();
             set_options(given, [&](CLI::App& command) { add_file_options(command, files); });
             const Progress tell = progress_of(progress);
             const py::gil_scoped_release unlocked;
             run.write(folder, files, tell);
           });
}

}  // namespace raki::python
