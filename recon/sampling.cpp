#include "recon/sampling.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <tuple>

#include "gpu/check.h"
#include "gpu/error.h"
#include "gpu/text.h"

namespace raki {
namespace {

/// The mask as plain host memory.
class Lines {
 public:
  explicit Lines(const at::Tensor& mask)
      : mask_(mask.contiguous()),
        n_kz_(mask.size(0)),
        n_ky_(mask.size(1)),
        data_(mask_.const_data_ptr<bool>()) {}
  bool measured(int64_t kz, int64_t ky) const { return data_[kz * n_ky_ + ky]; }
  int64_t n_kz() const { return n_kz_; }
  int64_t n_ky() const { return n_ky_; }

 private:
  at::Tensor mask_;
  int64_t n_kz_, n_ky_;
  const bool* data_;
};

struct Box {
  LineRange ky, kz;
  int64_t lines() const { return ky.size() * kz.size(); }
  bool contains(int64_t kz_line, int64_t ky_line) const {
    return kz.contains(kz_line) && ky.contains(ky_line);
  }
};

/// Twice the distance between the middle of a range and line n / 2.
int64_t off_centre(LineRange range, int64_t n) {
  return std::abs(range.begin + range.end - 1 - 2 * (n / 2));
}

/// Runs of true in `row`, in order.
std::vector<LineRange> runs(const std::vector<bool>& row) {
  std::vector<LineRange> found;
  const auto n = static_cast<int64_t>(row.size());
  for (int64_t line = 0; line < n; ++line) {
    if (!row[static_cast<size_t>(line)]) continue;
    if (found.empty() || found.back().end != line) found.push_back({line, line});
    found.back().end = line + 1;
  }
  return found;
}

/// A better ACS holds the centre (3-D only), has more lines, lies nearer the centre: in this order.
auto rank(const Box& box, const Lines& lines) {
  const int64_t cz = lines.n_kz() / 2, cy = lines.n_ky() / 2;
  const bool holds_centre = lines.n_kz() == 1 || box.contains(cz, cy);
  return std::tuple(holds_centre, box.lines(),
                    -off_centre(box.ky, lines.n_ky()) - off_centre(box.kz, lines.n_kz()));
}

/// Every rectangle of partitions first..last that cannot grow along ky is a candidate; 2 lines at least on
/// each axis that has more than one.
Box find_acs(const Lines& lines) {
  const int64_t least_kz = std::min<int64_t>(2, lines.n_kz());
  std::optional<Box> best;
  for (int64_t first = 0; first < lines.n_kz(); ++first) {
    std::vector<bool> common(static_cast<size_t>(lines.n_ky()), true);
    for (int64_t last = first; last < lines.n_kz(); ++last) {
      for (int64_t ky = 0; ky < lines.n_ky(); ++ky) {
        if (!lines.measured(last, ky)) common[static_cast<size_t>(ky)] = false;
      }
      if (std::find(common.begin(), common.end(), true) == common.end()) break;
      if (last - first + 1 < least_kz) continue;
      for (const LineRange run : runs(common)) {
        const Box box{run, {first, last + 1}};
        if (run.size() >= 2 && (!best || rank(box, lines) > rank(*best, lines))) best = box;
      }
    }
  }
  return best.value_or(Box{});
}

/// Spacings of ascending partitions `positions`, except the one that jumps over the ACS.
void add_spacings(const std::vector<int64_t>& positions, LineRange acs, std::vector<int64_t>& spacings) {
  for (size_t i = 1; i < positions.size(); ++i) {
    const bool jumps = acs.size() > 0 && positions[i - 1] < acs.begin && positions[i] >= acs.end;
    if (!jumps) spacings.push_back(positions[i] - positions[i - 1]);
  }
}

/// Spacings of the lines `row` of a partition, except those that jump over measured lines: the ACS, its rim.
void add_spacings_of_row(const Lines& lines, int64_t kz, const std::vector<int64_t>& row,
                         std::vector<int64_t>& spacings) {
  for (size_t i = 1; i < row.size(); ++i) {
    bool jumps = false;
    for (int64_t ky = row[i - 1] + 1; ky < row[i]; ++ky) jumps |= lines.measured(kz, ky);
    if (!jumps) spacings.push_back(row[i] - row[i - 1]);
  }
}

/// Spacings between the ACS and the nearest line on either side: all there is when each side has but one
/// line.
void add_spacings_to_acs(const std::vector<int64_t>& positions, LineRange acs,
                         std::vector<int64_t>& spacings) {
  for (const int64_t line : positions) {
    if (line < acs.begin) spacings.push_back(acs.begin - line);
    if (line >= acs.end) spacings.push_back(line - (acs.end - 1));
  }
}

struct Spacing {
  int64_t commonest = 1;
  bool even = true;
};

/// Of equally common spacings the smaller one.
Spacing judge(const std::vector<int64_t>& spacings) {
  std::map<int64_t, int64_t> count;
  for (const int64_t spacing : spacings) ++count[spacing];
  if (count.empty()) return {};
  const auto top = std::max_element(count.begin(), count.end(),
                                    [](const auto& a, const auto& b) { return a.second < b.second; });
  return {top->first, count.size() == 1};
}

/// From each partition that has `lines` to the next such, modulo the spacing `acceleration` along ky.
int64_t commonest_shift(const std::vector<std::vector<int64_t>>& lines, int64_t acceleration) {
  std::vector<int64_t> shifts;
  std::optional<int64_t> before;
  for (const auto& row : lines) {
    if (row.empty()) continue;
    if (before) shifts.push_back((row.front() % acceleration - *before + acceleration) % acceleration);
    before = row.front() % acceleration;
  }
  return shifts.empty() ? 0 : judge(shifts).commonest;
}

/// Lines of a slab with neighbours on both axes, and those beside them: of a calibration region that is no
/// rectangle its rim lies outside the ACS, but is no lattice. Row-major (kz, ky).
std::vector<bool> dense_lines(const Lines& lines) {
  const int64_t n_kz = lines.n_kz(), n_ky = lines.n_ky();
  std::vector<bool> dense(static_cast<size_t>(n_kz * n_ky), false);
  const auto mark = [&](int64_t kz, int64_t ky) {
    if (kz >= 0 && kz < n_kz && ky >= 0 && ky < n_ky) dense[static_cast<size_t>(kz * n_ky + ky)] = true;
  };
  for (int64_t kz = 0; kz + 1 < n_kz; ++kz)
    for (int64_t ky = 0; ky + 1 < n_ky; ++ky) {
      if (!lines.measured(kz, ky) || !lines.measured(kz, ky + 1) || !lines.measured(kz + 1, ky) ||
          !lines.measured(kz + 1, ky + 1))
        continue;
      for (int64_t step = 0; step < 2; ++step) {
        for (int64_t z = kz - 1; z <= kz + 2; ++z) mark(z, ky + step);
        for (int64_t y = ky - 1; y <= ky + 2; ++y) mark(kz + step, y);
      }
    }
  return dense;
}

/// Measured lines outside the ACS, by partition; of a slab without the rim of a larger calibration region.
std::vector<std::vector<int64_t>> lines_outside(const Lines& lines, const Box& acs) {
  const std::vector<bool> dense = dense_lines(lines);
  std::vector<std::vector<int64_t>> outside(static_cast<size_t>(lines.n_kz()));
  for (int64_t kz = 0; kz < lines.n_kz(); ++kz) {
    for (int64_t ky = 0; ky < lines.n_ky(); ++ky) {
      if (lines.measured(kz, ky) && !acs.contains(kz, ky) &&
          !dense[static_cast<size_t>(kz * lines.n_ky() + ky)])
        outside[static_cast<size_t>(kz)].push_back(ky);
    }
  }
  return outside;
}

/// Spacing along ky within partitions, and of the partitions that have lines `outside` the ACS.
std::pair<Spacing, Spacing> spacing_outside(const std::vector<std::vector<int64_t>>& outside,
                                            const Lines& lines, const Box& acs) {
  std::vector<int64_t> ky_spacings, kz_spacings, to_acs, partitions;
  for (int64_t kz = 0; kz < lines.n_kz(); ++kz) {
    const auto& row = outside[static_cast<size_t>(kz)];
    if (row.empty()) continue;
    partitions.push_back(kz);
    const LineRange acs_here = acs.kz.contains(kz) ? acs.ky : LineRange{};
    add_spacings_of_row(lines, kz, row, ky_spacings);
    if (acs_here.size() > 0) add_spacings_to_acs(row, acs_here, to_acs);
  }
  add_spacings(partitions, acs.kz, kz_spacings);
  return {judge(ky_spacings.empty() ? to_acs : ky_spacings), judge(kz_spacings)};
}

void check_range(LineRange range, int64_t n, std::string_view name) {
  if (range.begin >= 0 && range.begin < range.end && range.end <= n) return;
  throw InputError({"The range of encoded " + std::string(name) + " lines does not fit the matrix",
                    std::to_string(range.begin) + " to " + std::to_string(range.end),
                    "within 0 to " + std::to_string(n), "", ""});
}

void check_lines(const Lines& lines, LineRange encoded_ky, LineRange encoded_kz) {
  bool any = false;
  for (int64_t kz = 0; kz < lines.n_kz(); ++kz) {
    for (int64_t ky = 0; ky < lines.n_ky(); ++ky) {
      if (!lines.measured(kz, ky)) continue;
      any = true;
      if (encoded_ky.contains(ky) && encoded_kz.contains(kz)) continue;
      throw InputError({"A measured line lies outside the encoded range",
                        "ky " + std::to_string(ky) + ", kz " + std::to_string(kz),
                        "ky " + std::to_string(encoded_ky.begin) + "-" + std::to_string(encoded_ky.end - 1) +
                            ", kz " + std::to_string(encoded_kz.begin) + "-" +
                            std::to_string(encoded_kz.end - 1),
                        "", ""});
    }
  }
  if (!any)
    throw InputError({"No line of k-space was measured", "an empty mask", "at least one line", "", ""});
}

}  // namespace

std::string to_text(LineRange range) {
  return std::to_string(range.begin) + "-" + std::to_string(range.end - 1);
}

int64_t Sampling::n_ky() const {
  return mask.size(1);
}
int64_t Sampling::n_kz() const {
  return mask.size(0);
}
int64_t Sampling::measured_lines() const {
  return mask.sum().item<int64_t>();
}
LineRange Sampling::sampled_kx(int64_t n_kx) const {
  return readout ? readout->sampled : LineRange{0, n_kx};
}
bool Sampling::fully_sampled() const {
  return measured_lines() == encoded_ky.size() * encoded_kz.size();
}

double Sampling::effective_acceleration() const {
  return static_cast<double>(encoded_ky.size() * encoded_kz.size()) / static_cast<double>(measured_lines());
}

std::vector<int64_t> Sampling::measured_ky() const {
  if (n_kz() != 1) throw Bug("measured_ky() was asked of a 3-D sampling");
  const Lines lines(mask);
  std::vector<int64_t> measured;
  for (int64_t ky = 0; ky < n_ky(); ++ky) {
    if (lines.measured(0, ky)) measured.push_back(ky);
  }
  return measured;
}

bool Sampling::operator==(const Sampling& other) const {
  return encoded_ky == other.encoded_ky && encoded_kz == other.encoded_kz && readout == other.readout &&
         at::equal(mask, other.mask);
}

std::string missing_side(LineRange encoded, int64_t n) {
  const bool start = encoded.begin > 0, end = encoded.end < n;
  if (start && end) return "both";
  return start ? "start" : end ? "end" : "";
}

Sampling detect_sampling(const at::Tensor& mask, LineRange encoded_ky, LineRange encoded_kz) {
  check_tensor(mask, "sampling mask", {{"kz"}, {"ky"}}, at::kBool);
  const at::Tensor host_mask = mask.to(at::kCPU).contiguous();
  const Lines lines(host_mask);
  check_range(encoded_ky, lines.n_ky(), "ky");
  check_range(encoded_kz, lines.n_kz(), "kz");
  check_lines(lines, encoded_ky, encoded_kz);
  const Box acs = find_acs(lines);
  const auto outside = lines_outside(lines, acs);
  const auto [ky, kz] = spacing_outside(outside, lines, acs);
  return {host_mask,
          encoded_ky,
          encoded_kz,
          acs.ky,
          acs.kz,
          ky.commonest,
          kz.commonest,
          commonest_shift(outside, ky.commonest),
          ky.even && kz.even,
          std::nullopt};
}

std::string acs_text(const Sampling& sampling) {
  const int64_t lines = sampling.acs_ky.size() * sampling.acs_kz.size();
  if (lines == 0) return "";
  const bool slab = sampling.n_kz() > 1;
  return (slab ? "ky " : "") + to_text(sampling.acs_ky) + (slab ? ", kz " + to_text(sampling.acs_kz) : "") +
         " (" + counted(lines, "line") + ")";
}

std::string acceleration_text(const Sampling& sampling) {
  std::string text = "R = " + std::to_string(sampling.acceleration_ky);
  if (sampling.n_kz() > 1) text += " x " + std::to_string(sampling.acceleration_kz);
  if (sampling.caipi_shift > 0) text += " shifted by " + std::to_string(sampling.caipi_shift);
  return sampling.even_spacing ? text : text + " (uneven)";
}

std::string to_text(const Sampling& sampling) {
  std::string text = std::to_string(sampling.n_ky());
  if (sampling.n_kz() > 1) text += " x " + std::to_string(sampling.n_kz());
  text += " lines, ";
  if (sampling.encoded_ky.size() != sampling.n_ky())
    text += "ky " + to_text(sampling.encoded_ky) + " encoded, ";
  if (sampling.encoded_kz.size() != sampling.n_kz())
    text += "kz " + to_text(sampling.encoded_kz) + " encoded, ";
  if (sampling.readout) text += "kx " + to_text(sampling.readout->sampled) + " sampled, ";
  if (sampling.fully_sampled()) return text + "all measured";
  char effective[32];
  std::snprintf(effective, sizeof effective, "%.2f", sampling.effective_acceleration());
  const std::string acs = acs_text(sampling);
  return text + std::to_string(sampling.measured_lines()) + " measured, " + acceleration_text(sampling) +
         (acs.empty() ? ", no ACS" : ", ACS " + acs) + ", effective R = " + effective;
}

}  // namespace raki
