#pragma once
// Scans written line by line and opened with ScanReader: what the tests of the reader share.

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "gpu/error.h"
#include "io/scan_reader.h"
#include "tests/support/ismrmrd_cases.h"
#include "tests/support/laws.h"
#include "tests/support/temporary_folder.h"

namespace raki::test {

/// Writes a scan and opens it.
class ScanReaderTest : public testing::Test {
 protected:
  ScanReader open(const std::vector<Line>& lines, const Header& header = {}) {
    const auto path = folder_.path / ("scan" + std::to_string(written_++) + ".h5");
    write_scan(path, to_xml(header), lines);
    return ScanReader(path);
  }

  /// The error that opening, or reading frame 0, ends in.
  Facts refusal(const std::vector<Line>& lines, const Header& header = {}) {
    try {
      open(lines, header).read({0});
    } catch (const InputError& error) {
      EXPECT_EQ(error.code(), ExitCode::bad_data);
      EXPECT_NE(std::string(error.what()).find("scan"), std::string::npos)
          << "the file is not named: " << error.what();
      return error.facts();
    }
    ADD_FAILURE() << "the scan was accepted";
    return {};
  }

  TemporaryFolder folder_;
  int written_ = 0;
};

/// (1, coil, 1, ky, kx) of kspace_value about the centres n / 2.
inline at::Tensor expected_kspace(int n_ky = 24, int n_kx = 32, int coils = 2, int slice = 0) {
  at::Tensor k = at::empty({1, coils, 1, n_ky, n_kx}, at::kComplexFloat);
  auto* out = k.mutable_data_ptr<c10::complex<float>>();
  for (int coil = 0; coil < coils; ++coil)
    for (int ky = 0; ky < n_ky; ++ky)
      for (int kx = 0; kx < n_kx; ++kx) *out++ = kspace_value(coil, ky - n_ky / 2, kx - n_kx / 2, slice);
  return k;
}

inline void expect_same(const at::Tensor& found, const at::Tensor& expected) {
  ASSERT_EQ(found.sizes(), expected.sizes());
  EXPECT_TRUE(at::equal(found, expected))
      << "largest difference " << (found - expected).abs().max().item<float>();
}

inline const Decision* find(const ScanSummary& summary, const std::string& subject) {
  for (const Decision& decision : summary.evidence)
    if (decision.subject == subject) return &decision;
  return nullptr;
}

inline bool contradicts(const ScanSummary& summary, const std::string& subject) {
  const Decision* const decision = find(summary, subject);
  return decision != nullptr && decision->contradiction;
}

inline std::vector<Line> only(std::vector<Line> lines, const std::function<bool(const Line&)>& keep) {
  std::erase_if(lines, [&](const Line& line) { return !keep(line); });
  return lines;
}

}  // namespace raki::test
