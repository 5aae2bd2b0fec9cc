// The GPU against the CPU: one program that can be carried to a machine with a GPU. Every test skips where
// none is.

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <thread>

#include "gpu/device.h"
#include "gpu/error.h"
#include "gpu/fft.h"
#include "gpu/kernels.h"
#include "gpu/linalg.h"
#include "tests/support/reference.h"

namespace raki {
namespace {

using reference::random_samples;
using reference::relative_error;

constexpr double rounding = 1e-6;  // float32, sums in another order

class Cuda : public testing::Test {
 protected:
  void SetUp() override {
    if (cuda_device_count() == 0) GTEST_SKIP() << "no GPU: " << why_no_cuda();
    device_ = select_device("cuda");
  }
  at::Tensor there(const at::Tensor& x) { return x.to(device_.torch()); }
  Device device_ = Device::cpu();
};

TEST_F(Cuda, DeviceHasANameAndMemory) {
  EXPECT_TRUE(device_.is_cuda());
  EXPECT_EQ(device_.name().rfind("cuda:0 (", 0), 0U) << device_.name();
  EXPECT_GT(device_.free_memory_bytes(), int64_t{1} << 28);
  EXPECT_THROW(select_device("cuda:" + std::to_string(cuda_device_count())), DeviceError);
}

TEST_F(Cuda, FreedMemoryCountsAsFree) {
  const int64_t before = device_.free_memory_bytes();
  at::Tensor block = at::empty({int64_t{1} << 28}, at::TensorOptions(device_.torch()).dtype(at::kByte));
  EXPECT_LE(device_.free_memory_bytes(), before - (int64_t{1} << 28) + (int64_t{1} << 24));
  block = at::Tensor();
  EXPECT_GE(device_.free_memory_bytes(), before - (int64_t{1} << 24));
  release_cached_memory(device_);
  EXPECT_GE(device_.free_memory_bytes(), before - (int64_t{1} << 24));
}

TEST_F(Cuda, TooMuchMemoryIsRecognised) {
  try {
    at::empty({int64_t{1} << 46}, at::TensorOptions(device_.torch()).dtype(at::kByte));
    FAIL() << "64 TiB were allocated";
  } catch (const std::exception& error) {
    EXPECT_TRUE(is_out_of_memory(error)) << error.what();
  }
}

TEST_F(Cuda, FftIsTheCpuOne) {
  const DeviceScope scope(device_);
  for (const auto& [ny, nx] :
       {std::pair{1, 1}, {1, 8}, {7, 1}, {4, 6}, {5, 7}, {97, 30}, {180, 230}, {256, 256}, {127, 331}}) {
    const at::Tensor x = random_samples({3, 2, ny, nx}, 1);
    EXPECT_LT(relative_error(fft_2d(there(x)), fft_2d(x)), rounding) << ny << " x " << nx;
    EXPECT_LT(relative_error(ifft_2d(there(x)), ifft_2d(x)), rounding) << ny << " x " << nx;
    EXPECT_LT(relative_error(fft_1d(there(x)), fft_1d(x)), rounding) << ny << " x " << nx;
    EXPECT_LT(relative_error(ifft_1d(there(x)), ifft_1d(x)), rounding) << ny << " x " << nx;
  }
}

TEST_F(Cuda, FftIsTheDirectSum) {
  const at::Tensor x = random_samples({2, 13, 10}, 2);
  EXPECT_LT(relative_error(fft_2d(there(x)), reference::dft_2d(x, false)), rounding);
  EXPECT_LT(relative_error(ifft_2d(there(x)), reference::dft_2d(x, true)), rounding);
}

TEST_F(Cuda, FftTakesLinesStridesAndLeavesItsInputAlone) {
  const at::Tensor x = random_samples({6, 10, 4}, 3);
  const at::Tensor on_gpu = there(x);
  const at::Tensor strided = on_gpu.permute({2, 0, 1}).conj();
  EXPECT_LT(relative_error(fft_2d(strided), fft_2d(x.permute({2, 0, 1}).conj())), rounding);
  EXPECT_LT(relative_error(fft_1d(on_gpu[0].select(1, 0)), fft_1d(x[0].select(1, 0))), rounding);
  EXPECT_TRUE(at::equal(on_gpu.cpu(), x));
}

TEST_F(Cuda, FftOfMorePlansThanAreKept) {
  for (int64_t round = 0; round < 2; ++round)
    for (int64_t batch = 1; batch <= 70; ++batch) {
      const at::Tensor x = random_samples({batch, 8, 9}, static_cast<uint64_t>(batch));
      ASSERT_LT(relative_error(fft_2d(there(x)), fft_2d(x)), rounding) << batch;
    }
}

TEST_F(Cuda, FftFromManyThreadsAtOnce) {
  const at::Tensor x = random_samples({4, 64, 60}, 4);
  const at::Tensor expected = fft_2d(x), on_gpu = there(x);
  std::vector<double> errors(8, 1);
  std::vector<std::thread> threads;
  for (double& error : errors)
    threads.emplace_back([&] {
      error = 0;
      for (int i = 0; i < 20; ++i) error = std::max(error, relative_error(fft_2d(on_gpu), expected));
    });
  for (std::thread& thread : threads) thread.join();
  for (const double error : errors) EXPECT_LT(error, rounding);
}

TEST_F(Cuda, FftGivesTheSameBitsEveryTime) {
  const at::Tensor x = there(random_samples({5, 61, 128}, 5));
  EXPECT_TRUE(at::equal(fft_2d(x), fft_2d(x)));
}

TEST_F(Cuda, CircularShiftIsTheCpuOne) {
  for (const auto& [ny, nx] : {std::pair{1, 1}, {4, 5}, {33, 257}, {300, 64}}) {
    const at::Tensor x = random_samples({7, ny, nx}, 6);
    for (const auto& [shift_y, shift_x] : {std::pair{0, 0}, {1, -1}, {-ny / 2, nx / 2}, {5 * ny + 1, 3}}) {
      EXPECT_TRUE(at::equal(circular_shift(there(x), shift_y, shift_x, 1).cpu(),
                            circular_shift(x, shift_y, shift_x, 1)));
      EXPECT_LT(relative_error(circular_shift(there(x), shift_y, shift_x, 0.3F),
                               circular_shift(x, shift_y, shift_x, 0.3F)),
                rounding);
    }
  }
}

TEST_F(Cuda, CircularShiftCoversMoreRowsThanOneGrid) {
  const at::Tensor x = random_samples({300'000, 2, 3}, 7);
  EXPECT_TRUE(at::equal(circular_shift(there(x), 1, 2, 1).cpu(), circular_shift(x, 1, 2, 1)));
}

TEST_F(Cuda, RootSumOfSquaresIsTheCpuOne) {
  for (const auto& shape :
       {std::vector<int64_t>{1, 1, 1, 1, 1}, {2, 5, 3, 7, 6}, {3, 16, 1, 256, 255}, {70'000, 2, 1, 1, 3}}) {
    const at::Tensor x = random_samples(shape, 8);
    EXPECT_LT(relative_error(root_sum_of_squares_kernel(there(x)), root_sum_of_squares_kernel(x)), rounding);
  }
}

TEST_F(Cuda, ShrinkIsTheCpuOne) {
  for (const auto& shape : {std::vector<int64_t>{1, 1, 1}, {2, 7, 5}, {3, 1000, 320}}) {
    const at::Tensor z = random_samples(shape, 9);
    const at::Tensor d = at::abs(random_samples({shape[0], shape[2]}, 10));
    const at::Tensor lambda = at::abs(random_samples({shape[0], shape[1]}, 11)) + 0.01F;
    EXPECT_LT(relative_error(shrink(there(z), there(d), there(lambda)), shrink(z, d, lambda)), rounding);
  }
  EXPECT_THROW(shrink(there(random_samples({1, 2, 3}, 1)), at::ones({1, 3}), at::ones({1, 2})), Bug);
}

TEST_F(Cuda, LinearAlgebraIsInDouble) {
  const at::Tensor x = random_samples({3, 24, 40}, 12).to(at::kComplexDouble);
  const at::Tensor a = at::matmul(x, x.mH());
  const at::Tensor right = random_samples({3, 24, 2}, 13).to(at::kComplexDouble);
  const Eigen eigen = hermitian_eigen(there(a));
  EXPECT_TRUE(eigen.values.is_cuda());
  EXPECT_LT(relative_error(eigen.values, hermitian_eigen(a).values), 1e-11);
  EXPECT_LT(relative_error(at::matmul(eigen.vectors * eigen.values.unsqueeze(1), eigen.vectors.mH()), a),
            1e-11);
  EXPECT_LT(
      relative_error(solve_positive_definite(there(a), there(right)), solve_positive_definite(a, right)),
      1e-9);
  EXPECT_THROW(solve_positive_definite(there(-a), there(right)), InputError);
}

TEST_F(Cuda, MatrixProductsAreInFullSinglePrecision) {
  const at::Tensor a = random_samples({256, 256}, 14), b = random_samples({256, 256}, 15);
  const at::Tensor expected = at::matmul(a.to(at::kComplexDouble), b.to(at::kComplexDouble));
  EXPECT_LT(relative_error(at::matmul(there(a), there(b)), expected), rounding);
}

}  // namespace
}  // namespace raki
