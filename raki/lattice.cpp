#include "raki/lattice.h"

#include <algorithm>

#include "recon/axes.h"

namespace raki {

Lattice find_lattice(const Sampling& sampling) {
  Lattice lattice;
  lattice.spacing = sampling.acceleration_ky;
  const auto measured = sampling.measured_ky();
  const auto outside = std::find_if(measured.begin(), measured.end(),
                                    [&](int64_t line) { return !sampling.acs_ky.contains(line); });
  if (lattice.spacing < 2 || outside == measured.end()) {
    lattice.problem = "no line is missing between evenly spaced measured lines";
    return lattice;
  }
  const auto phase = *outside % lattice.spacing;
  const auto on_lattice = [&](int64_t line) { return line % lattice.spacing == phase; };
  std::vector<int64_t> lines;
  bool even = sampling.even_spacing;
  for (const auto line : measured) {
    if (on_lattice(line))
      lines.push_back(line);
    else
      even = even && sampling.acs_ky.contains(line);
  }
  lattice.first = lines.front();
  lattice.count = static_cast<int64_t>(lines.size());
  even = even && lines.back() - lines.front() == (lattice.count - 1) * lattice.spacing;
  if (!even) lattice.problem = "the measured lines are not evenly spaced";
  return lattice;
}

at::Tensor lattice_lines(const at::Tensor& samples, const Lattice& lattice) {
  const auto end = lattice.first + (lattice.count - 1) * lattice.spacing + 1;
  return samples.slice(2, lattice.first, end, lattice.spacing);
}

at::Tensor gap_lines(const at::Tensor& samples, const Lattice& lattice, int64_t first, int64_t count) {
  std::vector<at::Tensor> lines;
  for (int64_t offset = 1; offset < lattice.spacing; ++offset) {
    const auto begin = lattice.first + first * lattice.spacing + offset;
    lines.push_back(samples.slice(-2, begin, begin + (count - 1) * lattice.spacing + 1, lattice.spacing));
  }
  return at::stack(lines, -3);
}

void write_gaps(const at::Tensor& gaps, const Sampling& sampling, const Lattice& lattice,
                at::Tensor& kspace) {
  const auto mask = sampling.mask[0];
  const auto* measured = mask.const_data_ptr<bool>();
  std::vector<int64_t> lines, values;
  for (int64_t gap = 0; gap + 1 < lattice.count; ++gap)
    for (int64_t offset = 1; offset < lattice.spacing; ++offset) {
      const auto line = lattice.first + gap * lattice.spacing + offset;
      if (measured[line]) continue;
      lines.push_back(line);
      values.push_back((offset - 1) * (lattice.count - 1) + gap);
    }
  const auto index = [&](const std::vector<int64_t>& list) { return at::tensor(list).to(kspace.device()); };
  auto plane = kspace.select(axis::kz, 0);
  plane.index_copy_(2, index(lines), gaps.flatten(2, 3).index_select(2, index(values)));
}

}  // namespace raki
