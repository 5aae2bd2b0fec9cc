#pragma once
// Small ISMRMRD files, each with one peculiarity, written by libismrmrd from plain descriptions.

#include <array>
#include <complex>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace raki::test {

/// Bits of ISMRMRD's acquisition flags.
constexpr uint64_t flag(int constant) {
  return uint64_t{1} << (constant - 1);
}
constexpr uint64_t noise_flag = flag(19), calibration_flag = flag(20), calibration_and_image_flag = flag(21);
constexpr uint64_t reverse_flag = flag(22), navigation_flag = flag(23), phase_correction_flag = flag(24);

/// One readout to write.
struct Line {
  uint64_t flags = 0;
  uint16_t samples = 32, coils = 2;
  uint16_t discard_pre = 0, discard_post = 0, centre_sample = 16;
  uint16_t ky = 0, kz = 0, average = 0, slice = 0, contrast = 0, phase = 0, repetition = 0, set = 0,
           segment = 0;
  uint16_t encoding_space = 0, trajectory_dimensions = 0;
  uint16_t available_coils = 0;  ///< 0: those of the readout
  std::array<uint16_t, 8> user{};
  uint32_t time_stamp = 0;
  float dwell_time_us = 5;
  std::array<float, 3> position{}, read_dir{1, 0, 0}, phase_dir{0, 1, 0}, slice_dir{0, 0, 1}, table{};
  std::vector<std::complex<float>> values;  ///< (coil, sample)
};

struct Size {
  std::string x, y, z;  ///< as text: headers contain all kinds of things
};

/// What the header says; absent parts are not written.
struct Header {
  std::optional<Size> encoded = Size{"32", "24", "1"}, recon = Size{"32", "24", "1"};
  std::optional<Size> encoded_fov = Size{"320", "240", "5"}, recon_fov = Size{"320", "240", "5"};
  std::optional<std::array<int, 3>> limits_ky = std::array<int, 3>{0, 23, 12}, limits_kz;
  std::optional<std::string> trajectory = "cartesian", calibration_mode, vendor, identifier;
  std::optional<int> acceleration;
  std::string before_encoding;  ///< further elements, verbatim
  std::string after_encoding;
};
std::string to_xml(const Header& header);

/// The k-space every case is cut from: (coil, ky, kx) about its centre, largest there, different for every
/// argument.
std::complex<float> kspace_value(int coil, int ky, int kx, int slice = 0);

/// A whole line ky (row `ky` of `n_ky`) of `samples` samples about the centre.
Line kspace_line(int ky, int n_ky, int samples = 32, int coils = 2, int slice = 0);
/// Lines 0 .. n_ky - 1.
std::vector<Line> full_scan(int n_ky = 24, int samples = 32, int coils = 2);

/// Writes one group. A second call with another group adds to the file.
void write_scan(const std::filesystem::path& path, const std::string& xml, const std::vector<Line>& lines,
                const std::string& group = "dataset");

/// The same scan as a stream of messages.
struct StreamParts {
  bool config_file = false, config_text = false;
  bool counted_nul = false;  ///< the header ends with a NUL, as the Python client writes it
  bool text = false, waveform = false, image = false, array = false;  ///< one of each before the readouts
  bool close = true;
};
std::string stream_of(const std::string& xml, const std::vector<Line>& lines, const StreamParts& parts = {});
void write_bytes(const std::filesystem::path& path, const std::string& bytes);

/// Replaces the samples of one readout by `count` floats, whatever its header says.
void set_stored_length(const std::filesystem::path& path, int64_t readout, std::size_t count);

/// Writes the header text as a fixed-length string.
void write_fixed_length_header(const std::filesystem::path& path, const std::string& xml);

}  // namespace raki::test
