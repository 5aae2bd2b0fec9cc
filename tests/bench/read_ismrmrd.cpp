// read_ismrmrd: how fast and in how much memory a file of 10,000 readouts is read. One JSON line a case.
//
// Our reader against libismrmrd's one-readout loop and against one plain H5Dread of all samples (which checks
// nothing, and leaves every readout in an allocation of its own); what the child process that parses the
// structure costs; and the memory of a whole scan, from the file to k-space. The file is in the page cache;
// medians of alternating runs.

#include <hdf5.h>
#include <ismrmrd/dataset.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <complex>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "gpu/host_memory.h"
#include "io/scan_reader.h"
#include "tests/support/opened_acquisitions.h"

namespace {

constexpr int n_lines = 250, n_slices = 40, n_readouts = n_lines * n_slices, n_samples = 256;
constexpr const char* header =
    "<ismrmrdHeader><encoding><encodedSpace><matrixSize><x>256</x><y>250</y><z>1</z></matrixSize></"
    "encodedSpace>"
    "<trajectory>cartesian</trajectory></encoding></ismrmrdHeader>";
using Samples = std::vector<std::complex<float>>;

void write_file(const std::string& path, int coils) {
  ISMRMRD::Dataset file(path.c_str(), "dataset", true);
  file.writeHeader(header);
  ISMRMRD::Acquisition readout(n_samples, static_cast<uint16_t>(coils));
  readout.center_sample() = n_samples / 2;
  for (int i = 0; i < n_readouts; ++i) {
    std::fill_n(readout.getDataPtr(), n_samples * coils, std::complex<float>(static_cast<float>(i), 1));
    readout.idx().kspace_encode_step_1 = static_cast<uint16_t>(i % n_lines);
    readout.idx().slice = static_cast<uint16_t>(i / n_lines);
    readout.position()[2] = static_cast<float>(readout.idx().slice);
    file.appendAcquisition(readout);
  }
}

void read_ours(const std::string& path, Samples& out) {
  const auto file = raki::test::open_acquisitions(path);
  std::vector<int64_t> all(file->readouts().size());
  std::iota(all.begin(), all.end(), 0);
  const auto length = static_cast<int64_t>(out.size()) / n_readouts;
  file->read(all, [&](int64_t i, const std::complex<float>* samples) {
    std::copy_n(samples, length, out.begin() + i * length);
  });
}

void read_one_by_one(const std::string& path, Samples& out) {
  ISMRMRD::Dataset file(path.c_str(), "dataset", false);
  ISMRMRD::Acquisition readout;
  const auto length = static_cast<int64_t>(out.size()) / n_readouts;
  for (uint32_t i = 0; i < file.getNumberOfAcquisitions(); ++i) {
    file.readAcquisition(i, readout);
    std::copy_n(readout.getDataPtr(), length, out.begin() + static_cast<int64_t>(i) * length);
  }
}

void read_in_bulk(const std::string& path) {
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  const hid_t data = H5Dopen2(file, "dataset/data", H5P_DEFAULT), space = H5Dget_space(data);
  const hid_t floats = H5Tvlen_create(H5T_NATIVE_FLOAT), type = H5Tcreate(H5T_COMPOUND, sizeof(hvl_t));
  H5Tinsert(type, "data", 0, floats);
  std::vector<hvl_t> readouts(n_readouts);
  H5Dread(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, readouts.data());
  H5Dvlen_reclaim(type, space, H5P_DEFAULT, readouts.data());
  for (const hid_t id : {floats, type}) H5Tclose(id);
  H5Sclose(space);
  H5Dclose(data);
  H5Fclose(file);
}

double seconds_of(const std::function<void()>& read) {
  const auto start = std::chrono::steady_clock::now();
  read();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Medians of the readers, called in turn.
std::vector<double> alternating(const std::vector<std::function<void()>>& readers) {
  std::vector<std::vector<double>> seconds(readers.size());
  for (int round = 0; round < 5; ++round)
    for (std::size_t i = 0; i < readers.size(); ++i) seconds[i].push_back(seconds_of(readers[i]));
  std::vector<double> medians;
  for (const auto& values : seconds) medians.push_back(median(values));
  return medians;
}

bool compare_readers(const std::string& path, int coils) {
  Samples ours(std::size_t{n_readouts} * n_samples * static_cast<std::size_t>(coils)), theirs(ours.size());
  const auto medians = alternating(
      {[&] { read_ours(path, ours); }, [&] { read_one_by_one(path, theirs); }, [&] { read_in_bulk(path); }});
  std::printf(
      "{\"case\": \"read_ismrmrd %d readouts of %d x %d\", \"median\": %.3f, \"unit\": \"s\", "
      "\"libismrmrd_s\": "
      "%.3f, \"ratio\": %.2f, \"bulk_H5Dread_s\": %.3f, \"part_of_bulk\": %.2f, \"mb_per_s\": %.0f}\n",
      n_readouts, coils, n_samples, medians[0], medians[1], medians[1] / medians[0], medians[2],
      medians[0] / medians[2], 8e-6 * static_cast<double>(ours.size()) / medians[0]);
  return ours == theirs;
}

void measure_isolation(const std::string& path) {
  const auto medians =
      alternating({[&] { raki::test::open_acquisitions(path, "", raki::Isolation::child_process); },
                   [&] { raki::test::open_acquisitions(path, "", raki::Isolation::none); }});
  std::printf(
      "{\"case\": \"parse in a child process\", \"median\": %.4f, \"unit\": \"s\", \"in_this_process_s\": "
      "%.4f, "
      "\"cost_s\": %.4f}\n",
      medians[0], medians[1], medians[0] - medians[1]);
}

void measure_memory(const std::string& path, int coils) {
  if (!raki::start_peak_memory()) return;
  const int64_t before = *raki::peak_memory_bytes();
  const raki::ScanReader reader(path);
  std::vector<int64_t> frames(reader.summary().labels.size());
  std::iota(frames.begin(), frames.end(), 0);
  const raki::FrameBatch batch = reader.read(frames);
  const double data = 8.0 * n_readouts * n_samples * coils;
  std::printf("{\"case\": \"memory of a scan of %.0f MB\", \"peak_of_data\": %.3f}\n", data * 1e-6,
              static_cast<double>(*raki::peak_memory_bytes() - before) / data);
}

}  // namespace

int main() {
  bool agree = true;
  for (const int coils : {8, 32}) {
    const std::string path =
        (std::filesystem::temp_directory_path() / ("raki_bench_" + std::to_string(getpid()) + ".h5"))
            .string();
    write_file(path, coils);
    if (coils == 32) measure_memory(path, coils);
    agree = compare_readers(path, coils) && agree;
    measure_isolation(path);
    std::filesystem::remove(path);
  }
  if (!agree) std::fputs("the two readers disagree\n", stderr);
  return agree ? EXIT_SUCCESS : EXIT_FAILURE;
}
