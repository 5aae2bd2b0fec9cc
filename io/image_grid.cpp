#include "io/image_grid.h"

#include <cmath>
#include <cstdio>

#include "gpu/text.h"

namespace raki {
namespace {

std::string matrix_text(const MatrixSize& matrix) {
  return std::to_string(matrix.x) + " x " + std::to_string(matrix.y) + " x " + std::to_string(matrix.z);
}

/// A header that tells of an oversampling which its converter has removed: the lines have no more samples
/// than would be left.
bool was_removed(const Protocol& protocol, int64_t samples, double ratio) {
  return protocol.encoded_matrix &&
         samples <= std::llround(static_cast<double>(protocol.encoded_matrix->x) / ratio);
}

/// Encoded / reconstructed field of view along x, where both are stated. A wrong matrix in the header does
/// not change it: the distance of samples is that of the field of view, however many were taken.
double oversampling(const Protocol& protocol, const GridPlan& grid, std::vector<Decision>& evidence) {
  const bool stated = protocol.encoded_fov && protocol.recon_fov;
  const double ratio = stated ? protocol.encoded_fov->x_mm / protocol.recon_fov->x_mm : 1;
  constexpr double largest = 8, rounding = 1e-3;
  const bool usable = ratio > 1 - rounding && ratio <= largest &&
                      (grid.kx.header_agrees || !was_removed(protocol, grid.kx.n, ratio));
  const double factor = usable && ratio > 1 + rounding ? ratio : 1;
  const bool ignored = std::abs(factor - ratio) > rounding;
  evidence.push_back({"readout oversampling", short_text(factor),
                      usable && stated ? "header" : "none assumed",
                      ignored ? "header says " + short_text(ratio) : "", ignored});
  return factor;
}

/// Encoded matrix with oversampling removed: what the lines alone give.
MatrixSize plain_matrix(const ScanSummary& summary, const FieldOfView& fov) {
  const auto& encoded = summary.protocol.encoded_fov;
  const auto cropped = [](int64_t n, double image_mm, double encoded_mm) {
    const double ratio = encoded_mm > image_mm && image_mm > 0 ? image_mm / encoded_mm : 1;
    return std::max<int64_t>(1, std::llround(static_cast<double>(n) * ratio));
  };
  MatrixSize plain;
  plain.x = std::max<int64_t>(
      1, std::llround(static_cast<double>(summary.matrix.x) / summary.readout_oversampling));
  plain.y = encoded ? cropped(summary.matrix.y, fov.y_mm, encoded->y_mm) : summary.matrix.y;
  plain.z =
      encoded && summary.matrix.z > 1 ? cropped(summary.matrix.z, fov.z_mm, encoded->z_mm) : summary.matrix.z;
  return plain;
}

/// A recon matrix may be interpolated, or smaller than the encoded one; beyond a factor of 4 it is a mistake.
bool is_plausible(int64_t stated, int64_t plain) {
  return stated >= 1 && stated <= 4 * plain && 4 * stated >= plain;
}

}  // namespace

void decide_image_grid(const GridPlan& grid, ScanSummary& summary) {
  const Protocol& protocol = summary.protocol;
  summary.matrix = {grid.kx.n, grid.ky.n, grid.kz.n};
  summary.readout_oversampling = oversampling(protocol, grid, summary.evidence);
  const bool agrees = grid.kx.header_agrees && grid.ky.header_agrees;
  const auto& stated_fov = protocol.recon_fov ? protocol.recon_fov : protocol.encoded_fov;
  summary.fov_known = stated_fov.has_value();
  summary.image_fov = stated_fov.value_or(FieldOfView{0, 0, 0});
  const MatrixSize plain = plain_matrix(summary, summary.image_fov);
  const MatrixSize stated = protocol.recon_matrix.value_or(MatrixSize{});
  const bool flat = summary.matrix.z == 1;
  const bool use_header = agrees && is_plausible(stated.x, plain.x) && is_plausible(stated.y, plain.y) &&
                          (flat || is_plausible(stated.z, plain.z));
  summary.image_matrix = use_header ? MatrixSize{stated.x, stated.y, flat ? 1 : stated.z} : plain;
  if (!summary.fov_known)
    summary.image_fov = {static_cast<double>(plain.x), static_cast<double>(plain.y),
                         static_cast<double>(plain.z)};
  else if (summary.image_fov.z_mm <= 0)
    summary.image_fov.z_mm = static_cast<double>(plain.z);
  const bool contradicts = protocol.recon_matrix && stated != summary.image_matrix && !use_header;
  summary.evidence.push_back({"image matrix", matrix_text(summary.image_matrix),
                              use_header ? "header" : "lines",
                              contradicts ? "header says " + matrix_text(stated) : "", contradicts});
  if (!agrees || !summary.fov_known)
    summary.evidence.push_back(
        {"field of view",
         short_text(summary.image_fov.x_mm) + " x " + short_text(summary.image_fov.y_mm) + " mm",
         summary.fov_known ? "header" : "1 mm a pixel",
         summary.fov_known ? "the header's matrix was wrong: this may be too" : "the header states none",
         true});
}

}  // namespace raki
