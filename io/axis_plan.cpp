#include "io/axis_plan.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "gpu/error.h"

namespace raki {
namespace {

struct Centre {
  int64_t counter = 0;
  std::string source;
  std::string contradicted;  ///< what said otherwise
};

std::string range_text(int64_t lowest, int64_t highest) {
  return std::to_string(lowest) + "-" + std::to_string(highest);
}

/// Commonest spacing of the counters outside their largest gapless block.
int64_t spacing_of(const std::vector<int64_t>& counters) {
  const int64_t n = counters.back() - counters.front() + 1;
  at::Tensor mask = at::zeros({1, n}, at::kBool);
  for (const int64_t counter : counters) mask.mutable_data_ptr<bool>()[counter - counters.front()] = true;
  return detect_sampling(mask, {0, n}, {0, 1}).acceleration_ky;
}

[[noreturn]] void refuse_counter(const AxisClaims& claims, int64_t counter, const std::string& expected) {
  throw InputError({"A " + claims.name + " counter is out of range", std::to_string(counter), expected, "",
                    "The file is damaged"});
}

bool limits_hold(const std::vector<int64_t>& counters, const std::optional<EncodingLimits>& limits) {
  return limits && limits->minimum <= counters.front() && limits->maximum >= counters.back() &&
         limits->center >= limits->minimum && limits->center <= limits->maximum;
}

/// The header's size if it is not beyond all measure and the counters keep to it (they need not start at 0,
/// where the limits say so). A few strays are damage; many are a header that is wrong.
std::optional<int64_t> usable_size(const std::vector<int64_t>& counters, const AxisClaims& claims) {
  if (!claims.encoded) return std::nullopt;
  constexpr int64_t times_too_large = 64, always_plausible = 1024;
  if (*claims.encoded > always_plausible + times_too_large * (counters.back() + 1)) return std::nullopt;
  if (counters.back() < *claims.encoded) return claims.encoded;
  const auto& limits = claims.limits;
  if (limits_hold(counters, limits) && limits->maximum - limits->minimum < *claims.encoded)
    return claims.encoded;
  constexpr int64_t strays_per_line = 20;
  if (claims.lines_outside * strays_per_line <= claims.lines)
    refuse_counter(claims, counters.back(), "below the encoded size " + std::to_string(*claims.encoded));
  return std::nullopt;
}

std::string limits_text(const std::optional<EncodingLimits>& limits) {
  return limits ? "limits " + range_text(limits->minimum, limits->maximum) + " centre " +
                      std::to_string(limits->center)
                : "";
}

bool fits(const std::vector<int64_t>& counters, int64_t centre, int64_t n) {
  return counters.front() - centre + n / 2 >= 0 && counters.back() - centre + n / 2 < n;
}

/// The counters reach both ends of the axis, as far as their spacing lets them: the centre follows.
Centre centre_of_complete(const std::vector<int64_t>& counters, const AxisClaims& claims, int64_t n) {
  const bool limits_agree = limits_hold(counters, claims.limits) && claims.limits->center == n / 2;
  if (limits_agree) return {n / 2, "limits", ""};
  return {n / 2, "lines", limits_text(claims.limits)};
}

/// Header or lines, whichever the energy bears out; else the energy itself.
Centre centre_by_energy(const std::vector<int64_t>& counters, const AxisClaims& claims, int64_t energy,
                        int64_t spacing) {
  // The energy may be off by a few lines; on a short axis, as of a slab's partitions, fewer are a large part.
  constexpr int64_t part = 16;
  const int64_t few = std::max(spacing, (counters.back() - counters.front() + 1) / part);
  const int64_t tolerance = std::min(std::max<int64_t>(4, 2 * spacing), few);
  struct Candidate {
    std::optional<int64_t> counter;
    const char* source;
  };
  const std::optional<int64_t> middle = (counters.front() + counters.back() + spacing) / 2;
  const std::optional<int64_t> limit =
      limits_hold(counters, claims.limits) ? std::optional(claims.limits->center) : std::nullopt;
  for (const Candidate& candidate :
       {Candidate{limit, "limits"}, {claims.line_centre, "line counters"}, {middle, "lines"}})
    if (candidate.counter && std::abs(*candidate.counter - energy) <= tolerance)
      return {*candidate.counter, candidate.source,
              limit && *limit == *candidate.counter ? "" : limits_text(claims.limits)};
  return {energy, "energy", limits_text(claims.limits)};
}

/// Size of an axis about `centre` from the counters alone; gapless up to the spacing.
int64_t size_from_lines(const std::vector<int64_t>& counters, int64_t centre, int64_t spacing) {
  const int64_t before = centre - counters.front(), after = counters.back() + 1 - centre;
  const int64_t n = std::max(2 * before, 2 * after - 1);
  return spacing > 1 ? n + n % 2 : n;
}

/// From the first to the last line, and on to the edge where less than one line spacing is missing.
LineRange reaching(int64_t first, int64_t last, int64_t n, int64_t spacing) {
  return {first < spacing ? 0 : first, n - 1 - last < spacing ? n : last + 1};
}

AxisPlan lay_out(const std::vector<int64_t>& counters, int64_t n, int64_t centre, int64_t spacing) {
  AxisPlan plan;
  plan.n = n;
  plan.offset = n / 2 - centre;
  plan.encoded = reaching(counters.front() + plan.offset, counters.back() + plan.offset, n, spacing);
  return plan;
}

void explain(const AxisPlan& plan, const Centre& centre, const AxisClaims& claims,
             const std::vector<int64_t>& counters, std::vector<Decision>& evidence) {
  const std::string found = "lines " + range_text(counters.front(), counters.back());
  evidence.push_back({claims.name + " lines", std::to_string(plan.n),
                      plan.header_agrees && claims.encoded ? "header" : "lines",
                      found + (plan.header_agrees ? "" : ", header says " + std::to_string(*claims.encoded)),
                      !plan.header_agrees});
  evidence.push_back({claims.name + " centre", "line " + std::to_string(centre.counter), centre.source,
                      centre.contradicted, !centre.contradicted.empty()});
  if (plan.encoded.size() < plan.n)
    evidence.push_back({claims.name + " partial Fourier or padding",
                        "rows " + range_text(plan.encoded.begin, plan.encoded.end - 1) + " of " +
                            std::to_string(plan.n) + " encoded",
                        "lines", "", false});
}

AxisPlan single_line(int64_t counter, const AxisClaims& claims, std::vector<Decision>& evidence) {
  AxisPlan plan;
  plan.offset = -counter;
  plan.header_agrees = claims.encoded.value_or(1) == 1;
  if (!plan.header_agrees)
    evidence.push_back(
        {claims.name + " lines", "1", "lines", "header says " + std::to_string(*claims.encoded), true});
  return plan;
}

}  // namespace

LineRange encoded_range(const std::vector<int64_t>& lines, int64_t n) {
  return reaching(lines.front(), lines.back(), n, spacing_of(lines));
}

AxisPlan plan_axis(const std::vector<int64_t>& counters, const AxisClaims& claims,
                   const std::function<int64_t()>& energy_centre, std::vector<Decision>& evidence) {
  if (counters.size() == 1) return single_line(counters.front(), claims, evidence);
  constexpr int64_t widest_spacing = 32;
  const auto header_size = usable_size(counters, claims);
  if (!header_size &&
      counters.back() - counters.front() > widest_spacing * static_cast<int64_t>(counters.size()))
    refuse_counter(claims, counters.back(), std::to_string(counters.size()) + " lines near one another");
  const int64_t spacing = spacing_of(counters);
  const bool complete =
      header_size && counters.front() < spacing && counters.back() >= *header_size - spacing;
  Centre centre = complete ? centre_of_complete(counters, claims, *header_size)
                           : centre_by_energy(counters, claims, energy_centre(), spacing);
  const bool header_fits = header_size && fits(counters, centre.counter, *header_size);
  const int64_t n = header_fits ? *header_size : size_from_lines(counters, centre.counter, spacing);
  AxisPlan plan = lay_out(counters, n, centre.counter, spacing);
  plan.header_agrees = header_fits || !claims.encoded;
  explain(plan, centre, claims, counters, evidence);
  return plan;
}

}  // namespace raki
