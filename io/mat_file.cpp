#include <ATen/ATen.h>
#include <H5Epublic.h>
#include <matio.h>

#include <memory>

#include "gpu/error.h"
#include "io/array_formats.h"
#include "io/parse/input_file.h"
#include "io/parse/isolated.h"

namespace raki {
namespace {

struct CloseMat {
  void operator()(mat_t* file) const { Mat_Close(file); }
};
struct FreeVariable {
  void operator()(matvar_t* variable) const { Mat_VarFree(variable); }
};
using MatFile = std::unique_ptr<mat_t, CloseMat>;
using MatVariable = std::unique_ptr<matvar_t, FreeVariable>;

// matio's messages go to stderr and some end the process unless a function takes them; ours are told by
// exceptions.
void drop_message(int, char*) {}

bool is_numeric(const matvar_t& variable) {
  switch (variable.class_type) {
    case MAT_C_DOUBLE:
    case MAT_C_SINGLE:
    case MAT_C_INT8:
    case MAT_C_UINT8:
    case MAT_C_INT16:
    case MAT_C_UINT16:
    case MAT_C_INT32:
    case MAT_C_UINT32:
    case MAT_C_INT64:
    case MAT_C_UINT64:
      return true;
    default:
      return false;
  }
}

std::string shown(const matvar_t& variable) {
  std::string text = variable.name ? variable.name : "?";
  for (int i = 0; i < variable.rank; ++i) text += (i == 0 ? " [" : " x ") + std::to_string(variable.dims[i]);
  return text + "]";
}

/// Name of the variable to read; throws with the list of what the file holds.
std::string choose_variable(mat_t* file, const std::filesystem::path& path, const std::string& wanted) {
  std::string all, numeric;
  int count = 0;
  while (const MatVariable info{Mat_VarReadNextInfo(file)}) {
    if (!info->name) continue;
    if (wanted == info->name && is_numeric(*info)) return wanted;
    all += (all.empty() ? "" : ", ") + shown(*info);
    if (!is_numeric(*info)) continue;
    numeric = info->name;
    ++count;
  }
  if (wanted.empty() && count == 1) return numeric;
  throw InputError({wanted.empty() ? "The MATLAB file does not hold exactly one numeric array"
                                   : "The MATLAB file has no numeric array of this name",
                    all.empty() ? "no variables" : all, wanted.empty() ? "one array" : wanted,
                    "File " + path.string(), "Name one with --variable"});
}

/// Number of elements; throws when it cannot come from a file of this length.
std::size_t check_size(const matvar_t& variable, const std::filesystem::path& path, uint64_t file_bytes) {
  constexpr std::size_t best_deflate = 1032;  // zlib's largest compression factor
  std::size_t items = 1;
  bool overflow = variable.rank < 1 || variable.dims == nullptr;
  for (int i = 0; !overflow && i < variable.rank; ++i)
    overflow = __builtin_mul_overflow(items, variable.dims[i], &items);
  if (overflow || items / best_deflate > file_bytes)
    throw InputError({"The array's size does not fit the file", shown(variable),
                      std::to_string(file_bytes) + " bytes at most", "File " + path.string(), ""});
  return items;
}

template <class Stored>
at::Tensor rounded(const void* data, std::size_t items) {
  at::Tensor values = at::empty({static_cast<int64_t>(items)}, at::kFloat);
  const auto* const in = static_cast<const Stored*>(data);
  std::transform(in, in + items, values.mutable_data_ptr<float>(),
                 [](Stored x) { return static_cast<float>(x); });
  return values;
}

at::Tensor numbers(matio_classes kind, const void* data, std::size_t items) {
  switch (kind) {
    case MAT_C_DOUBLE:
      return rounded<double>(data, items);
    case MAT_C_SINGLE:
      return rounded<float>(data, items);
    case MAT_C_INT8:
      return rounded<int8_t>(data, items);
    case MAT_C_UINT8:
      return rounded<uint8_t>(data, items);
    case MAT_C_INT16:
      return rounded<int16_t>(data, items);
    case MAT_C_UINT16:
      return rounded<uint16_t>(data, items);
    case MAT_C_INT32:
      return rounded<int32_t>(data, items);
    case MAT_C_UINT32:
      return rounded<uint32_t>(data, items);
    case MAT_C_INT64:
      return rounded<int64_t>(data, items);
    default:
      return rounded<uint64_t>(data, items);
  }
}

at::Tensor to_tensor(const matvar_t& variable, std::size_t items) {
  if (!variable.isComplex) return numbers(variable.class_type, variable.data, items);
  const auto* const parts = static_cast<const mat_complex_split_t*>(variable.data);
  return at::complex(numbers(variable.class_type, parts->Re, items),
                     numbers(variable.class_type, parts->Im, items));
}

/// The variable with its data.
MatVariable read_variable(const std::filesystem::path& path, const std::string& variable) {
  const uint64_t file_bytes = check_input_file(path);
  Mat_LogInitFunc("raki", drop_message);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  const MatFile file{Mat_Open(path.c_str(), MAT_ACC_RDONLY)};
  if (!file)
    throw InputError(
        {"Not a MATLAB file", describe_beginning(path), "version 4, 5 or 7.3", "File " + path.string(), ""});
  const std::string name = choose_variable(file.get(), path, variable);
  MatVariable info{Mat_VarReadInfo(file.get(), name.c_str())};
  if (!info) throw InputError({"The MATLAB variable cannot be read", name, "", "File " + path.string(), ""});
  const std::size_t items = check_size(*info, path, file_bytes);
  if (Mat_VarReadDataAll(file.get(), info.get()) != 0 || info->data == nullptr ||
      (items > 0 && info->nbytes / items == 0))
    throw InputError(
        {"The MATLAB variable cannot be read", name, "", "File " + path.string(), "Is the file complete?"});
  return info;
}

}  // namespace

at::Tensor read_mat(const std::filesystem::path& path, const std::string& variable) {
  // matio and the HDF5 below it are no more hardened than HDF5 is: a rehearsal in a child process first.
  constexpr uint64_t least_memory = uint64_t{256} << 20, largest_expansion = 8;
  run_isolated(
      [&] {
        read_variable(path, variable);
        return std::string("read");
      },
      "File " + path.string(), least_memory + largest_expansion * check_input_file(path));
  const MatVariable found = read_variable(path, variable);
  const std::vector<int64_t> shape(found->dims, found->dims + found->rank);
  const std::vector<int64_t> reversed(shape.rbegin(), shape.rend());
  std::vector<int64_t> order(shape.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(order.size() - 1 - i);
  const auto items = static_cast<std::size_t>(c10::multiply_integers(shape));
  return to_tensor(*found, items).reshape(reversed).permute(order).contiguous();
}

}  // namespace raki
