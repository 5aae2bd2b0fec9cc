#include "recon/types.h"

#include "gpu/check.h"
#include "gpu/error.h"

namespace raki {
namespace {

std::string_view kind_name(CoilBasis::Kind kind) {
  switch (kind) {
    case CoilBasis::Kind::physical:
      return "physical";
    case CoilBasis::Kind::whitened:
      return "whitened";
    case CoilBasis::Kind::virtual_coils:
      return "virtual";
  }
  throw Bug("a coil basis of unknown kind");
}

void check_kspace(const at::Tensor& samples, std::string_view noun, const CoilBasis& basis) {
  check_tensor(samples, noun, {{"frame"}, {"coil", basis.n_coils}, {"kz"}, {"ky"}, {"kx"}},
               at::kComplexFloat);
}

void check_coil_images(const at::Tensor& samples, std::string_view noun, const CoilBasis& basis) {
  check_tensor(samples, noun, {{"frame"}, {"coil", basis.n_coils}, {"z"}, {"y"}, {"x"}}, at::kComplexFloat);
}

}  // namespace

std::string CoilBasis::name() const {
  std::string text = std::to_string(n_coils);
  text.append(" ").append(kind_name(kind)).append(n_coils == 1 ? " coil" : " coils");
  if (kind == Kind::virtual_coils) text += unit_noise ? " of unit noise" : " of unknown noise";
  return text;
}

void check_same_basis(const CoilBasis& a, const CoilBasis& b, std::string_view where) {
  if (a == b) return;
  throw InputError({"Two arrays with different coils cannot be used together", a.name(), b.name(),
                    std::string(where), "Send both through the same prewhitening and coil compression"});
}

UndersampledKSpace::UndersampledKSpace(at::Tensor samples_in, Sampling sampling_in, CoilBasis basis_in)
    : samples(std::move(samples_in)), sampling(std::move(sampling_in)), basis(basis_in) {
  check_tensor(sampling.mask, "sampling mask", {{"kz"}, {"ky"}}, at::kBool);
  check_tensor(samples, "undersampled k-space",
               {{"frame"}, {"coil", basis.n_coils}, {"kz", sampling.n_kz()}, {"ky", sampling.n_ky()}, {"kx"}},
               at::kComplexFloat);
  if (sampling.readout && sampling.readout->n != samples.size(axis::kx))
    throw Bug("a readout of another length than the k-space's");
}

KSpace::KSpace(at::Tensor samples_in, CoilBasis basis_in) : samples(std::move(samples_in)), basis(basis_in) {
  check_kspace(samples, "k-space", basis);
}

Calibration::Calibration(at::Tensor samples_in, CoilBasis basis_in)
    : samples(std::move(samples_in)), basis(basis_in) {
  check_kspace(samples, "calibration", basis);
}

CoilImages::CoilImages(at::Tensor samples_in, CoilBasis basis_in)
    : samples(std::move(samples_in)), basis(basis_in) {
  check_coil_images(samples, "coil images", basis);
}

SensitivityMaps::SensitivityMaps(at::Tensor samples_in, CoilBasis basis_in)
    : samples(std::move(samples_in)), basis(basis_in) {
  check_coil_images(samples, "sensitivity maps", basis);
}

Image::Image(at::Tensor samples_in) : samples(std::move(samples_in)) {
  const bool is_magnitude = samples.defined() && samples.scalar_type() == at::kFloat;
  check_tensor(samples, "image", {{"frame"}, {"z"}, {"y"}, {"x"}},
               is_magnitude ? at::kFloat : at::kComplexFloat);
}

NoiseCorrelation::NoiseCorrelation(at::Tensor lags_in, at::Tensor sigma_in, CoilBasis basis_in)
    : lags(std::move(lags_in)), sigma(std::move(sigma_in)), basis(basis_in) {
  check_tensor(
      lags, "noise correlation",
      {{"frame"}, {"coil", basis.n_coils}, {"coil", basis.n_coils}, {"kz lag"}, {"ky lag"}, {"kx lag"}},
      at::kComplexFloat);
  check_tensor(sigma, "noise sd", {{"frame", lags.size(0)}, {"coil", basis.n_coils}}, at::kFloat);
}

NoiseMap::NoiseMap(at::Tensor samples_in) : samples(std::move(samples_in)) {
  check_tensor(samples, "noise map", {{"frame"}, {"z"}, {"y"}, {"x"}}, at::kFloat);
}

}  // namespace raki
