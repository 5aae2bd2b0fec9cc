#pragma once
// One reader for each array format behind io/array_file.h. All return C-order tensors in the axis order of
// the file, float32 or complex64; wider numbers are rounded to that.

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>

namespace raki {

/// NumPy .npy, versions 1 to 3, C and Fortran order, either byte order; numbers and truth values, never
/// objects.
at::Tensor read_npy(const std::filesystem::path& path);

/// BART's pair of files; `path` is either of them or neither (without ending). Trailing axes of length 1 are
/// dropped.
at::Tensor read_cfl(const std::filesystem::path& path);

/// A numeric array of a MATLAB file, versions 4, 5 and 7.3.
at::Tensor read_mat(const std::filesystem::path& path, const std::string& variable);

}  // namespace raki
