#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "gpu/error.h"
#include "gpu/text.h"
#include "jobs/report_sections.h"
#include "recon/noise.h"

namespace raki {

namespace {

/// The coils' noise, and what speaks against whitening by it.
struct CoilNoise {
  std::vector<double> sd;       ///< one a coil; NaN where samples are not finite
  std::vector<int64_t> number;  ///< of every coil in the file
  std::vector<int64_t> dead;    ///< numbers of coils without power or with samples that are not finite
  std::optional<double> condition;
  std::string trouble;  ///< why a reconstruction would refuse; empty: it would not
};

bool alive(double sd) {
  return std::isfinite(sd) && sd > 0;
}

CoilNoise survey(const ScanSummary& scan) {
  CoilNoise noise;
  const at::Tensor power =
      scan.noise->samples.to(at::kComplexDouble).abs().square().mean(1).cpu().contiguous();
  for (int64_t coil = 0; coil < power.size(0); ++coil) {
    noise.sd.push_back(std::sqrt(power.const_data_ptr<double>()[coil]));
    noise.number.push_back(scan.noise->number_of(coil));
    if (!alive(noise.sd.back())) noise.dead.push_back(noise.number.back());
  }
  try {
    const NoiseCovariance covariance = estimate_noise_covariance(*scan.noise);
    if (std::isfinite(covariance.condition)) noise.condition = covariance.condition;
    whitening_matrix(covariance, scan.dwell_time_us, scan.protocol.relative_receiver_noise_bandwidth);
  } catch (const InputError& error) {
    noise.trouble =
        joined_known({error.facts().what, error.facts().found.empty() ? "" : "found " + error.facts().found});
  }
  return noise;
}

/// Coils that are alive, the quietest first.
std::vector<size_t> by_noise(const CoilNoise& noise) {
  std::vector<size_t> coils;
  for (size_t coil = 0; coil < noise.sd.size(); ++coil)
    if (alive(noise.sd[coil])) coils.push_back(coil);
  std::stable_sort(coils.begin(), coils.end(), [&](size_t a, size_t b) { return noise.sd[a] < noise.sd[b]; });
  return coils;
}

void tell_levels(ScanReport& report, const CoilNoise& noise) {
  const std::vector<size_t> coils = by_noise(noise);
  std::vector<std::string> dead;
  for (const int64_t coil : noise.dead) dead.push_back(std::to_string(coil));
  Json& json = report.facts["noise"];
  json["quietest_coil"] = json["noisiest_coil"] = nullptr;
  if (!coils.empty()) {
    const double median = noise.sd[coils[coils.size() / 2]];
    const auto level = [&](size_t coil) {
      return "coil " + std::to_string(noise.number[coil]) + ", sd " + short_text(noise.sd[coil] / median) +
             " of the median coil's";
    };
    report.row("noisiest", level(coils.back()));
    report.row("quietest", level(coils.front()));
    json["noisiest_coil"] = noise.number[coils.back()];
    json["quietest_coil"] = noise.number[coils.front()];
  }
  report.row("dead coils", dead.empty() ? "none" : joined_known(dead));
  json["sd"] = noise.sd;
  json["dead_coils"] = noise.dead;
}

void tell_noise(ScanReport& report, const ScanSummary& scan) {
  const int64_t samples = scan.noise->samples.size(1);
  const CoilNoise noise = survey(scan);
  const auto dwell = [](double us) { return us > 0 ? short_text(us) + " us" : "not stated"; };
  report.facts["noise"] = {{"samples", samples},
                           {"condition", noise.condition ? Json(*noise.condition) : Json(nullptr)},
                           {"trouble", noise.trouble}};
  report.row("noise scan", counted(samples, "sample") + " a coil");
  report.row("dwell time", "noise " + dwell(scan.noise->dwell_time_us) + ", image " +
                               dwell(scan.dwell_time_us.value_or(0)));
  report.row("condition number", noise.condition ? short_text(*noise.condition) : "unknown");
  tell_levels(report, noise);
  report.row("prewhitening",
             noise.trouble.empty() ? "works" : "cannot, recon needs --no-prewhiten: " + noise.trouble);
}

}  // namespace

void tell_coils(ScanReport& report, const ScanSummary& scan, const ReconOptions& options) {
  const bool compressed = options.coils > 0 && scan.n_coils > options.coils;
  report.section("Coils and noise");
  report.row(
      "coils",
      std::to_string(scan.n_coils) + (scan.n_coils > 1 ? ", counted from 0" : "") +
          (compressed ? "; recon makes " + std::to_string(options.coils) + " virtual ones of them" : ""));
  report.facts["noise"] = nullptr;
  report.facts["noise_samples"] = scan.noise ? scan.noise->samples.size(1) : 0;
  if (scan.noise)
    tell_noise(report, scan);
  else
    report.row("noise scan", "none: the noise level is estimated from the image data");
}

}  // namespace raki
