// read_ismrmrd: our reader against libismrmrd's one-readout loop on a file of 10,000 readouts. One JSON line.
//
// Both read every header and every sample into one array, from a file that is in the page cache; the median
// of alternating runs. Ours opens the file, checks every length and that every sample is finite.

#include <ismrmrd/dataset.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <complex>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

#include "tests/support/opened_acquisitions.h"

namespace {

constexpr int n_readouts = 10000, n_samples = 256, n_coils = 8;
using Samples = std::vector<std::complex<float>>;

void write_file(const std::string& path) {
  ISMRMRD::Dataset file(path.c_str(), "dataset", true);
  file.writeHeader("<ismrmrdHeader/>");
  ISMRMRD::Acquisition readout(n_samples, n_coils);
  for (int i = 0; i < n_readouts; ++i) {
    std::fill_n(readout.getDataPtr(), n_samples * n_coils, std::complex<float>(static_cast<float>(i), 1));
    file.appendAcquisition(readout);
  }
}

void read_ours(const std::string& path, Samples& out) {
  const auto file = raki::test::open_acquisitions(path);
  std::vector<int64_t> all(file->readouts().size());
  std::iota(all.begin(), all.end(), 0);
  file->read(all, [&](int64_t i, const std::complex<float>* samples) {
    std::copy_n(samples, n_samples * n_coils, out.begin() + i * n_samples * n_coils);
  });
}

void read_one_by_one(const std::string& path, Samples& out) {
  ISMRMRD::Dataset file(path.c_str(), "dataset", false);
  ISMRMRD::Acquisition readout;
  for (uint32_t i = 0; i < file.getNumberOfAcquisitions(); ++i) {
    file.readAcquisition(i, readout);
    std::copy_n(readout.getDataPtr(), n_samples * n_coils,
                out.begin() + static_cast<int64_t>(i) * n_samples * n_coils);
  }
}

template <class Read>
double seconds_of(const Read& read) {
  const auto start = std::chrono::steady_clock::now();
  read();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

}  // namespace

int main() {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("raki_bench_" + std::to_string(getpid()) + ".h5")).string();
  write_file(path);
  Samples ours(std::size_t{n_readouts} * n_samples * n_coils), theirs(ours.size());
  std::vector<double> our_seconds, their_seconds;
  for (int round = 0; round < 3; ++round) {
    our_seconds.push_back(seconds_of([&] { read_ours(path, ours); }));
    their_seconds.push_back(seconds_of([&] { read_one_by_one(path, theirs); }));
  }
  std::filesystem::remove(path);
  if (ours != theirs) {
    std::fputs("the two readers disagree\n", stderr);
    return EXIT_FAILURE;
  }
  const double megabytes = 8e-6 * static_cast<double>(ours.size());
  std::printf(
      "{\"case\": \"read_ismrmrd %d readouts of %d x %d\", \"median\": %.3f, \"unit\": \"s\", "
      "\"libismrmrd_s\": %.3f, "
      "\"ratio\": %.2f, \"mb_per_s\": %.0f}\n",
      n_readouts, n_coils, n_samples, median(our_seconds), median(their_seconds),
      median(their_seconds) / median(our_seconds), megabytes / median(our_seconds));
}
