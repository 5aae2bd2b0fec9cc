#include "recon/types.h"

#include "gpu/error.h"
#include "recon/sampling.h"

namespace raki {
namespace {

const CoilBasis four_coils{CoilBasis::Kind::physical, 4, false};

Sampling full_sampling(int64_t n_kz, int64_t n_ky) {
  return detect_sampling(at::ones({n_kz, n_ky}, at::kBool), {0, n_ky}, {0, n_kz});
}

at::Tensor zeros(std::vector<int64_t> shape) {
  return at::zeros(shape, at::kComplexFloat);
}

TEST(Types, NounsTakeArraysThatFit) {
  EXPECT_NO_THROW(KSpace(zeros({2, 4, 1, 6, 8}), four_coils));
  EXPECT_NO_THROW(Calibration(zeros({2, 4, 3, 6, 8}), four_coils));
  EXPECT_NO_THROW(CoilImages(zeros({2, 4, 1, 6, 8}), four_coils));
  EXPECT_NO_THROW(SensitivityMaps(zeros({2, 4, 1, 6, 8}), four_coils));
  EXPECT_NO_THROW(UndersampledKSpace(zeros({2, 4, 3, 6, 8}), full_sampling(3, 6), four_coils));
  EXPECT_NO_THROW(Image(zeros({2, 1, 6, 8})));
  EXPECT_NO_THROW(Image(at::zeros({2, 1, 6, 8}, at::kFloat)));
}

TEST(Types, AnotherNumberOfCoilsIsRefused) {
  EXPECT_THROW(KSpace(zeros({2, 3, 1, 6, 8}), four_coils), InputError);
  EXPECT_THROW(CoilImages(zeros({2, 5, 1, 6, 8}), four_coils), InputError);
}

TEST(Types, AnotherNumberOfAxesOrAnotherTypeIsRefused) {
  EXPECT_THROW(KSpace(zeros({4, 1, 6, 8}), four_coils), InputError);
  EXPECT_THROW(KSpace(at::zeros({2, 4, 1, 6, 8}, at::kFloat), four_coils), InputError);
  EXPECT_THROW(KSpace(at::zeros({2, 4, 1, 6, 8}, at::kComplexDouble), four_coils), InputError);
  EXPECT_THROW(Image(at::zeros({2, 1, 6, 8}, at::kDouble)), InputError);
  EXPECT_THROW(Image(at::Tensor()), InputError);
}

TEST(Types, KSpaceThatDoesNotFitItsSamplingIsRefused) {
  EXPECT_THROW(UndersampledKSpace(zeros({2, 4, 1, 7, 8}), full_sampling(1, 6), four_coils), InputError);
  EXPECT_THROW(UndersampledKSpace(zeros({2, 4, 2, 6, 8}), full_sampling(1, 6), four_coils), InputError);
}

TEST(Types, MixingBasesIsAnErrorThatNamesBoth) {
  const CoilBasis whitened{CoilBasis::Kind::whitened, 4, true};
  EXPECT_NO_THROW(check_same_basis(four_coils, four_coils, "here"));
  try {
    check_same_basis(four_coils, whitened, "here");
    FAIL() << "two bases were accepted";
  } catch (const InputError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("4 physical coils"), std::string::npos) << text;
    EXPECT_NE(text.find("4 whitened coils"), std::string::npos) << text;
    EXPECT_NE(text.find("here"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace raki
