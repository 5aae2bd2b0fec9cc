#pragma once
// A folder of .npy files, for programs whose numbers another implementation reads.

#include <ATen/ATen.h>

#include <filesystem>
#include <string>

#include "io/array_file.h"

namespace raki::test {

struct NpyFolder {
  std::filesystem::path path;
  void write(const std::string& name, const at::Tensor& tensor) const {
    write_npy(path / (name + ".npy"), tensor.contiguous());
  }
};

}  // namespace raki::test
