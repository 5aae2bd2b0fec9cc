#include "jobs/recon_job.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <set>

#include "gpu/error.h"
#include "io/gpu_codec.h"
#include "io/scan_reader.h"
#include "io/uid.h"
#include "jobs/batches.h"
#include "jobs/dicom_template.h"
#include "jobs/evidence_log.h"
#include "jobs/output_folder.h"
#include "jobs/pipeline.h"
#include "jobs/report.h"
#include "jobs/signals.h"

namespace raki {

namespace fs = std::filesystem;

namespace {

int64_t count_frames(const std::vector<std::vector<int64_t>>& batches) {
  int64_t n = 0;
  for (const auto& batch : batches) n += static_cast<int64_t>(batch.size());
  return n;
}

size_t contrasts_of(const ScanSummary& scan) {
  std::set<int64_t> contrasts;
  for (const FrameLabel& label : scan.labels) contrasts.insert(label.contrast);
  return contrasts.size();
}

std::map<int64_t, at::Tensor> references_for(const std::vector<std::vector<int64_t>>& batches,
                                             const ScanReader& reader, const ReconContext& context) {
  if (!context.options.parts.any()) return {};
  const DeviceScope scope(context.device);
  const FrameSource read = [&](const std::vector<int64_t>& frames) {
    throw_if_interrupted();
    return reader.read(frames);
  };
  return phase_references(read, reader.summary(), all_frames(batches), context);
}

/// For the report; a file's name may be a person's.
std::string name_of(const fs::path& input, const ReconOptions& options) {
  if (options.deidentify) return "";
  return input == "-" ? "standard input" : input.filename().string();
}

}  // namespace

TemplatedProtocol dicom_header(const ScanSummary& scan, const ReconOptions& options) {
  const DicomTemplate given =
      options.dicom_template.empty() ? DicomTemplate() : dicom_template_of(options.dicom_template);
  return with_template(scan.protocol, given, contrasts_of(scan));
}

void write_report(const fs::path& folder, const std::string& text) {
  std::ofstream file(folder / "recon.json", std::ios::binary);
  file << text;
  if (!file.flush())
    throw InputError({"Writing failed", "", "", "recon.json", "Is the disk full?"}, ExitCode::io_failed);
}

ReconJobResult run_recon_job(const fs::path& input, const fs::path& output, const ReconOptions& options,
                             const Progress& progress) {
  check_options(options);
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  const ScanReader reader(input, options.reader);
  const ScanSummary& scan = reader.summary();
  log_scan(scan);
  SeriesTarget target;
  target.header = dicom_header(scan, options);
  if (options.outputs.dicom) log_changed_attributes(target.header.protocol);
  const Device device = select_device(options.device);
  ReconContext context = prepare(scan, options, device);
  log_decisions(context.evidence);
  const auto batches = middle_first(plan_batches(scan, options, memory_budget(device)));
  OutputFolder folder(output, options.overwrite);
  context.phase_references = references_for(batches, reader, context);

  const fs::path store = folder.staging() / ".store";
  Series series = make_series(scan, count_frames(batches), store);
  run_pipeline(reader, context, batches, series, [&](double done) {
    if (progress) progress(0.95 * done);
  });
  log_frames(series);
  target.folder = folder.staging();
  target.input_digest = sha256_file(reader.file());
  if (options.outputs.dicom) target.encoder = htj2k_encoder(device);
  target.progress = [&](double done) {
    if (progress) progress(0.95 + 0.05 * done);
  };
  const WrittenSeries written = write_series(series, scan, options, target);
  series.images = at::Tensor();
  series.maps.clear();
  fs::remove_all(store);

  RunFacts facts{name_of(input, options), target.input_digest,
                 device.name(),           seconds(),
                 scan.evidence,           static_cast<int64_t>(batches.size())};
  facts.evidence.insert(facts.evidence.end(), context.evidence.begin(), context.evidence.end());
  write_report(folder.staging(), report_json(series, written, scan, options, facts));
  std::vector<WrittenFile> files = written.files;
  files.push_back(describe(folder.staging(), "recon.json"));
  throw_if_interrupted();
  folder.commit();
  return {count_frames(batches), seconds(), std::move(files)};
}

}  // namespace raki
