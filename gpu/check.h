#pragma once
// One-line checks of a tensor at a public border; the message names the axis, the found and the expected
// size.

#include <ATen/core/Tensor.h>

#include <initializer_list>
#include <string>
#include <string_view>

namespace raki {

constexpr int64_t any_size = -1;

/// An axis by name and the size it must have (`any_size`: at least 1).
struct Axis {
  std::string_view name;
  int64_t size = any_size;
};

/// Throws InputError unless `tensor` is defined, has these axes in this order and this scalar type.
void check_tensor(const at::Tensor& tensor, std::string_view noun, std::initializer_list<Axis> axes,
                  at::ScalarType type);

/// "[3, 8, 1, 256, 256]"
std::string shape_text(const at::Tensor& tensor);

}  // namespace raki
