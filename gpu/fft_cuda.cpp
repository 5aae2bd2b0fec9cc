// cuFFT with its plans kept: making one takes milliseconds, using one microseconds.

#include <ATen/ATen.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <cufft.h>

#include <array>
#include <cmath>
#include <list>
#include <memory>
#include <mutex>

#include "gpu/cuda_part.h"
#include "gpu/error.h"

namespace raki::cuda {

namespace {

constexpr size_t most_plans = 64;

void check(cufftResult status, const char* what) {
  if (status == CUFFT_SUCCESS) return;
  const bool memory = status == CUFFT_ALLOC_FAILED;
  throw DeviceError({std::string("cuFFT cannot ") + what,
                     memory ? "not enough GPU memory" : "cuFFT error " + std::to_string(status), "", "",
                     memory ? "Give it fewer frames at a time" : "Use --device cpu"},
                    memory ? ExitCode::out_of_memory : ExitCode::no_device);
}

/// What one plan serves: `batch` contiguous complex64 transforms of ny x nx (2 axes) or nx (1 axis).
struct PlanKey {
  int device, n_axes;
  int64_t ny, nx, batch;
  bool operator==(const PlanKey&) const = default;
};

/// A plan has no work area of its own: each use brings one from LibTorch's allocator, which is counted with
/// all other memory and may be reused by the stream afterwards. The plan's stream and work area are state of
/// the handle: `using_it` keeps two threads from setting them at the same time.
struct Plan {
  explicit Plan(const PlanKey& key_) : key(key_) {
    check(cufftCreate(&handle), "start");
    try {
      make();
    } catch (...) {
      cufftDestroy(handle);
      throw;
    }
  }
  ~Plan() { cufftDestroy(handle); }
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  void make() {
    check(cufftSetAutoAllocation(handle, 0), "manage its memory");
    std::array<long long, 2> sizes{key.ny, key.nx};
    check(cufftMakePlanMany64(handle, key.n_axes, sizes.data() + (2 - key.n_axes), nullptr, 1, 0, nullptr, 1,
                              0, CUFFT_C2C, key.batch, &work_bytes),
          "plan a transform");
  }

  PlanKey key;
  cufftHandle handle = 0;
  size_t work_bytes = 0;
  std::mutex using_it;
};

/// Plans by use, the latest first; the one unused for longest goes when there are too many. Never destroyed:
/// at the end of the process CUDA may be gone before static objects are.
struct PlanCache {
  std::mutex mutex;
  std::list<std::shared_ptr<Plan>> plans;
};

PlanCache& the_cache() {
  static PlanCache* cache = new PlanCache;
  return *cache;
}

std::shared_ptr<Plan> make_plan(const PlanKey& key) {
  try {
    return std::make_shared<Plan>(key);
  } catch (const DeviceError& error) {
    if (error.code() != ExitCode::out_of_memory) throw;
    // cuFFT's tables come from the driver, whose memory LibTorch's cache may hold.
    c10::cuda::CUDACachingAllocator::emptyCache();
    return std::make_shared<Plan>(key);
  }
}

std::shared_ptr<Plan> find_plan(const PlanKey& key) {
  PlanCache& cache = the_cache();
  const std::lock_guard lock(cache.mutex);
  for (auto plan = cache.plans.begin(); plan != cache.plans.end(); ++plan) {
    if ((*plan)->key != key) continue;
    cache.plans.splice(cache.plans.begin(), cache.plans, plan);
    return *plan;
  }
  cache.plans.push_front(make_plan(key));
  if (cache.plans.size() > most_plans) cache.plans.pop_back();
  return cache.plans.front();
}

/// In place, not scaled, centre at sample 0.
void transform(at::Tensor& x, const PlanKey& key, bool inverse) {
  const std::shared_ptr<Plan> plan = find_plan(key);
  at::Tensor work = at::empty({static_cast<int64_t>(plan->work_bytes)}, x.options().dtype(at::kByte));
  auto* samples = static_cast<cufftComplex*>(x.mutable_data_ptr());
  const std::lock_guard lock(plan->using_it);
  check(cufftSetStream(plan->handle, c10::cuda::getCurrentCUDAStream()), "use the current stream");
  if (plan->work_bytes > 0)
    check(cufftSetWorkArea(plan->handle, work.mutable_data_ptr()), "use its work area");
  check(cufftExecC2C(plan->handle, samples, samples, inverse ? CUFFT_INVERSE : CUFFT_FORWARD), "transform");
}

}  // namespace

at::Tensor centred_fft(const at::Tensor& x, int n_axes, bool inverse) {
  const c10::cuda::CUDAGuard guard(x.device());
  const int64_t nx = x.size(-1), ny = n_axes == 2 ? x.size(-2) : 1;
  const int64_t batch = x.numel() / (nx * ny);
  const int64_t to_first_x = nx - nx / 2, to_first_y = ny - ny / 2;
  at::Tensor work = circular_shift(x.reshape({batch, ny, nx}), to_first_y % ny, to_first_x % nx, 1);
  transform(work, {x.device().index(), n_axes, ny, nx, batch}, inverse);
  const double scale = 1 / std::sqrt(static_cast<double>(nx * ny));
  return circular_shift(work, ny / 2, nx / 2, static_cast<float>(scale)).reshape(x.sizes());
}

}  // namespace raki::cuda
