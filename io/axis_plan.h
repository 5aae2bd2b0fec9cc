#pragma once
// Where a phase-encode counter goes on its axis. Size and centre come from the header where the lines bear it
// out, else from the lines; where the lines alone cannot tell, from the k-space energy. Which source won is
// kept as a Decision.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "recon/sampling.h"
#include "recon/scan.h"

namespace raki {

/// What the file says about one axis, to be checked.
struct AxisClaims {
  std::string name;                      ///< "ky" or "kz"
  std::optional<int64_t> encoded;        ///< size of the encoded matrix
  int64_t lines = 0, lines_outside = 0;  ///< of the scan; of these, with a counter beyond `encoded`
  std::optional<EncodingLimits> limits;
  std::optional<int64_t> line_centre;  ///< the centre as the lines state it (Siemens: idx.user[5] and [6])
};

/// Row = counter + offset; k = 0 at row n / 2.
struct AxisPlan {
  int64_t n = 1, offset = 0;
  LineRange encoded{0, 1};    ///< rows that were encoded; those outside are partial Fourier or padding
  bool header_agrees = true;  ///< the header's encoded size was usable
  bool flat = false;          ///< no axis, whatever the counters are: every line goes to row 0
};

/// The encoded rows of an axis of `n` whose measured ones are `lines` (ascending, not empty): from the first
/// to the last, and on to the edge where less than one line spacing is missing.
LineRange encoded_range(const std::vector<int64_t>& lines, int64_t n);

/// `counters`: the distinct values found, ascending, not empty. `energy_centre`: the counter of the line with
/// most energy; asked only when header and lines leave the centre open.
/// @throws InputError (65) when a few counters lie outside a range that all others keep to.
AxisPlan plan_axis(const std::vector<int64_t>& counters, const AxisClaims& claims,
                   const std::function<int64_t()>& energy_centre, std::vector<Decision>& evidence);

}  // namespace raki
