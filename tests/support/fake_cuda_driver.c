/* Stands in for NVIDIA's libcuda.so.1 where the loading of the CUDA part is tested without a GPU: answers the
   three questions the engine asks, with numbers from the environment, and nothing else. */
#include <stdlib.h>

static int number(const char* name, int otherwise) {
  const char* text = getenv(name);
  return text ? atoi(text) : otherwise;
}

int cuInit(unsigned flags) {
  return flags == 0 ? number("FAKE_CUDA_INIT", 0) : 1;
}

int cuDriverGetVersion(int* version) {
  *version = number("FAKE_CUDA_VERSION", 13000);
  return 0;
}

int cuDeviceGetCount(int* count) {
  *count = number("FAKE_CUDA_COUNT", 1);
  return 0;
}
