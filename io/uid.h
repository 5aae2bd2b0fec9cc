#pragma once
// DICOM unique identifiers that are the same for the same job and different for any other: 2.25 + a version-8
// UUID from a keyed hash (HMAC-SHA-256). And the SHA-256 digests that recon.json lists.

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace raki {

/// "2.25.<decimal UUID>" of `role` ("study", "series", "instance/0012") and `identity` (all that makes the
/// job this one).
std::string make_uid(std::string_view role, std::string_view identity);

/// Lower-case hexadecimal SHA-256.
std::string sha256(std::string_view bytes);
/// Of its elements, row-major.
std::string sha256(const at::Tensor& samples);
std::string sha256_file(const std::filesystem::path& path);

}  // namespace raki
