#pragma once
// How the scan was made, in the words of DICOM: shared by both storage classes.

#include <string>
#include <string_view>
#include <vector>

#include "io/dicom/series.h"
#include "io/dicom/table.h"

namespace raki {

/// Value of this contrast; a single value counts for all contrasts; 0 when missing, which is also what
/// converters write for missing.
double of_contrast(const std::vector<double>& values, int64_t contrast);

/// The same as a decimal string; empty when missing.
std::string decimal_of_contrast(const std::vector<double>& values, int64_t contrast);

/// What a sequence's name says about Scanning Sequence and Sequence Variant; "RM" (research mode) where it
/// says nothing.
struct SequenceKind {
  std::string_view word, sequence, variant;
};
SequenceKind sequence_kind(const Protocol& protocol);

/// "HeadNeck_20:1:H11", "HeadNeck_20:1:H12" -> "HeadNeck_20"; empty for coils of several names.
std::string coil_name(const std::vector<std::string>& elements);

/// Resonant Nucleus: "1H" where the header states the frequency of protons; else empty.
std::string nucleus(const Protocol& protocol);

/// Partial Fourier Direction: PHASE, SLICE_SELECT, FREQUENCY or COMBINATION; empty where every line was
/// encoded.
std::string partial_fourier_direction(const DicomSeries& series);

/// Attributes that have the same names in both storage classes.
void imaging_frequency(DicomTable& table, const Protocol& protocol);
void echo_train(DicomTable& table, const Protocol& protocol);
/// Parallel Acquisition, its reduction factors and technique; nothing where every line was measured.
void parallel_acquisition(DicomTable& table, const DicomSeries& series);

}  // namespace raki
