#include "tests/support/torture_set.h"

#include <algorithm>

namespace raki::test {

Traps torture_set() {
  Traps traps;
  for (const auto add :
       {add_flag_traps, add_trajectory_traps, add_readout_traps, add_axis_traps, add_dimension_traps,
        add_slice_traps, add_calibration_traps, add_mixed_traps, add_noise_traps, add_header_traps,
        add_stranger_traps, add_hdf5_traps, add_stream_traps, add_fastmri_traps, add_array_traps})
    add(traps);
  return traps;
}

void PrintTo(const Trap& trap, std::ostream* out) {
  *out << trap.name;
}

std::complex<float> kspace_point(int coil, int kz, int ky, int kx, int slice) {
  const auto value = kspace_value(coil, ky, kx, slice);
  return kz == 0 ? value
                 : value * std::polar(1.0F / static_cast<float>(1 + kz * kz), 0.5F * static_cast<float>(kz));
}

float frame_factor(int contrast, int phase, int repetition, int set) {
  return static_cast<float>(1 + contrast + 2 * phase + 4 * repetition + 8 * set);
}

Line in_frame(Line line, int contrast, int phase, int repetition, int set) {
  line.contrast = static_cast<uint16_t>(contrast);
  line.phase = static_cast<uint16_t>(phase);
  line.repetition = static_cast<uint16_t>(repetition);
  line.set = static_cast<uint16_t>(set);
  return scaled(std::move(line), frame_factor(contrast, phase, repetition, set));
}

Line slab_line(int ky, int n_ky, int kz, int n_kz) {
  Line line = kspace_line(ky, n_ky);
  line.kz = static_cast<uint16_t>(kz);
  auto value = line.values.begin();
  for (int coil = 0; coil < line.coils; ++coil)
    for (int i = 0; i < line.samples; ++i)
      *value++ = kspace_point(coil, kz - n_kz / 2, ky - n_ky / 2, i - line.samples / 2);
  return line;
}

Lines full_slab(int n_ky, int n_kz) {
  Lines lines;
  for (int kz = 0; kz < n_kz; ++kz)
    for (int ky = 0; ky < n_ky; ++ky) lines.push_back(slab_line(ky, n_ky, kz, n_kz));
  return lines;
}

Lines each(Lines lines, const std::function<void(Line&)>& change) {
  for (Line& line : lines) change(line);
  return lines;
}

Lines where(Lines lines, const std::function<bool(const Line&)>& keep) {
  std::erase_if(lines, [&](const Line& line) { return !keep(line); });
  return lines;
}

Lines joined(Lines first, const Lines& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

Lines every(int r, int offset, int n_ky) {
  return where(full_scan(n_ky), [&](const Line& line) { return line.ky % r == offset; });
}

void cut(Line& line, int begin, int end) {
  std::vector<std::complex<float>> kept;
  for (int coil = 0; coil < line.coils; ++coil)
    kept.insert(kept.end(), line.values.begin() + coil * line.samples + begin,
                line.values.begin() + coil * line.samples + end);
  line.values = kept;
  line.samples = static_cast<uint16_t>(end - begin);
  line.centre_sample = static_cast<uint16_t>(line.centre_sample - begin);
}

void turn(Line& line) {
  line.flags |= reverse_flag;
  for (int coil = 0; coil < line.coils; ++coil)
    std::reverse(line.values.begin() + coil * line.samples, line.values.begin() + (coil + 1) * line.samples);
  const int mirror = line.samples % 2 == 0 ? line.samples : line.samples - 1;
  line.centre_sample = static_cast<uint16_t>(mirror - line.centre_sample);
}

Line scaled(Line line, float factor) {
  for (auto& value : line.values) value *= factor;
  return line;
}

Line flagged(Line line, uint64_t flags) {
  line.flags |= flags;
  return line;
}

Header sized(int x, int y, int z) {
  Header header;
  header.encoded = header.recon = Size{std::to_string(x), std::to_string(y), std::to_string(z)};
  header.limits_ky = {0, y - 1, y / 2};
  if (z > 1) header.limits_kz = {0, z - 1, z / 2};
  return header;
}

Writer scan(const Lines& lines, const Header& header) {
  return [lines, header](const std::filesystem::path& folder) {
    write_scan(folder / "scan.h5", to_xml(header), lines);
    return folder / "scan.h5";
  };
}

Writer bytes_file(const std::string& name, const std::string& bytes) {
  return [name, bytes](const std::filesystem::path& folder) {
    write_bytes(folder / name, bytes);
    return folder / name;
  };
}

}  // namespace raki::test
