#include "jobs/train_job.h"

#include "io/output_file.h"
#include "io/scan_reader.h"
#include "jobs/batches.h"
#include "jobs/evidence_log.h"
#include "jobs/network_file.h"
#include "jobs/reconstruct.h"

namespace raki {

std::shared_ptr<const GateLessons> run_train_job(const std::filesystem::path& input,
                                                 const std::filesystem::path& output,
                                                 const ReconOptions& options, const Progress& progress) {
  check_new_file(output);
  const ScanReader reader(input, options.reader);
  const ScanSummary& scan = reader.summary();
  log_scan(scan);
  const Device device = select_device(options.device);
  const ReconContext context = prepare(scan, options, device);
  log_decisions(context.evidence);
  const auto batches = middle_first(plan_batches(scan, options, memory_budget(device)));
  const DeviceScope scope(device);
  const auto lessons = learn_from(reader.read(batches.front()), context, progress);
  const std::string text = network_text(*lessons);
  write_new_file(output, {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  return lessons;
}

}  // namespace raki
