#include "recon/phantom.h"

#include <cmath>
#include <numbers>

#include "gpu/error.h"
#include "recon/fourier.h"
#include "recon/phantom_coils.h"
#include "recon/phantom_object.h"
#include "recon/sampling.h"
#include "tests/support/laws.h"

namespace raki {
namespace {

constexpr double pi = std::numbers::pi;

PhantomOptions small() {
  PhantomOptions options;
  options.matrix_x = 96;
  options.matrix_y = 80;
  options.slices = 2;
  options.oversampling = 1;
  options.acs_lines = 20;
  return options;
}

at::Tensor coil_images(const PhantomOptions& options) {
  return to_coil_images(KSpace(phantom_kspace(options), {CoilBasis::Kind::physical, options.coils, false}))
      .samples;
}

at::Tensor axis_of(int64_t n) {
  return at::arange(-n, n + 1, at::kDouble) / 2;
}

TEST(PhantomObject, TransformOfAnEllipseIsItsBesselFunction) {
  const Ellipse e{0.1, -0.2, 0.3, 0.12, 0.7, 0.8};
  const at::Tensor ky = axis_of(90), kx = axis_of(110);
  const at::Tensor x = kx.unsqueeze(0), y = ky.unsqueeze(1);
  const at::Tensor a = e.a * (std::cos(0.7) * x + std::sin(0.7) * y),
                   b = e.b * (std::cos(0.7) * y - std::sin(0.7) * x);
  const at::Tensor r = at::hypot(a, b).clamp_min(1e-12);
  const at::Tensor size = 0.8 * e.a * e.b * at::special_bessel_j1(2 * pi * r) / r;
  const at::Tensor expected = at::polar(at::ones_like(size), -2 * pi * (e.x * x + e.y * y)) * size;
  const at::Tensor error = (fourier_transform({e}, ky, kx) - expected).abs();
  EXPECT_LE(error.max().item<double>(), 1e-6 * expected.abs().max().item<double>());
}

TEST(PhantomObject, TransformAtZeroIsTheArea) {
  const at::Tensor zero = at::zeros({1}, at::kDouble);
  double area = 0;
  for (const Ellipse& e : head_slice(0, 1)) area += e.density * pi * e.a * e.b;
  EXPECT_NEAR(fourier_transform(head_slice(0, 1), zero, zero).item<c10::complex<double>>().real(), area,
              1e-9);
}

TEST(PhantomObject, HeadHasNoNegativeDensityAndFitsTheFieldOfView) {
  const at::Tensor grid = (at::arange(200, at::kDouble) - 100) / 200;
  for (int64_t slice = 0; slice < 5; ++slice) {
    const at::Tensor object = density(head_slice(slice, 5), grid, grid);
    EXPECT_GE(object.min().item<double>(), -1e-9);
    EXPECT_EQ(object.narrow(0, 0, 10).abs().max().item<double>(), 0);
    EXPECT_EQ(object.narrow(1, 0, 10).abs().max().item<double>(), 0);
  }
}

TEST(PhantomCoils, SumsFollowTheFieldsOfTheLoops) {
  const CoilFields fields = ring_of_coils(8, 2, 2);
  EXPECT_LE(fields.coefficients.abs().max().item<double>(), 100);  // no sum that lives on cancellation
  const at::Tensor u = at::linspace(-0.3, 0.3, 25, at::kDouble);
  const at::Tensor s = evaluate(fields, u, u);
  const at::Tensor power = s.abs().square().sum(0);
  EXPECT_NEAR(power[12][12].item<double>(), 1, 1e-9);
  EXPECT_GT(power.min().item<double>(), 0.3);
  const at::Tensor z =
      at::complex(u.unsqueeze(0).expand({25, 25}).contiguous(), u.unsqueeze(1).expand({25, 25}).contiguous());
  std::vector<at::Tensor> loops;  // Biot and Savart: two wires a loop
  for (int coil = 0; coil < 8; ++coil) {
    const double middle = 2 * pi * (coil + 0.3) / 8, half = 0.9 * pi / 8;
    const auto w1 = c10::polar(0.58, middle + half), w2 = c10::polar(0.58, middle - half);
    loops.push_back(((z - w1).reciprocal() - (z - w2).reciprocal()).abs());
  }
  const at::Tensor expected = at::stack(loops);
  const at::Tensor scale = at::linalg_vector_norm(expected.select(1, 12).select(1, 12));
  EXPECT_LE(laws::relative_difference(s.abs(), expected / scale), 0.02);
}

TEST(Phantom, InverseTransformIsDensityTimesFieldAwayFromEdges) {
  const PhantomOptions options = small();
  const at::Tensor object = phantom_density(options), fields = phantom_coil_fields(options).select(1, 0);
  const at::Tensor expected = object.unsqueeze(1) * fields.unsqueeze(0).unsqueeze(2);
  const at::Tensor padded = object;  // voxels whose 5 x 5 neighbourhood has one density
  const at::Tensor flat =
      (at::max_pool2d(padded, {5, 5}, {1, 1}, {2, 2}) + at::max_pool2d(-padded, {5, 5}, {1, 1}, {2, 2}))
          .abs() < 1e-6;
  const at::Tensor inside = (flat & (object > 0.5)).unsqueeze(1);
  EXPECT_GT(inside.sum().item<int64_t>(), 500);
  EXPECT_LE(laws::relative_difference(coil_images(options) * inside, expected * inside), 0.03);
}

TEST(Phantom, EnergyInKSpaceIsThatOfTheImage) {  // Parseval; what the matrix cuts off is at the edges
  const PhantomOptions options = small();
  const at::Tensor expected =
      phantom_density(options).unsqueeze(1) * phantom_coil_fields(options).unsqueeze(0);
  EXPECT_NEAR(laws::norm_of(phantom_kspace(options)) / laws::norm_of(expected), 1, 0.02);
}

TEST(Phantom, OversampledReadoutHoldsThePlainOne) {
  PhantomOptions options = small();
  const at::Tensor plain = phantom_kspace(options);
  options.oversampling = 2;
  const at::Tensor twice = phantom_kspace(options);
  EXPECT_EQ(twice.sizes(), (std::vector<int64_t>{2, 8, 1, 80, 192}));
  EXPECT_LE(laws::relative_difference(twice.slice(4, 0, 192, 2) * std::sqrt(2.0), plain), 1e-5);
}

TEST(Phantom, LandmarkTellsEveryFlip) {
  const PhantomOptions options = small();
  const at::Tensor image = at::linalg_vector_norm(coil_images(options), 2, {1}, false)[0][0];
  const auto around = [&](int64_t x, int64_t y) {
    return image.slice(0, y - 1, y + 2).slice(1, x - 1, x + 2).mean().item<double>();
  };
  const int64_t dx = 13, dy = -15;  // 0.14 and -0.19 fields of view
  const double landmark = around(48 + dx, 40 + dy);
  EXPECT_GT(landmark, 1.5 * around(48 - dx, 40 + dy));
  EXPECT_GT(landmark, 1.5 * around(48 + dx, 40 - dy));
  EXPECT_GT(landmark, 1.5 * around(48 - dx, 40 - dy));
}

TEST(Phantom, SlicesAndCoilsDiffer) {
  const at::Tensor k = phantom_kspace(small());
  EXPECT_GT(laws::relative_difference(k[1], k[0]), 0.05);
  EXPECT_GT(laws::relative_difference(k[0][1].abs(), k[0][0].abs()), 0.2);
}

/// Noise amplification of SENSE at acceleration R along y inside the head, for unit noise (Pruessmann et al.,
/// MRM 42:952, 1999). Voxels outside the head do not alias: their fields are set to zero and a unit put on
/// the diagonal.
at::Tensor g_factors(const at::Tensor& fields, const at::Tensor& head, int64_t acceleration) {
  const int64_t n_coils = fields.size(0), ny = fields.size(1), nx = fields.size(2);
  const at::Tensor aliased =
      (fields * head).view({n_coils, acceleration, ny / acceleration, nx}).permute({2, 3, 0, 1});
  const at::Tensor inside = head.view({acceleration, ny / acceleration, nx}).permute({1, 2, 0});
  const at::Tensor outside = inside.logical_not().to(at::kComplexDouble);
  const at::Tensor gram = at::matmul(aliased.mH(), aliased).to(at::kComplexDouble) + at::diag_embed(outside);
  const at::Tensor product = at::linalg_inv(gram).diagonal(0, 2, 3) * gram.diagonal(0, 2, 3);
  return at::real(product).sqrt().masked_select(inside);
}

TEST(Phantom, CoilsUnfoldFourTimesAtAPrice) {
  const PhantomOptions options = small();
  const at::Tensor head = phantom_density(options)[0][0] > 0,
                   fields = phantom_coil_fields(options).select(1, 0);
  EXPECT_LT(g_factors(fields, head, 2).max().item<double>(), 1.2);
  const double typical = g_factors(fields, head, 4).median().item<double>();
  EXPECT_GT(typical, 1.2);
  EXPECT_LT(typical, 2.5);
}

TEST(PhantomNoise, HasTheCovarianceThatWasAskedFor) {
  PhantomOptions options;
  const at::Tensor covariance = phantom_noise_covariance(options);
  EXPECT_NEAR(at::real(covariance[0][0]).item<double>(), options.noise * options.noise, 1e-12);
  EXPECT_GT(at::linalg_eigvalsh(covariance)[0].item<double>(), 0);
  EXPECT_GT((covariance[0][1].abs() / covariance[0][0].abs()).item<double>(), 0.2);
  const at::Tensor noise = phantom_noise(covariance, 100000, 3);
  const at::Tensor found = at::matmul(noise, noise.mH()) / 100000;
  EXPECT_LE(laws::relative_difference(found, covariance), 0.02);
}

TEST(PhantomNoise,
     LeavesTheCentreAnSnrOfTwentyToThirty) {  // Roemer 1990: density sqrt(2 s^H Sigma^-1 s), real channel
  const PhantomOptions options;
  const at::Tensor s = phantom_coil_fields(options)
                           .select(1, 0)
                           .to(at::kComplexDouble)
                           .select(1, 128)
                           .select(1, 128)
                           .unsqueeze(1);
  const at::Tensor power = at::matmul(s.mH(), at::linalg_solve(phantom_noise_covariance(options), s));
  const double snr = 0.8 * std::sqrt(2 * at::real(power).item<double>());
  EXPECT_GT(snr, 20);
  EXPECT_LT(snr, 30);
}

TEST(PhantomNoise, SeedDecides) {
  const at::Tensor covariance = phantom_noise_covariance({});
  EXPECT_TRUE(at::equal(phantom_noise(covariance, 50, 3), phantom_noise(covariance, 50, 3)));
  EXPECT_FALSE(at::equal(phantom_noise(covariance, 50, 3), phantom_noise(covariance, 50, 4)));
}

TEST(PhantomNoise, NoneIsNone) {
  PhantomOptions options;
  options.noise = 0;
  EXPECT_EQ(phantom_noise(phantom_noise_covariance(options), 10, 1).abs().max().item<float>(), 0);
}

TEST(PhantomNoise, IndefiniteCovarianceIsRefused) {
  EXPECT_THROW(phantom_noise(-at::eye(3, at::kComplexDouble), 10, 1), InputError);
  EXPECT_THROW(phantom_noise(at::eye(3, 2, at::kComplexDouble), 10, 1), InputError);
}

TEST(PhantomMask, HasTheLinesTheOptionsAskFor) {
  PhantomOptions options;
  const Sampling embedded = detect_sampling(phantom_mask(options), {0, 256}, {0, 1});
  EXPECT_EQ(embedded.acceleration_ky, 4);
  EXPECT_EQ(embedded.acs_ky, (LineRange{108, 149}));  // 40 lines about line 128, and the regular line 148
  EXPECT_TRUE(phantom_mask(options)[0][128].item<bool>());
  options.separate_calibration = true;
  EXPECT_EQ(detect_sampling(phantom_mask(options), {0, 256}, {0, 1}).measured_lines(), 64);
}

TEST(Phantom, PartialFourierLeavesOutTheFirstLines) {
  PhantomOptions options = small();
  options.slab = true;
  options.slices = 12;
  options.partial_fourier = 0.75;
  options.partial_fourier_z = 0.6;
  const at::Tensor mask = phantom_mask(options);
  EXPECT_FALSE(mask.slice(0, 0, 5).any().item<bool>());  // 0.6 of 12 partitions are 7
  EXPECT_FALSE(mask.slice(1, 0, 20).any().item<bool>());
  const PhantomOptions whole = [&] {
    PhantomOptions o = options;
    o.partial_fourier = o.partial_fourier_z = 1;
    return o;
  }();
  EXPECT_TRUE(at::equal(mask.slice(0, 5).slice(1, 20), phantom_mask(whole).slice(0, 5).slice(1, 20)));
  options.separate_calibration = true;
  EXPECT_TRUE(phantom_calibration(options).any(1).all().item<bool>());  // reference lines are not the image's
}

TEST(Phantom, ImpossibleOptionsAreUsageErrors) {
  const auto code = [](auto change) {
    PhantomOptions options;
    change(options);
    try {
      phantom_kspace(options);
    } catch (const InputError& error) {
      return error.code();
    }
    return ExitCode::done;
  };
  EXPECT_EQ(code([](PhantomOptions& o) { o.matrix_x = 0; }), ExitCode::usage);
  EXPECT_EQ(code([](PhantomOptions& o) { o.coils = 0; }), ExitCode::usage);
  EXPECT_EQ(code([](PhantomOptions& o) { o.slices = -1; }), ExitCode::usage);
  EXPECT_EQ(code([](PhantomOptions& o) { o.acceleration = 0; }), ExitCode::usage);
  EXPECT_EQ(code([](PhantomOptions& o) { o.acs_lines = 300; }), ExitCode::usage);
  EXPECT_EQ(code([](PhantomOptions& o) { o.oversampling = 0.5; }), ExitCode::usage);
  EXPECT_EQ(code([](PhantomOptions& o) { o.partial_fourier = 0.5; }), ExitCode::usage);
  EXPECT_EQ(code([](PhantomOptions& o) { o.partial_fourier_z = 1.1; }), ExitCode::usage);
  EXPECT_EQ(code([](PhantomOptions& o) { o.noise = std::nan(""); }), ExitCode::usage);
}

}  // namespace
}  // namespace raki
