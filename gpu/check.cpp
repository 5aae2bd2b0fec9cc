#include "gpu/check.h"

#include <c10/core/ScalarType.h>

#include "gpu/error.h"

namespace raki {

namespace {

std::string axes_text(std::initializer_list<Axis> axes) {
  std::string text = "(";
  for (const Axis& axis : axes) {
    if (text.size() > 1) text += ", ";
    text += axis.name;
    if (axis.size != any_size) text += " " + std::to_string(axis.size);
  }
  return text + ")";
}

}  // namespace

std::string shape_text(const at::Tensor& tensor) {
  if (!tensor.defined()) return "nothing";
  std::string text = "[";
  for (int64_t i = 0; i < tensor.dim(); ++i) text += (i ? ", " : "") + std::to_string(tensor.size(i));
  return text + "]";
}

void check_tensor(const at::Tensor& tensor, std::string_view noun, std::initializer_list<Axis> axes,
                  at::ScalarType type) {
  const std::string name(noun);
  if (!tensor.defined()) throw InputError({name + " is missing", "nothing", axes_text(axes), "", ""});
  if (tensor.dim() != static_cast<int64_t>(axes.size()))
    throw InputError({name + " has the wrong number of axes", shape_text(tensor), axes_text(axes), "", ""});
  if (tensor.scalar_type() != type)
    throw InputError({name + " has the wrong element type", c10::toString(tensor.scalar_type()),
                      c10::toString(type), "", ""});
  int64_t i = 0;
  for (const Axis& axis : axes) {
    const int64_t found = tensor.size(i++);
    const bool fits = axis.size == any_size ? found >= 1 : found == axis.size;
    if (!fits)
      throw InputError({name + " does not fit along axis " + std::string(axis.name), std::to_string(found),
                        axis.size == any_size ? "at least 1" : std::to_string(axis.size), "", ""});
  }
}

}  // namespace raki
