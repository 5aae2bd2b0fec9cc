#include "io/kspace_assembly.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>

#include "gpu/error.h"

namespace raki {
namespace {

using Sample = std::complex<float>;

/// Adds (`add`) or copies the placed samples of all coils. `line` points at kx = 0 of coil 0.
void put(const Sample* stored, int64_t stored_length, const SampleSpan& span, Sample* line,
         int64_t coil_stride, int64_t coils, bool add) {
  const int64_t count = span.end - span.begin;
  for (int64_t coil = 0; coil < coils; ++coil) {
    const Sample* const from = stored + coil * stored_length;
    Sample* const to = line + coil * coil_stride + span.first;
    for (int64_t i = 0; i < count; ++i) {
      const int64_t at = span.begin + i;
      const Sample value = from[span.reversed ? stored_length - 1 - at : at];
      to[i] = add ? to[i] + value : value;
    }
  }
}

/// A readout and the frame it goes to.
struct Job {
  int64_t readout, frame;
};

std::vector<Job> jobs_in_file_order(const std::vector<std::vector<int64_t>>& lines_of_frame) {
  std::vector<Job> jobs;
  for (std::size_t frame = 0; frame < lines_of_frame.size(); ++frame)
    for (const int64_t readout : lines_of_frame[frame])
      jobs.push_back({readout, static_cast<int64_t>(frame)});
  std::stable_sort(jobs.begin(), jobs.end(),
                   [](const Job& a, const Job& b) { return a.readout < b.readout; });
  return jobs;
}

/// Row-major place of a line on the (kz, ky) grid, -1 outside.
int64_t line_place(const GridPlan& grid, const LineCounters& counter) {
  const int64_t ky = counter.ky + grid.ky.offset, kz = grid.kz.flat ? 0 : counter.kz + grid.kz.offset;
  const bool inside = ky >= 0 && ky < grid.ky.n && kz >= 0 && kz < grid.kz.n;
  return inside ? kz * grid.ky.n + ky : -1;
}

/// Divides lines that were measured more than once by their count. `count` (frame, kz, ky), row-major.
void divide_repeated(at::Tensor& samples, const std::vector<int32_t>& count) {
  if (std::none_of(count.begin(), count.end(), [](int32_t times) { return times > 1; })) return;
  const at::Tensor times = at::tensor(count, at::kInt).clamp_min(1).to(at::kFloat);
  samples.div_(times.view({samples.size(0), 1, samples.size(2), samples.size(3), 1}));
}

}  // namespace

void check_size(const GridPlan& grid, std::size_t frames, int64_t maximum_samples, const std::string& where) {
  constexpr int64_t most_lines = int64_t{1} << 26;
  int64_t lines = 0, total = static_cast<int64_t>(frames);
  bool overflow = __builtin_mul_overflow(grid.kz.n, grid.ky.n, &lines);
  for (const int64_t size : {grid.coils, lines, grid.kx.n})
    overflow |= __builtin_mul_overflow(total, size, &total);
  if (overflow || lines > most_lines || total > maximum_samples)
    throw InputError({"The k-space of the scan is too large",
                      std::to_string(grid.kz.n) + " x " + std::to_string(grid.ky.n) + " x " +
                          std::to_string(grid.kx.n) + " of " + std::to_string(grid.coils) + " coils",
                      "at most " + std::to_string(maximum_samples) + " samples", where, ""});
}

at::Tensor assemble(const Acquisitions& file, const GridPlan& grid,
                    const std::vector<std::vector<int64_t>>& lines_of_frame, int64_t maximum_samples,
                    const std::string& where) {
  check_size(grid, lines_of_frame.size(), maximum_samples, where);
  at::Tensor samples =
      at::zeros({static_cast<int64_t>(lines_of_frame.size()), grid.coils, grid.kz.n, grid.ky.n, grid.kx.n},
                at::kComplexFloat);
  auto* const data = reinterpret_cast<Sample*>(samples.mutable_data_ptr<c10::complex<float>>());
  const int64_t lines = grid.kz.n * grid.ky.n, coil_stride = lines * grid.kx.n;
  std::vector<int32_t> count(lines_of_frame.size() * static_cast<std::size_t>(lines), 0);
  const std::vector<Job> jobs = jobs_in_file_order(lines_of_frame);
  std::vector<int64_t> readouts;
  for (const Job& job : jobs) readouts.push_back(job.readout);
  std::size_t next = 0;
  file.read(readouts, [&](int64_t readout, const Sample* stored) {
    const ReadoutHeader& header = file.readouts()[static_cast<std::size_t>(readout)];
    const int64_t frame = jobs[next++].frame, place = line_place(grid, header.counter);
    if (place < 0) return;
    const SampleSpan span = place_samples(grid.kx, header, where + ", readout " + std::to_string(readout));
    auto& times = count[static_cast<std::size_t>(frame * lines + place)];
    put(stored, header.samples, span, data + frame * grid.coils * coil_stride + place * grid.kx.n,
        coil_stride, grid.coils, times++ > 0);
  });
  divide_repeated(samples, count);
  return samples;
}

at::Tensor measured_mask(const std::vector<ReadoutHeader>& readouts, const GridPlan& grid,
                         const std::vector<int64_t>& lines) {
  at::Tensor mask = at::zeros({grid.kz.n, grid.ky.n}, at::kBool);
  bool* const measured = mask.mutable_data_ptr<bool>();
  for (const int64_t line : lines) {
    const int64_t place = line_place(grid, readouts[static_cast<std::size_t>(line)].counter);
    if (place >= 0) measured[place] = true;
  }
  return mask;
}

int64_t energy_centre(const Acquisitions& file, const std::vector<int64_t>& lines, bool partitions) {
  std::map<int64_t, double> energy;
  file.read(lines, [&](int64_t readout, const Sample* stored) {
    const ReadoutHeader& header = file.readouts()[static_cast<std::size_t>(readout)];
    double sum = 0;
    for (int64_t i = 0; i < int64_t{header.samples} * header.coils; ++i) sum += std::norm(stored[i]);
    energy[partitions ? header.counter.kz : header.counter.ky] += sum;
  });
  return std::max_element(energy.begin(), energy.end(), [](auto& a, auto& b) { return a.second < b.second; })
      ->first;
}

at::Tensor join_readouts(const Acquisitions& file, const std::vector<int64_t>& lines, int64_t coils) {
  std::vector<at::Tensor> parts;
  file.read(lines, [&](int64_t readout, const Sample* stored) {
    const ReadoutHeader& header = file.readouts()[static_cast<std::size_t>(readout)];
    const int64_t end = header.samples - header.discard_post;
    if (header.discard_pre >= end) return;
    at::Tensor part = at::empty({coils, header.samples}, at::kComplexFloat);
    std::copy(stored, stored + part.numel(),
              reinterpret_cast<Sample*>(part.mutable_data_ptr<c10::complex<float>>()));
    parts.push_back(part.slice(1, header.discard_pre, end));
  });
  return parts.empty() ? at::empty({coils, 0}, at::kComplexFloat) : at::cat(parts, 1);
}

}  // namespace raki
