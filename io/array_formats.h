#pragma once
// One reader for each array format behind io/array_file.h. All return C-order tensors in the axis order of
// the file, float32 or complex64; wider numbers are rounded to that.

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <vector>

#include "io/parse/npy_header.h"

namespace raki {

/// NumPy .npy, versions 1 to 3, C and Fortran order, either byte order; numbers and truth values, never
/// objects.
at::Tensor read_npy(const std::filesystem::path& path);

/// The array named `variable` of an archive of such files (numpy.savez, compressed or not); empty: the only
/// one.
at::Tensor read_npz(const std::filesystem::path& path, const std::string& variable);

/// `bytes`: the items behind a NumPy header.
at::Tensor numpy_array(const NpyHeader& header, std::vector<char> bytes);

/// BART's pair of files; `path` is either of them or neither (without ending). Trailing axes of length 1 are
/// dropped.
at::Tensor read_cfl(const std::filesystem::path& path);

/// A numeric array of a MATLAB file, versions 4, 5 and 7.3.
at::Tensor read_mat(const std::filesystem::path& path, const std::string& variable);

}  // namespace raki
