// Everything with everything: acceleration x calibration x partial Fourier x asymmetric echo x reversed lines
// x two or three dimensions. Rows are generated; what must come out is counted here from the lines, not asked
// of the reader.

#include <algorithm>
#include <set>

#include "tests/support/torture_set.h"

namespace raki::test {
namespace {

enum class Side { none, start, end };

struct Recipe {
  int r = 1;  ///< along ky; a slab has 2 along kz too
  bool slab = false;
  int shift = 0;  ///< CAIPI: lines by which every second measured partition is moved
  std::string mode = "embedded";
  Side left_out = Side::none;  ///< a quarter of the lines
  bool asymmetric = false, reversed = false;

  int n_ky() const { return slab ? 24 : 48; }
  int n_kz() const { return slab ? 12 : 1; }
  int frames() const { return mode == "interleaved" ? (slab ? 4 : r) : 1; }
  bool in_acs(int ky, int kz) const {
    return std::abs(2 * ky + 1 - n_ky()) < n_ky() / (slab ? 3 : 4) && (!slab || (kz >= 3 && kz < 9));
  }
  bool encoded(int ky) const {
    return !(left_out == Side::start && ky < n_ky() / 4) && !(left_out == Side::end && ky >= n_ky() * 3 / 4);
  }
  /// Frame `f` of an interleaved scan measures the lattice that is moved by f lines (slab: lines,
  /// partitions).
  bool on_lattice(int ky, int kz, int f) const {
    const int first_ky = slab ? f % 2 : f, row = kz - (slab ? f / 2 : 0);
    return (!slab || row % 2 == 0) && (ky + shift * (row / 2)) % r == first_ky;
  }
};

Line line_of(const Recipe& recipe, int ky, int kz) {
  Line line = recipe.slab ? slab_line(ky, recipe.n_ky(), kz, recipe.n_kz()) : kspace_line(ky, recipe.n_ky());
  if (recipe.asymmetric) cut(line, 8, 32);
  if (recipe.reversed) turn(line);
  return line;
}

Lines frame_of(const Recipe& recipe, int f) {
  Lines lines;
  for (int kz = 0; kz < recipe.n_kz(); ++kz)
    for (int ky = 0; ky < recipe.n_ky(); ++ky) {
      if (!recipe.encoded(ky)) continue;
      const bool regular = recipe.on_lattice(ky, kz, f), reference = recipe.in_acs(ky, kz);
      const bool embedded = recipe.mode == "embedded" && reference;
      if (!regular && !embedded) continue;
      lines.push_back(line_of(recipe, ky, kz));
      lines.back().repetition = static_cast<uint16_t>(f);
      if (embedded) lines.back().flags |= regular ? calibration_and_image_flag : calibration_flag;
      if (recipe.mode == "interleaved") lines.back().flags |= calibration_and_image_flag;
    }
  return lines;
}

/// Another contrast: it must not enter the image.
Lines separate_lines(const Recipe& recipe) {
  Lines lines;
  for (int kz = 0; kz < recipe.n_kz(); ++kz)
    for (int ky = 0; ky < recipe.n_ky(); ++ky)
      if (recipe.in_acs(ky, kz))
        lines.push_back(flagged(scaled(line_of(recipe, ky, kz), 3), calibration_flag));
  return lines;
}

/// First and last encoded line; less than a line spacing at the edge belongs to the lattice.
LineRange encoded_range(const Recipe& recipe, const Lines& lines) {
  std::set<int> found;
  for (const Line& line : lines) found.insert(line.ky);
  const int spacing = recipe.shift > 0 || recipe.mode == "interleaved" ? 1 : recipe.r;
  const int first = *found.begin(), last = *found.rbegin(), n = recipe.n_ky();
  return {first < spacing ? 0 : first, n - 1 - last < spacing ? n : last + 1};
}

/// Longest run of adjacent lines of a single slice.
int64_t longest_run(const Lines& lines) {
  std::set<int> found;
  for (const Line& line : lines) found.insert(line.ky);
  int64_t best = 0;
  for (const int ky : found) {
    int64_t run = 1;
    while (found.count(ky + static_cast<int>(run)) > 0) ++run;
    best = std::max(best, run);
  }
  return best > 1 ? best : 0;
}

std::optional<Reference> reference_of(const Recipe& recipe) {
  Reference reference;
  reference.first_kx = recipe.asymmetric ? 8 : 0;
  if (recipe.mode == "separate") {
    reference.n_ky = recipe.slab ? 8 : 12;
    reference.n_kz = recipe.slab ? 6 : 1;
    reference.ky = -reference.n_ky / 2;
    reference.kz = recipe.slab ? -3 : 0;
    reference.scale = 3;
    return reference;
  }
  if (recipe.mode != "interleaved") return std::nullopt;
  reference.n_ky = recipe.left_out == Side::none ? recipe.n_ky() : recipe.n_ky() * 3 / 4;
  reference.n_kz = recipe.n_kz();
  reference.ky = -recipe.n_ky() / (recipe.left_out == Side::start ? 4 : 2);
  reference.kz = recipe.slab ? -recipe.n_kz() / 2 : 0;
  return reference;
}

std::string name_of(const Recipe& recipe) {
  std::string name = "R " + std::to_string(recipe.r);
  if (recipe.slab) name += recipe.shift > 0 ? " x 2 CAIPI" : " x 2";
  name += ", " + recipe.mode;
  if (recipe.left_out != Side::none)
    name += recipe.left_out == Side::start ? ", first quarter left out" : ", last quarter left out";
  if (recipe.asymmetric) name += ", asymmetric";
  return name + (recipe.reversed ? ", reversed" : "");
}

Trap trap_of(const Recipe& recipe) {
  Lines lines;
  for (int f = 0; f < recipe.frames(); ++f) lines = joined(lines, frame_of(recipe, f));
  Header header = sized(32, recipe.n_ky(), recipe.n_kz());
  header.calibration_mode = recipe.mode;
  header.acceleration = recipe.r;
  Expected expected{.matrix = MatrixSize{32, recipe.n_ky(), recipe.n_kz()},
                    .frames = recipe.frames(),
                    .measured = static_cast<int64_t>(frame_of(recipe, 0).size()),
                    .r = recipe.r,
                    .shift = recipe.shift,
                    .encoded_ky = encoded_range(recipe, lines),
                    .reference = reference_of(recipe)};
  expected.truth->first_kx = recipe.asymmetric ? 8 : 0;
  expected.truth->frames_alike = true;
  if (recipe.slab) expected.r_kz = 2;
  if (!recipe.slab) expected.acs = longest_run(frame_of(recipe, 0));
  if (recipe.slab && recipe.mode == "embedded") {
    expected.acs = 8;
    expected.acs_kz = 6;
  }
  if (recipe.mode == "separate") lines = joined(lines, separate_lines(recipe));
  return {name_of(recipe), "every combination must come out", scan(lines, header), expected};
}

}  // namespace

void add_mixed_traps(Traps& traps) {
  for (const char* const mode : {"embedded", "separate", "interleaved"})
    for (const Side side : {Side::none, Side::start, Side::end}) {
      for (const bool spoilt : {false, true}) {
        for (const int r : {1, 2, 3, 4})
          if (r > 1 || std::string(mode) != "interleaved")
            traps.push_back(trap_of({r, false, 0, mode, side, spoilt, spoilt}));
        for (const int shift : {0, 1}) traps.push_back(trap_of({2, true, shift, mode, side, spoilt, spoilt}));
      }
      traps.push_back(trap_of({2, false, 0, mode, side, true, false}));
      traps.push_back(trap_of({2, false, 0, mode, side, false, true}));
    }
}

}  // namespace raki::test
