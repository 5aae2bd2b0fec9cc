#pragma once
// The torture set: for each trap that a raw-data file can set, a small file and what the reader must make of
// it. A row is a Trap; io_torture_test.cpp judges all rows alike.

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "gpu/error.h"
#include "io/reader_options.h"
#include "recon/scan.h"
#include "tests/support/ismrmrd_cases.h"

namespace raki::test {

/// Which samples of the image are those of kspace_point: of the measured lines the columns [first_kx,
/// end_kx), all others zero. Frames are multiplied by frame_factor.
struct Truth {
  int64_t first_kx = 0, end_kx = INT64_MAX;
  double scale = 1;
  double tolerance = 0;       ///< relative; 0: bit for bit
  bool frames_alike = false;  ///< they have no factors
};

/// Reference lines that are handed on beside the image; the first of them lies at (kz, ky) from the centre.
struct Reference {
  int64_t n_ky = 0, n_kx = 32, n_kz = 1;
  int64_t ky = 0, kz = 0, first_kx = 0;
  double scale = 1;  ///< 0: only the size is looked at
  double tolerance = 0;
};

/// Words that must stand in the value, source or detail of the decision on `subject`.
struct Said {
  std::string subject, words;
};

/// What must come out. Of a scan that is read, contradictions and dropped lines must be exactly those listed
/// and every frame must be the truth; other facts are looked at where they are set.
struct Expected {
  std::vector<std::string> refused{};  ///< not empty: the input is refused with these words
  ExitCode code = ExitCode::bad_data;
  std::vector<std::string> contradicted{};
  std::map<std::string, int64_t> dropped{};
  std::vector<Said> said{};
  std::optional<MatrixSize> matrix{}, image{};
  std::optional<int64_t> frames{}, coils{}, measured{}, averages{};  // measured: of frame 0
  std::optional<int64_t> r{}, r_kz{}, shift{}, acs{}, acs_kz{};      // of frame 0; ACS in lines
  std::optional<LineRange> encoded_ky{}, encoded_kz{};
  std::optional<bool> even{}, geometry_known{};
  std::optional<double> oversampling{};
  std::optional<int64_t> noise{};  ///< samples of a coil; 0: there must be none
  std::optional<double> noise_dwell_us{};
  std::vector<std::complex<float>> noise_starts{};  ///< first noise sample of each coil
  std::vector<int64_t> slices{};                    ///< counters in output order
  std::optional<Truth> truth = Truth{};
  std::optional<Reference> reference{};
};

/// Writes the files of a trap into a folder; returns what is to be opened.
using Writer = std::function<std::filesystem::path(const std::filesystem::path& folder)>;

struct Trap {
  std::string name, why;
  Writer write;
  Expected expected{};
  ReaderOptions options{};  ///< paths are relative to the folder
};
/// Names the row in GoogleTest's output.
void PrintTo(const Trap& trap, std::ostream* out);

using Traps = std::vector<Trap>;
using Lines = std::vector<Line>;

/// All rows.
Traps torture_set();

void add_flag_traps(Traps& traps);
void add_trajectory_traps(Traps& traps);
void add_readout_traps(Traps& traps);
void add_axis_traps(Traps& traps);
void add_dimension_traps(Traps& traps);
void add_slice_traps(Traps& traps);
void add_calibration_traps(Traps& traps);
void add_mixed_traps(Traps& traps);
void add_noise_traps(Traps& traps);
void add_header_traps(Traps& traps);
void add_stranger_traps(Traps& traps);
void add_hdf5_traps(Traps& traps);
void add_stream_traps(Traps& traps);
void add_fastmri_traps(Traps& traps);
void add_array_traps(Traps& traps);

/// kspace_value with a third axis: the k-space all scans of the set are cut from.
std::complex<float> kspace_point(int coil, int kz, int ky, int kx, int slice = 0);
/// Frames of other counters differ by this factor.
float frame_factor(int contrast, int phase, int repetition, int set);
/// Sets the counters and multiplies the samples by frame_factor.
Line in_frame(Line line, int contrast, int phase, int repetition, int set);
/// Line (kz, ky) of a slab.
Line slab_line(int ky, int n_ky, int kz, int n_kz);
Lines full_slab(int n_ky, int n_kz);

Lines each(Lines lines, const std::function<void(Line&)>& change);
Lines where(Lines lines, const std::function<bool(const Line&)>& keep);
Lines joined(Lines first, const Lines& second);
/// Lines ky = offset, offset + r, ... of 24.
Lines every(int r, int offset = 0, int n_ky = 24);
/// Leaves samples [begin, end), the echo where it was.
void cut(Line& line, int begin, int end);
/// Stores a line as it is read backwards.
void turn(Line& line);
Line scaled(Line line, float factor);
Line flagged(Line line, uint64_t flags);

/// A consistent header for this matrix.
Header sized(int x, int y, int z = 1);

/// scan.h5 of these lines.
Writer scan(const Lines& lines, const Header& header = {});
/// A file of these bytes.
Writer bytes_file(const std::string& name, const std::string& bytes);

}  // namespace raki::test
