// Takes the first square root of the process on all threads at once, the rest of MKL being awake by then.
// 0: it is right but for rounding; 1: it is not (gpu/vector_math.cpp says how that comes).

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <cstdio>

namespace {

constexpr int64_t grain = 2048;  ///< numbers a thread takes of a vector function in LibTorch

void wake_threads_and_mkl() {
  at::parallel_for(0, at::get_num_threads(), 1, [](int64_t begin, int64_t end) {
    volatile int64_t spun = 0;
    while (spun < 100000 * (end - begin)) spun = spun + 1;
  });
  const at::Tensor images = at::ones({2, 6, 64, 64}, at::kComplexFloat);
  at::_fft_c2c(images, {2, 3}, 1, true);
  const at::Tensor image = images[0][0];
  at::linalg_cholesky(at::matmul(image, image.t().conj()) + 64 * at::eye(64));
}

}  // namespace

int main() {
  wake_threads_and_mkl();
  const at::Tensor numbers = (at::arange(4 * grain, at::kFloat) + 1) / 7;
  const at::Tensor roots = numbers.sqrt();
  const at::Tensor expected = numbers.to(at::kDouble).sqrt();
  const int64_t wrong = ((roots - expected).abs() > 1e-7 * expected).sum().item<int64_t>();
  std::printf("%lld of %lld roots are wrong\n", static_cast<long long>(wrong),
              static_cast<long long>(numbers.numel()));
  return wrong == 0 ? 0 : 1;
}
