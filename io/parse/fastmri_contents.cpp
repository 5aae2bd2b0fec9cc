#include "io/parse/fastmri_contents.h"

#include <hdf5.h>

#include <algorithm>
#include <complex>

namespace raki {
namespace {

constexpr hssize_t most_lines = 65536;

/// h5py writes complex64 as a compound of two float32, "r" and "i".
bool is_complex64(hid_t dataset) {
  const Hdf5Handle type{H5Dget_type(dataset), H5Tclose};
  if (H5Tget_class(type.get()) != H5T_COMPOUND || H5Tget_nmembers(type.get()) != 2 ||
      H5Tget_size(type.get()) != sizeof(std::complex<float>))
    return false;
  for (unsigned i = 0; i < 2; ++i) {
    const Hdf5Handle part{H5Tget_member_type(type.get(), i), H5Tclose};
    if (H5Tequal(part.get(), H5T_IEEE_F32LE) <= 0 || H5Tget_member_offset(type.get(), i) != 4 * i)
      return false;
  }
  return true;
}

std::vector<uint64_t> shape_of(hid_t dataset) {
  const Hdf5Handle space{H5Dget_space(dataset), H5Sclose};
  const int dimensions = H5Sget_simple_extent_ndims(space.get());
  if (dimensions < 1 || dimensions > 8) return {};
  std::vector<hsize_t> sizes(static_cast<std::size_t>(dimensions));
  H5Sget_simple_extent_dims(space.get(), sizes.data(), nullptr);
  return {sizes.begin(), sizes.end()};
}

std::string text_of(const std::vector<uint64_t>& shape) {
  std::string text;
  for (const uint64_t size : shape) text += (text.empty() ? "" : " x ") + std::to_string(size);
  return text;
}

/// Where the samples lie; throws unless all of `shape` is there, in one piece.
uint64_t offset_of(hid_t dataset, const std::vector<uint64_t>& shape, const InputFile& input) {
  const Hdf5Handle properties{H5Dget_create_plist(dataset), H5Pclose};
  if (H5Pget_layout(properties.get()) != H5D_CONTIGUOUS)
    refuse_file(input, "'kspace' is stored in pieces", "chunks", "one contiguous block",
                "Rewrite the file: h5repack -l kspace:CONTI");
  uint64_t bytes = sizeof(std::complex<float>);
  bool overflow = false;
  for (const uint64_t size : shape) overflow |= size == 0 || __builtin_mul_overflow(bytes, size, &bytes);
  const haddr_t offset = H5Dget_offset(dataset);
  if (overflow || offset == HADDR_UNDEF || offset > input.size() || bytes > input.size() - offset)
    refuse_file(input, "'kspace' does not fit into the file", text_of(shape) + " complex numbers",
                std::to_string(input.size()) + " bytes in all", "The file is truncated: copy it again");
  return offset;
}

/// Numbers or truth values (which h5py stores as an enumeration of bytes).
std::vector<double> read_mask(const Hdf5Handle& dataset, const InputFile& input) {
  const Hdf5Handle type{H5Dget_type(dataset.get()), H5Tclose};
  const Hdf5Handle space{H5Dget_space(dataset.get()), H5Sclose};
  const hssize_t count = H5Sget_simple_extent_npoints(space.get());
  const H5T_class_t kind = H5Tget_class(type.get());
  std::vector<double> values;
  bool fine = count > 0 && count <= most_lines;
  if (fine && kind == H5T_ENUM && H5Tget_size(type.get()) == 1) {
    std::vector<signed char> bytes(static_cast<std::size_t>(count));
    fine = H5Dread(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()) >= 0;
    values.assign(bytes.begin(), bytes.end());
  } else if (fine && (kind == H5T_FLOAT || kind == H5T_INTEGER)) {
    values.resize(static_cast<std::size_t>(count));
    fine = H5Dread(dataset.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0;
  } else {
    fine = false;
  }
  if (!fine) refuse_file(input, "'mask' cannot be read", "", "one number a phase-encode line", "");
  return values;
}

}  // namespace

bool has_fastmri_layout(const Hdf5Handle& file) {
  const auto names = names_in(file.get());
  return contains(names, "kspace") && contains(names, "ismrmrd_header");
}

FastmriContents read_fastmri_contents(const Hdf5Handle& file, const InputFile& input) {
  const Hdf5Handle kspace = open_dataset(file, "kspace", input);
  FastmriContents contents;
  contents.shape = shape_of(kspace.get());
  if (contents.shape.size() < 3 || contents.shape.size() > 4)
    refuse_file(input, "'kspace' has other axes than fastMRI's", text_of(contents.shape),
                "(slice, coil, readout, phase encode) or (slice, readout, phase encode)", "");
  if (!is_complex64(kspace.get()))
    refuse_file(input, "'kspace' has another type than fastMRI's", "", "complex64 (r, i)", "");
  contents.offset = offset_of(kspace.get(), contents.shape, input);
  contents.header_text =
      read_text(open_dataset(file, "ismrmrd_header", input), input, base_address(file, input), "The header");
  if (contains(names_in(file.get()), "mask"))
    contents.mask = read_mask(open_dataset(file, "mask", input), input);
  return contents;
}

}  // namespace raki
