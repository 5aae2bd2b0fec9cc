#pragma once
// Where tensors live: the CPU or one CUDA GPU. The CUDA part of the engine is a shared library of its own
// (libraki_cuda.so), loaded here the first time a GPU is asked for, so that a CPU run pays nothing for it.

#include <c10/core/Device.h>

#include <cstdint>
#include <string>

namespace raki {

/// A device that exists. Made by `select_device` only, never from a bare number.
class Device {
 public:
  static Device cpu() { return Device(c10::Device(c10::DeviceType::CPU)); }
  c10::Device torch() const { return device_; }
  bool is_cuda() const { return device_.is_cuda(); }
  /// "cpu" or "cuda:0 (NVIDIA H200)".
  std::string name() const;
  /// Bytes that can still be allocated there.
  int64_t free_memory_bytes() const;

 private:
  friend Device select_device(const std::string& request);
  explicit Device(c10::Device device) : device_(device) {}
  c10::Device device_;
};

/// `request`: "auto" (a GPU when there is one, said in one log line), "cpu", "cuda" or "cuda:N".
/// @throws DeviceError (69) when "cuda" is asked for and cannot be had; InputError (64) for another word.
Device select_device(const std::string& request);

/// Number of CUDA GPUs the engine can use here; 0 without a driver or in a build without CUDA.
int cuda_device_count();
/// Why that number is 0, in words for the user; empty when it is not.
std::string why_no_cuda();

/// Sets the number of CPU threads of LibTorch for this process (0: all cores this process may use).
void set_threads(int threads);
int threads();

/// LibTorch computes on one thread for the calling thread while it lives; other threads keep theirs, also
/// those that begin meanwhile.
class OneThread {
 public:
  OneThread();
  ~OneThread();
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int openmp_before_, mkl_before_;
};

/// Makes `device` the current one for the calling thread and turns autograd off while it lives.
class DeviceScope {
 public:
  explicit DeviceScope(Device device);
  ~DeviceScope();
  DeviceScope(const DeviceScope&) = delete;
  DeviceScope& operator=(const DeviceScope&) = delete;

 private:
  struct State;
  State* state_;
};

/// True when the exception says that an allocation failed (host or GPU), whoever threw it.
bool is_out_of_memory(const std::exception& error);
/// Gives cached GPU memory back to the driver; nothing on the CPU.
void release_cached_memory(Device device);

}  // namespace raki
