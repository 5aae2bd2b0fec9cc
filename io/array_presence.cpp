#include "io/array_presence.h"

#include <ATen/ATen.h>

#include "gpu/error.h"
#include "recon/axes.h"

namespace raki {
namespace {

bool some(const at::Tensor& mask) {
  return mask.any().item<bool>();
}

at::Tensor within(const at::Tensor& values, int64_t dim, LineRange range) {
  return values.slice(dim, range.begin, range.end);
}

}  // namespace

at::Tensor zero_lines(const at::Tensor& samples) {
  return samples.ne(0).any(axis::kx).any(axis::coil).logical_not();
}

void refuse_zero_lines(const at::Tensor& zero, const std::string& where) {
  const int64_t count = zero.any(0).sum().item<int64_t>();
  if (count == 0) return;
  throw InputError({"Lines of k-space are zero in all coils, and nothing says that they were not measured",
                    std::to_string(count) + " of " + std::to_string(zero[0].numel()) + " lines", "a mask",
                    where,
                    "Name a mask with --mask FILE, or say --infer-mask to take zero lines as not measured"});
}

at::Tensor present_samples(const at::Tensor& kspace) {
  return kspace.ne(0).any(axis::coil);
}

std::vector<int64_t> indices_of(const at::Tensor& mask) {
  const at::Tensor found = mask.nonzero().view({-1});
  return {found.const_data_ptr<int64_t>(), found.const_data_ptr<int64_t>() + found.numel()};
}

Presence presence_in(const at::Tensor& present, const std::string& where) {
  const auto columns = indices_of(present.flatten(0, 2).any(0));
  const at::Tensor count = present.sum(-1);
  if (columns.empty()) return {count.eq(0), count.gt(0), {0, present.size(-1)}};
  const LineRange kx{columns.front(), columns.back() + 1};
  const int64_t gaps = kx.size() - static_cast<int64_t>(columns.size());
  if (8 * gaps > kx.size())
    throw InputError({"The readout has gaps: samples that are zero in all lines and coils",
                      std::to_string(gaps) + " of " + std::to_string(kx.size()), "a readout without gaps",
                      where, "Lines are left out along ky and kz only: name the axes so (--axes)"});
  return {count.eq(0), count.gt(0).logical_and(2 * count < kx.size()), kx};
}

at::Tensor ReferenceBox::of(const at::Tensor& kspace) const {
  return within(within(within(kspace, axis::kz, kz), axis::ky, ky), axis::kx, kx);
}

std::optional<ReferenceBox> reference_box(const at::Tensor& present, const Presence& presence) {
  if (!some(presence.partly)) return std::nullopt;
  const at::Tensor common = present.all(0), partly = presence.partly.all(0),
                   whole = presence.zero.any(0).logical_or(presence.partly.any(0)).logical_not();
  const auto columns = indices_of(common.logical_and(partly.unsqueeze(-1)).flatten(0, 1).any(0));
  if (columns.empty()) return std::nullopt;
  const LineRange kx{columns.front(), columns.back() + 1};
  const at::Tensor lines = within(common, -1, kx).all(-1);
  if (!some(lines)) return std::nullopt;
  const LineRange all_kz{0, lines.size(0)}, all_ky{0, lines.size(1)};
  const Sampling with_partly = detect_sampling(lines.contiguous(), all_ky, all_kz);
  const ReferenceBox box{with_partly.acs_kz, with_partly.acs_ky, kx};
  if (!some(within(within(partly, 0, box.kz), 1, box.ky))) return std::nullopt;
  if (!some(whole)) return box;
  const Sampling without = detect_sampling(whole.contiguous(), all_ky, all_kz);
  const ReferenceBox acs{without.acs_kz, without.acs_ky, presence.kx};
  return box.samples() > acs.samples() ? std::optional(box) : std::nullopt;
}

}  // namespace raki
