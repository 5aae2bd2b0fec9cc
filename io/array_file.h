#pragma once
// Plain arrays on disk: NumPy .npy and .npz, BART .cfl/.hdr, MATLAB .mat (matio) in; .npy and .cfl/.hdr out.

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <vector>

namespace raki {

/// True for the endings this file reads.
bool is_array_file(const std::filesystem::path& path);

/// The file of a pair that holds the numbers: x.cfl for x.hdr; else the file itself.
std::filesystem::path data_file(const std::filesystem::path& path);

/// The array as stored, C-order shape (BART and MATLAB: first axis first), complex64 or float32.
/// `variable`: the name inside a .mat or .npz file; empty: the only numeric one.
/// @throws InputError 66, 65 (with the variables a .mat file holds when the name does not fit).
at::Tensor read_array(const std::filesystem::path& path, const std::string& variable = "");

/// `axes`: one word an axis of `array` out of frame, coil, kz, ky, kx, ri (real and imaginary part of real
/// numbers) and 1 (an axis of length 1 to drop), in the order of the array, e.g. {"1","ky","kx","coil"}.
/// Result (frame, coil, kz, ky, kx) complex64 contiguous.
/// @throws InputError (64) when words and shape do not fit.
at::Tensor to_kspace_axes(const at::Tensor& array, const std::vector<std::string>& axes);

/// "coil 8, ky 230, kx 180": of k-space (frame, coil, kz, ky, kx), axes of length 1 left out.
std::string axes_text(at::IntArrayRef sizes);

/// Writes float32 or complex64 as a pair of BART, complex64: `path` with the endings .cfl and .hdr. First
/// axis first, as read_array returns it; at most 16 axes, missing ones are 1.
/// @throws InputError: 73 when one of the two exists or the folder cannot be written, 74 when writing fails
/// half-way.
void write_cfl(const std::filesystem::path& path, const at::Tensor& array);

/// Writes float32 or complex64 as .npy version 1.0, C order.
/// @throws InputError: 73 when `path` exists or its folder cannot be written, 74 when writing fails half-way.
void write_npy(const std::filesystem::path& path, const at::Tensor& array);

}  // namespace raki
