#pragma once
// Where the samples of a readout go along kx: by the echo centre, never by the left edge.

#include <vector>

#include "io/parse/acquisitions.h"
#include "recon/scan.h"

namespace raki {

/// The kx axis: n samples, k = 0 at n / 2.
struct ReadoutPlan {
  int64_t n = 1;
  bool discards_outside =
      false;  ///< discard_pre/post count samples that are not stored (not ISMRMRD's definition)
  bool header_agrees = true;  ///< the header's encoded matrix was usable along x
};

/// Stored samples [begin, end), in reading order after reversal, go to kx = first, first + 1, ...
struct SampleSpan {
  int64_t begin = 0, end = 0, first = 0;
  bool reversed = false;
};

/// Finds the axis from the commonest kind of readout among `lines`. `encoded`: the header's encoded matrix
/// along x. Asymmetric echoes and discarded samples leave zeros. Appends its Decisions to `evidence`.
ReadoutPlan plan_readout(const std::vector<ReadoutHeader>& readouts, const std::vector<int64_t>& lines,
                         std::optional<int64_t> encoded, std::vector<Decision>& evidence);

/// Tells the samplings of `summary`, which are known, that only these samples of a readout were acquired;
/// says so where that is not all.
void note_sampled(LineRange sampled, const std::string& evidence, ScanSummary& summary);

/// A reversed line is mirrored on its own grid: sample i goes to samples - 1 - i, and the echo centre with
/// it, for even lengths from c to samples - c, so that the centre samples / 2 stays where it is.
/// @throws InputError (65) naming the readout when it does not fit.
SampleSpan place_samples(const ReadoutPlan& plan, const ReadoutHeader& readout, const std::string& where);

}  // namespace raki
