#include "raki/patches.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace raki {
namespace {

constexpr int64_t cpu_patch_bytes = int64_t{4} << 20;  ///< README.md, Speed
constexpr int64_t gpu_patch_bytes = int64_t{512} << 20;

/// `lines` at the kernel's lines of every origin: (frame, coil, origin, offset, kx).
at::Tensor lines_at(const at::Tensor& lines, const std::vector<int64_t>& origins,
                    const std::vector<int64_t>& offsets) {
  const at::Tensor picked = lines.index_select(2, line_indices(origins, offsets, lines.device()));
  return picked.view({lines.size(0), lines.size(1), static_cast<int64_t>(origins.size()),
                      static_cast<int64_t>(offsets.size()), lines.size(3)});
}

}  // namespace

at::Tensor line_indices(const std::vector<int64_t>& origins, const std::vector<int64_t>& offsets,
                        c10::Device device) {
  std::vector<int64_t> indices;
  indices.reserve(origins.size() * offsets.size());
  for (const int64_t origin : origins)
    for (const int64_t offset : offsets) indices.push_back(origin + offset);
  return at::tensor(indices, at::kLong).to(device);
}

std::vector<std::vector<int64_t>> in_chunks(const std::vector<int64_t>& origins, int64_t n_rows,
                                            int64_t n_columns, c10::Device device) {
  const int64_t budget = device.is_cpu() ? cpu_patch_bytes : gpu_patch_bytes;
  const auto step = static_cast<size_t>(std::max<int64_t>(1, budget / (n_rows * n_columns * 8)));
  std::vector<std::vector<int64_t>> chunks;
  for (size_t first = 0; first < origins.size(); first += step) {
    const auto begin = origins.begin() + static_cast<std::ptrdiff_t>(first);
    const auto count = static_cast<std::ptrdiff_t>(std::min(step, origins.size() - first));
    chunks.emplace_back(begin, begin + count);
  }
  return chunks;
}

at::Tensor source_patches(const at::Tensor& lines, const KernelGeometry& geometry,
                          const std::vector<int64_t>& origins, int64_t width, ReadoutEdges edges) {
  at::Tensor picked = lines_at(lines, origins, geometry.sources);
  if (edges == ReadoutEdges::zero_padded) picked = at::constant_pad_nd(picked, {width / 2, width / 2});
  const at::Tensor windows = picked.unfold(4, width, 1);
  // frame, coil, origin, source, position, tap -> frame, origin, position, coil, source, tap
  return windows.permute({0, 2, 4, 1, 3, 5})
      .reshape({lines.size(0), windows.size(2) * windows.size(4), windows.size(1) * windows.size(3) * width});
}

at::Tensor target_samples(const at::Tensor& lines, const KernelGeometry& geometry,
                          const std::vector<int64_t>& origins, int64_t width) {
  const int64_t positions = lines.size(3) - width + 1;
  const at::Tensor picked = lines_at(lines.narrow(3, width / 2, positions), origins, geometry.targets);
  return picked.permute({0, 2, 4, 3, 1})
      .reshape({lines.size(0), picked.size(2) * positions, picked.size(3) * picked.size(1)});
}

at::Tensor sliding_gram(const at::Tensor& first_tap, const at::Tensor& heads, const at::Tensor& tails,
                        int64_t width) {
  const int64_t frames = first_tap.size(0), channels = first_tap.size(1), steps = width - 1;
  const at::Tensor first = first_tap.to(at::kComplexDouble).view({frames, channels, channels, width});
  if (steps == 0) return first.squeeze(3);
  const auto products = [&](const at::Tensor& ends) {
    return at::matmul(ends.mH(), ends)
        .to(at::kComplexDouble)
        .view({frames, channels, steps, channels, steps});
  };
  const at::Tensor change = products(tails) - products(heads);
  const at::Tensor gram = at::empty({frames, channels, width, channels, width}, first.options());
  gram.select(2, 0).copy_(first);
  gram.select(4, 0).copy_(first.permute({0, 2, 3, 1}).conj());
  for (int64_t tap = 0; tap < steps; ++tap)
    gram.select(2, tap + 1)
        .narrow(3, 1, steps)
        .copy_(gram.select(2, tap).narrow(3, 0, steps) + change.select(2, tap));
  return gram.flatten(3).flatten(1, 2);
}

at::Tensor first_taps(const at::Tensor& patches, int64_t width) {
  return patches.unflatten(2, {-1, width}).select(3, 0).contiguous();
}

void put_targets(at::Tensor& lines, const at::Tensor& values, const KernelGeometry& geometry,
                 const std::vector<int64_t>& origins) {
  const auto n_targets = static_cast<int64_t>(geometry.targets.size());
  const auto n_origins = static_cast<int64_t>(origins.size());
  const at::Tensor split = values.view({lines.size(0), n_origins, lines.size(3), n_targets, lines.size(1)});
  lines.index_copy_(
      2, line_indices(origins, geometry.targets, lines.device()),
      split.permute({0, 4, 1, 3, 2}).reshape({lines.size(0), lines.size(1), -1, lines.size(3)}));
}

}  // namespace raki
