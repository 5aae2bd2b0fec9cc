#include "io/readout_plan.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "gpu/error.h"
#include "io/line_sorting.h"

namespace raki {
namespace {

/// The extent of one readout in its own samples.
struct Extent {
  int64_t samples, begin, end, centre;
};

bool centre_is_stated(const ReadoutHeader& readout) {
  return readout.centre_sample > 0 && readout.centre_sample < readout.samples;
}

Extent extent_of(const ReadoutHeader& readout, bool discards_outside) {
  Extent extent{readout.samples, readout.discard_pre, readout.samples - readout.discard_post,
                centre_is_stated(readout) ? readout.centre_sample : readout.samples / 2};
  if (discards_outside) {
    const int64_t whole = extent.samples + readout.discard_pre + readout.discard_post;
    extent = {extent.samples, 0, extent.samples, whole / 2 - readout.discard_pre};
  }
  if (!is_reversed(readout)) return extent;
  const int64_t mirror = extent.samples % 2 == 0 ? extent.samples : extent.samples - 1;
  return {extent.samples, extent.samples - extent.end, extent.samples - extent.begin, mirror - extent.centre};
}

/// Smallest axis with its zero at n / 2 that holds `before` samples in front of the centre and `after` from
/// it on.
int64_t smallest_axis(int64_t before, int64_t after) {
  return std::max(2 * before, 2 * after - 1);
}

/// The stored samples and the discarded ones make up the encoded matrix, and the echo, where it is stated,
/// lies in the middle of that: counted from the first stored sample or from the first of all.
bool counts_discards_outside(const ReadoutHeader& readout, std::optional<int64_t> encoded) {
  const int64_t discarded = readout.discard_pre + readout.discard_post;
  const int64_t whole = readout.samples + discarded;
  if (discarded == 0 || encoded != whole) return false;
  return !centre_is_stated(readout) || readout.centre_sample == whole / 2 ||
         readout.centre_sample + readout.discard_pre == whole / 2;
}

const ReadoutHeader& commonest(const std::vector<ReadoutHeader>& readouts,
                               const std::vector<int64_t>& lines) {
  using Kind = std::tuple<uint16_t, uint16_t, uint16_t, uint16_t, bool>;
  std::map<Kind, std::pair<int64_t, int64_t>> count;  // how many, and the first of them
  for (const int64_t line : lines) {
    const auto& r = readouts[static_cast<std::size_t>(line)];
    auto& entry =
        count
            .try_emplace({r.samples, r.centre_sample, r.discard_pre, r.discard_post, is_reversed(r)}, 0, line)
            .first->second;
    ++entry.first;
  }
  const auto top = std::max_element(count.begin(), count.end(),
                                    [](auto& a, auto& b) { return a.second.first < b.second.first; });
  return readouts[static_cast<std::size_t>(top->second.second)];
}

}  // namespace

ReadoutPlan plan_readout(const std::vector<ReadoutHeader>& readouts, const std::vector<int64_t>& lines,
                         std::optional<int64_t> encoded, std::vector<Decision>& evidence) {
  const ReadoutHeader& usual = commonest(readouts, lines);
  ReadoutPlan plan;
  const int64_t discarded = usual.discard_pre + usual.discard_post;
  plan.discards_outside = counts_discards_outside(usual, encoded);
  const Extent extent = extent_of(usual, plan.discards_outside);
  const int64_t smallest = smallest_axis(extent.centre - extent.begin, extent.end - extent.centre);
  const bool symmetric = extent.end - extent.begin >= smallest - 1;
  plan.header_agrees = !encoded || *encoded == smallest || (*encoded > smallest && !symmetric) ||
                       plan.discards_outside || (discarded > 0 && *encoded == usual.samples);
  plan.n = encoded && plan.header_agrees ? *encoded : symmetric ? smallest : smallest + smallest % 2;
  const std::string stored =
      std::to_string(usual.samples) + " samples, echo at " + std::to_string(extent.centre);
  evidence.push_back(
      {"readout", std::to_string(plan.n) + " samples",
       encoded && plan.header_agrees ? "header and lines" : "lines",
       plan.header_agrees ? stored : "header says " + std::to_string(*encoded) + ", lines have " + stored,
       !plan.header_agrees});
  if (!centre_is_stated(usual))
    evidence.push_back({"echo centre", "middle of the readout", "lines",
                        "center_sample is " + std::to_string(usual.centre_sample), true});
  if (discarded > 0)
    evidence.push_back(
        {"discarded samples",
         std::to_string(usual.discard_pre) + " before, " + std::to_string(usual.discard_post) + " after",
         "lines", plan.discards_outside ? "counted on top of the stored samples, against the definition" : "",
         plan.discards_outside});
  return plan;
}

void note_sampled(LineRange sampled, const std::string& evidence, ScanSummary& summary) {
  const int64_t n = summary.matrix.x;
  if (sampled.size() == n) return;
  for (Sampling& sampling : summary.samplings) sampling.readout = ReadoutExtent{n, sampled};
  summary.evidence.push_back(
      {"kx samples", to_text(sampled) + " of " + std::to_string(n), "lines", evidence, false});
}

SampleSpan place_samples(const ReadoutPlan& plan, const ReadoutHeader& readout, const std::string& where) {
  const Extent extent = extent_of(readout, plan.discards_outside);
  const SampleSpan span{extent.begin, extent.end, plan.n / 2 - extent.centre + extent.begin,
                        is_reversed(readout)};
  if (span.begin < 0 || span.begin >= span.end || span.first < 0 ||
      span.first + span.end - span.begin > plan.n)
    throw InputError({"A readout does not fit the others",
                      std::to_string(readout.samples) + " samples, echo at " +
                          std::to_string(readout.centre_sample) + ", " + std::to_string(readout.discard_pre) +
                          " + " + std::to_string(readout.discard_post) + " discarded",
                      "within " + std::to_string(plan.n) + " samples about the echo", where, ""});
  return span;
}

}  // namespace raki
