#include "jobs/pipeline.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <memory>
#include <thread>

#include "gpu/error.h"
#include "gpu/log.h"
#include "jobs/bounded_queue.h"
#include "jobs/signals.h"

namespace raki {

namespace {

using Frames = std::vector<int64_t>;

struct Loaded {
  Frames frames;
  std::unique_ptr<FrameBatch> batch;
};

/// Frames [begin, end) of a batch; tensors are views.
FrameBatch part_of(const FrameBatch& batch, int64_t begin, int64_t end) {
  const auto cut = [&](const at::Tensor& samples) { return samples.narrow(axis::frame, begin, end - begin); };
  FrameBatch part{UndersampledKSpace(cut(batch.kspace.samples), batch.kspace.sampling, batch.kspace.basis),
                  batch.calibration,
                  {batch.labels.begin() + begin, batch.labels.begin() + end},
                  {batch.geometry.begin() + begin, batch.geometry.begin() + end}};
  if (part.calibration) part.calibration->samples = cut(batch.calibration->samples);
  return part;
}

/// Computes a batch, halving it when memory runs out.
ReconstructedBatch compute(const FrameBatch& batch, const ReconContext& context, const Progress& progress) {
  const auto n = static_cast<int64_t>(batch.labels.size());
  try {
    return reconstruct(batch, context, progress);
  } catch (const std::exception& error) {
    if (!is_out_of_memory(error)) throw;
    if (n == 1)
      throw DeviceError(
          {"Out of memory for a single frame",
           std::to_string(context.device.free_memory_bytes() >> 20) + " MB free on " + context.device.name(),
           "", "", "Use another --device, fewer --coils or another --method"},
          ExitCode::out_of_memory);
  }
  release_cached_memory(context.device);
  log_warning("memory", "batch of " + std::to_string(n) + " frames does not fit, computed in halves");
  ReconstructedBatch first = compute(part_of(batch, 0, n / 2), context, progress);
  ReconstructedBatch second = compute(part_of(batch, n / 2, n), context, progress);
  first.frames.insert(first.frames.end(), second.frames.begin(), second.frames.end());
  first.image.samples = at::cat({first.image.samples, second.image.samples}, axis::frame);
  for (auto& [name, samples] : first.maps) samples = at::cat({samples, second.maps.at(name)}, axis::frame);
  return first;
}

std::unique_ptr<FrameBatch> read_batch(const ScanReader& reader, const Frames& frames) {
  StepTimer timer("read");
  auto batch = std::make_unique<FrameBatch>(reader.read(frames));
  timer.tell(c10::str("-> ", batch->kspace.samples.sizes()));
  return batch;
}

void read_all(const ScanReader& reader, const std::vector<Frames>& batches, BoundedQueue<Loaded>& loaded) {
  try {
    for (const Frames& frames : batches) {
      throw_if_interrupted();
      auto batch = read_batch(reader, frames);
      if (!loaded.push({frames, std::move(batch)})) return;
    }
    loaded.close();
  } catch (...) {
    loaded.fail(std::current_exception());
  }
}

void store_all(BoundedQueue<ComputedFrames>& results, const Frames& order, Series& series,
               std::exception_ptr& failure) {
  try {
    while (const auto computed = results.pop()) put_frames(*computed, order, series);
  } catch (...) {
    failure = std::current_exception();
    results.close();
  }
}

/// `context` by value: what the first batch teaches a network serves the others.
void compute_all(BoundedQueue<Loaded>& loaded, BoundedQueue<ComputedFrames>& results, ReconContext context,
                 double n_frames, const Progress& progress) {
  const DeviceScope scope(context.device);
  double done = 0;
  while (auto next = loaded.pop()) {
    const double share = static_cast<double>(next->frames.size());
    const auto report = [&](double part) {
      throw_if_interrupted();
      if (progress) progress((done + share * part) / n_frames);
    };
    const FrameBatch& batch = *next->batch;
    ReconstructedBatch result = compute(batch, context, report);
    if (result.lessons) context.options.interpolation.lessons = result.lessons;
    if (!results.push({next->frames, batch.labels, batch.geometry, std::move(result)})) return;
    done += share;
    report(0);
  }
}

}  // namespace

void put_frames(const ComputedFrames& computed, const Frames& order, Series& series) {
  for (size_t i = 0; i < computed.frames.size(); ++i) {
    const auto place = std::lower_bound(order.begin(), order.end(), computed.frames[i]) - order.begin();
    const auto at = static_cast<size_t>(place);
    const auto from = static_cast<int64_t>(i);
    series.images[place].copy_(computed.result.image.samples[from]);
    for (const auto& [name, samples] : computed.result.maps) series.map(name)[place].copy_(samples[from]);
    series.labels[at] = computed.labels[i];
    series.geometry[at] = computed.geometry[i];
    series.evidence[at] = computed.result.frames[i];
    series.samplings[at] = computed.result.sampling;
  }
}

Frames all_frames(const std::vector<Frames>& batches) {
  Frames order;
  for (const Frames& frames : batches) order.insert(order.end(), frames.begin(), frames.end());
  std::sort(order.begin(), order.end());
  return order;
}

void run_pipeline(const ScanReader& reader, const ReconContext& context, const std::vector<Frames>& batches,
                  Series& series, const Progress& progress) {
  const Frames order = all_frames(batches);
  BoundedQueue<Loaded> loaded(1);
  BoundedQueue<ComputedFrames> results(1);
  std::exception_ptr store_failure;
  {
    const std::jthread reading([&] { read_all(reader, batches, loaded); });
    const std::jthread storing([&] { store_all(results, order, series, store_failure); });
    try {
      compute_all(loaded, results, context, static_cast<double>(order.size()), progress);
    } catch (...) {
      loaded.close();
      results.close();
      throw;
    }
    loaded.close();
    results.close();
  }
  if (store_failure) std::rethrow_exception(store_failure);
}

}  // namespace raki
