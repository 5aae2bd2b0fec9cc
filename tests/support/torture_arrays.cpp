// Arrays without readouts: fastMRI's layout, NumPy, BART, MATLAB.

#include <hdf5.h>
#include <matio.h>

#include <limits>

#include "tests/support/torture_set.h"

namespace raki::test {
namespace {

namespace fs = std::filesystem;

using Samples = std::vector<std::complex<float>>;

/// What stands in a file of fastMRI's layout: 3 slices of 2 coils, 32 x 24 about the centre.
struct Layout {
  bool single = false, chunked = false, doubles = false;
  LineRange filled{0, 24};  ///< lines that are not zero
  int spacing = 1;          ///< of these, every how many
  std::optional<std::vector<float>> mask{};
  std::string xml = to_xml({});
  Samples samples{};  ///< in place of those above
};

Samples kspace_of(const Layout& layout) {
  if (!layout.samples.empty()) return layout.samples;
  Samples samples;
  for (int slice = 0; slice < 3; ++slice)
    for (int coil = 0; coil < (layout.single ? 1 : 2); ++coil)
      for (int kx = 0; kx < 32; ++kx)
        for (int ky = 0; ky < 24; ++ky) {
          const bool there = layout.filled.contains(ky) && ky % layout.spacing == 0;
          samples.push_back(there ? kspace_value(coil, ky - 12, kx - 16, slice) : 0);
        }
  return samples;
}

void write_dataset(hid_t file, const char* name, hid_t stored, hid_t memory,
                   const std::vector<hsize_t>& shape, const void* data, bool chunked = false) {
  const hid_t space = shape.empty() ? H5Screate(H5S_SCALAR)
                                    : H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
  const hid_t how = H5Pcreate(H5P_DATASET_CREATE);
  if (chunked) H5Pset_chunk(how, static_cast<int>(shape.size()), shape.data());
  const hid_t set = H5Dcreate2(file, name, stored, space, H5P_DEFAULT, how, H5P_DEFAULT);
  H5Dwrite(set, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
  H5Dclose(set);
  H5Pclose(how);
  H5Sclose(space);
}

hid_t complex_type(hid_t part) {
  const std::size_t size = H5Tget_size(part);
  const hid_t type = H5Tcreate(H5T_COMPOUND, 2 * size);
  H5Tinsert(type, "r", 0, part);
  H5Tinsert(type, "i", size, part);
  return type;
}

Writer fastmri(const Layout& layout) {
  return [layout](const fs::path& folder) {
    const fs::path path = folder / "file1000.h5";
    const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t memory = complex_type(H5T_NATIVE_FLOAT), text = H5Tcopy(H5T_C_S1);
    const hid_t stored = complex_type(layout.doubles ? H5T_IEEE_F64LE : H5T_IEEE_F32LE);
    const Samples samples = kspace_of(layout);
    const std::vector<hsize_t> shape =
        layout.single ? std::vector<hsize_t>{3, 32, 24} : std::vector<hsize_t>{3, 2, 32, 24};
    write_dataset(file, "kspace", stored, memory, shape, samples.data(), layout.chunked);
    H5Tset_size(text, H5T_VARIABLE);
    const char* const xml = layout.xml.c_str();
    write_dataset(file, "ismrmrd_header", text, text, {}, &xml);
    if (layout.mask)
      write_dataset(file, "mask", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, {layout.mask->size()},
                    layout.mask->data());
    for (const hid_t type : {memory, text, stored}) H5Tclose(type);
    H5Fclose(file);
    return path;
  };
}

std::vector<float> mask_of(int n, int spacing) {
  std::vector<float> mask;
  for (int ky = 0; ky < n; ++ky) mask.push_back(ky % spacing == 0 ? 1.0F : 0.0F);
  return mask;
}

ReaderOptions inferring() {
  ReaderOptions options;
  options.infer_mask = true;
  return options;
}

void add_read_fastmri(Traps& traps) {
  const MatrixSize whole{32, 24, 1};
  const auto as_is = [&](Expected expected) {
    expected.contradicted.push_back("positions");
    expected.matrix = whole;
    expected.frames = 3;
    return expected;
  };
  traps.push_back({"fastMRI training file", "kspace and header, no ISMRMRD groups", fastmri({}),
                   as_is({.coils = 2, .measured = 24, .geometry_known = false})});
  traps.push_back({"fastMRI single coil", "(slice, readout, phase encode)", fastmri({.single = true}),
                   as_is({.coils = 1, .measured = 24})});
  traps.push_back({"fastMRI test file with a mask", "the mask is in the file",
                   fastmri({.spacing = 4, .mask = mask_of(24, 4)}), as_is({.measured = 6, .r = 4})});
  traps.push_back({"fastMRI mask over full k-space", "what the mask leaves out is not used",
                   fastmri({.mask = mask_of(24, 4)}), as_is({.measured = 6, .r = 4})});
  Header padded;
  padded.limits_ky = {0, 17, 8};
  traps.push_back({"fastMRI zero padding", "from the header's limits: never encoded",
                   fastmri({.filled = {4, 22}, .xml = to_xml(padded)}),
                   as_is({.measured = 18, .encoded_ky = LineRange{4, 22}})});
  traps.push_back({"fastMRI zeros taken as not measured", "on the user's request only",
                   [](const fs::path& folder) { return fastmri({.spacing = 2})(folder); },
                   as_is({.measured = 12, .r = 2}), inferring()});
  Header wide = sized(32, 24);
  wide.recon = Size{"32", "30", "1"};
  traps.push_back({"fastMRI array narrower than its recon size",
                   "a FLAIR file: the image is filled up, the k-space is not", fastmri({.xml = to_xml(wide)}),
                   as_is({.image = MatrixSize{32, 30, 1}, .measured = 24})});
  Layout dead;
  dead.samples = kspace_of({});
  for (std::size_t i = 0; i < dead.samples.size(); ++i)
    if (i / (32 * 24) % 2 == 1) dead.samples[i] = 0;
  traps.push_back({"fastMRI dead coil", "one coil's zeros are no unmeasured lines", fastmri(dead),
                   as_is({.coils = 2, .measured = 24, .truth = std::nullopt})});
  Header wrong = sized(64, 48);
  traps.push_back(
      {"fastMRI header of another matrix",
       "the array wins, and it is said",
       fastmri({.xml = to_xml(wrong)}),
       {.contradicted = {"positions", "matrix", "image matrix", "field of view"}, .matrix = whole}});
}

void add_refused_fastmri(Traps& traps) {
  traps.push_back({"fastMRI zero lines without a mask",
                   "nothing says that they were not measured",
                   fastmri({.spacing = 2}),
                   {.refused = {"zero in all coils", "--infer-mask"}}});
  Layout minus{.spacing = 2};
  minus.samples = kspace_of({});
  for (std::size_t i = 0; i < minus.samples.size(); ++i)
    if (i % 2 == 1) minus.samples[i] *= -0.0F;
  traps.push_back({"fastMRI lines of minus zero",
                   "masks by multiplication leave -0.0",
                   fastmri(minus),
                   {.refused = {"zero in all coils"}}});
  traps.push_back({"fastMRI mask of another length",
                   "refused with both numbers",
                   fastmri({.mask = mask_of(25, 4)}),
                   {.refused = {"'mask' does not fit", "25 numbers", "24"}}});
  traps.push_back({"fastMRI in chunks",
                   "refused with the way out",
                   fastmri({.chunked = true}),
                   {.refused = {"stored in pieces", "h5repack"}}});
  traps.push_back({"fastMRI in float64",
                   "refused by type",
                   fastmri({.doubles = true}),
                   {.refused = {"another type", "complex64"}}});
  Header radial;
  radial.trajectory = "radial";
  traps.push_back({"fastMRI layout of a radial scan",
                   "refused by trajectory",
                   fastmri({.xml = to_xml(radial)}),
                   {.refused = {"Not a Cartesian scan", "radial"}}});
  traps.push_back(
      {"fastMRI header that is no XML", "refused", fastmri({.xml = "none"}), {.refused = {"not XML"}}});
  Layout broken;
  broken.samples = kspace_of({});
  broken.samples.back() = {std::numeric_limits<float>::quiet_NaN(), 0};
  traps.push_back({"fastMRI sample that is no number",
                   "refused when it is read",
                   fastmri(broken),
                   {.refused = {"not finite"}}});
}

/// (coil, ky, kx) of kspace_value, lines outside ky % spacing == 0 multiplied by `rest`.
Samples array_of(int spacing = 1, float rest = 0) {
  Samples samples;
  for (int coil = 0; coil < 2; ++coil)
    for (int ky = 0; ky < 24; ++ky)
      for (int kx = 0; kx < 32; ++kx)
        samples.push_back(kspace_value(coil, ky - 12, kx - 16) * (ky % spacing == 0 ? 1.0F : rest));
  return samples;
}

template <class Value>
void write_npy(const fs::path& path, const std::string& type, const std::string& shape,
               const std::vector<Value>& data) {
  std::string header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }";
  header.resize((10 + header.size() + 64) / 64 * 64 - 11, ' ');
  header += '\n';
  std::string bytes = std::string("\x93NUMPY\1\0", 8) + static_cast<char>(header.size()) + '\0' + header;
  bytes.append(reinterpret_cast<const char*>(data.data()), data.size() * sizeof(Value));
  write_bytes(path, bytes);
}

/// kspace.npy, and mask.npy where there is one.
Writer npy(const Samples& samples, const std::vector<float>& mask = {}) {
  return [=](const fs::path& folder) {
    write_npy(folder / "kspace.npy", "<c8", "(2, 24, 32)", samples);
    if (!mask.empty()) write_npy(folder / "mask.npy", "<f4", "(" + std::to_string(mask.size()) + ",)", mask);
    return folder / "kspace.npy";
  };
}

Writer cfl(const Samples& samples) {
  return [=](const fs::path& folder) {
    write_bytes(folder / "kspace.hdr", "# Dimensions\n32 24 2 1\n");
    write_bytes(folder / "kspace.cfl", std::string(reinterpret_cast<const char*>(samples.data()),
                                                   samples.size() * sizeof samples[0]));
    return folder / "kspace.cfl";
  };
}

Writer mat(const Samples& samples) {
  return [=](const fs::path& folder) {
    std::vector<float> re, im;
    for (const auto& value : samples) {
      re.push_back(value.real());
      im.push_back(value.imag());
    }
    mat_complex_split_t parts{re.data(), im.data()};
    std::array<std::size_t, 3> shape{32, 24, 2};
    mat_t* const file = Mat_CreateVer((folder / "kspace.mat").c_str(), nullptr, MAT_FT_MAT5);
    matvar_t* const variable =
        Mat_VarCreate("k", MAT_C_SINGLE, MAT_T_SINGLE, 3, shape.data(), &parts, MAT_F_COMPLEX);
    Mat_VarWrite(file, variable, MAT_COMPRESSION_NONE);
    Mat_VarFree(variable);
    Mat_Close(file);
    return folder / "kspace.mat";
  };
}

ReaderOptions axes(const char* mask = "") {
  ReaderOptions options;
  options.axes = {"coil", "ky", "kx"};
  options.mask = mask;
  return options;
}

void add_read_arrays(Traps& traps) {
  ReaderOptions backwards, inferred = axes();
  backwards.axes = {"kx", "ky", "coil"};
  inferred.infer_mask = true;
  ReaderOptions bart;
  bart.axes = {"kx", "ky", "coil"};
  const Expected whole{
      .contradicted = {"field of view"}, .matrix = MatrixSize{32, 24, 1}, .coils = 2, .measured = 24};
  Expected masked = whole;
  masked.measured = 6;
  masked.r = 4;
  traps.push_back({"NumPy array", "every line has signal", npy(array_of()), whole, axes()});
  traps.push_back({"BART array", "every line has signal", cfl(array_of()), whole, bart});
  traps.push_back({"MATLAB array", "every line has signal", mat(array_of()), whole, backwards});
  traps.push_back({"NumPy array with a mask", "the mask says what was measured",
                   npy(array_of(4), mask_of(24, 4)), masked, axes("mask.npy")});
  traps.push_back({"NumPy array of more than its mask", "the rest is not used",
                   npy(array_of(), mask_of(24, 4)), masked, axes("mask.npy")});
  traps.push_back({"NumPy array whose zeros mean not measured", "on the user's request only",
                   npy(array_of(4)), masked, inferred});
  traps.push_back({"NumPy array whose minus zeros mean not measured", "-0.0 is zero", npy(array_of(4, -0.0F)),
                   masked, inferred});
  Samples dead = array_of();
  std::fill(dead.begin() + 24 * 32, dead.end(), 0);
  Expected silent = whole;
  silent.truth.reset();
  traps.push_back({"NumPy array with a dead coil", "one coil's zeros are no unmeasured lines", npy(dead),
                   silent, axes()});
}

void add_zero_lines(Traps& traps) {
  for (const float rest : {0.0F, -0.0F})
    for (const char* const name : {"NumPy", "BART", "MATLAB"}) {
      const Samples samples = array_of(4, rest);
      ReaderOptions options = axes();
      if (name[0] != 'N') options.axes = {"kx", "ky", "coil"};
      traps.push_back({std::string(name) + (std::signbit(rest) ? " lines of minus zero" : " lines of zero") +
                           " without a mask",
                       "nothing says that they were not measured",
                       name[0] == 'N'   ? npy(samples)
                       : name[0] == 'B' ? cfl(samples)
                                        : mat(samples),
                       {.refused = {"zero in all coils", "18 of 24", "--mask"}},
                       options});
    }
}

void add_refused_arrays(Traps& traps) {
  traps.push_back({"mask of another size",
                   "refused with both sizes",
                   npy(array_of(), mask_of(23, 4)),
                   {.refused = {"mask does not fit", "ky 24"}, .code = ExitCode::usage},
                   axes("mask.npy")});
  traps.push_back({"mask without a line",
                   "refused",
                   npy(array_of(), std::vector<float>(24, 0)),
                   {.refused = {"No line of k-space was measured"}},
                   axes("mask.npy")});
  const std::vector<float> no_numbers(24, std::numeric_limits<float>::quiet_NaN());
  traps.push_back({"mask that is no number",
                   "neither measured nor not",
                   npy(array_of(), no_numbers),
                   {.refused = {"mask", "not finite"}},
                   axes("mask.npy")});
  ReaderOptions misnamed = axes();
  traps.push_back({"scan named npy",
                   "refused, saying what was found",
                   [](const fs::path& folder) {
                     write_scan(folder / "scan.npy", to_xml({}), full_scan());
                     return folder / "scan.npy";
                   },
                   {.refused = {"HDF5"}},
                   misnamed});
  traps.push_back({"mask that is missing",
                   "refused",
                   npy(array_of()),
                   {.refused = {"mask.npy"}, .code = ExitCode::input_missing},
                   axes("mask.npy")});
  Samples broken = array_of();
  broken[100] = std::numeric_limits<float>::infinity();
  traps.push_back(
      {"array with an infinite sample", "refused", npy(broken), {.refused = {"not finite"}}, axes()});
  ReaderOptions nameless;
  traps.push_back({"array without names of its axes",
                   "never guessed",
                   npy(array_of()),
                   {.refused = {"--axes"}, .code = ExitCode::usage},
                   nameless});
  traps.push_back({"options for arrays with a scan",
                   "readouts say what was measured",
                   scan(full_scan()),
                   {.refused = {"not for inputs of this kind"}, .code = ExitCode::usage},
                   axes()});
}

}  // namespace

void add_fastmri_traps(Traps& traps) {
  add_read_fastmri(traps);
  add_refused_fastmri(traps);
}

void add_array_traps(Traps& traps) {
  add_read_arrays(traps);
  add_zero_lines(traps);
  add_refused_arrays(traps);
}

}  // namespace raki::test
