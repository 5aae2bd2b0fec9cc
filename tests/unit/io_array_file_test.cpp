#include "io/array_file.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <matio.h>

#include <fstream>
#include <functional>

#include "gpu/error.h"
#include "tests/support/laws.h"
#include "tests/support/temporary_folder.h"

namespace raki {
namespace {

class ArrayFileTest : public testing::Test {
 protected:
  std::filesystem::path file(const std::string& name) const { return folder_.path / name; }
  std::filesystem::path write(const std::string& name, const std::string& bytes) const {
    std::ofstream(file(name), std::ios::binary) << bytes;
    return file(name);
  }
  /// A .npy file of `version` with this header and these bytes.
  std::filesystem::path npy(const std::string& dictionary, const std::string& data, char version = 1) const {
    const std::string header = dictionary + "\n";
    std::string bytes = "\x93NUMPY";
    bytes += version;
    bytes += '\0';
    bytes += static_cast<char>(header.size());
    bytes += '\0';
    if (version > 1) bytes += std::string(2, '\0');
    return write("a.npy", bytes + header + data);
  }
  template <class Value>
  static std::string raw(const std::vector<Value>& values, bool swap = false) {
    std::string bytes(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Value));
    if (swap)
      for (std::size_t i = 0; i < bytes.size(); i += sizeof(Value))
        std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(i),
                     bytes.begin() + static_cast<std::ptrdiff_t>(i + sizeof(Value)));
    return bytes;
  }

  TemporaryFolder folder_;
};

std::string dictionary(const std::string& type, const std::string& shape, bool fortran = false) {
  return "{'descr': '" + type + "', 'fortran_order': " + (fortran ? "True" : "False") +
         ", 'shape': " + shape + ", }";
}

InputError error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error;
  }
  ADD_FAILURE() << "no error";
  return InputError({"none", "", "", "", ""});
}

TEST_F(ArrayFileTest, NpyRoundTrip) {
  for (const at::ScalarType type : {at::kFloat, at::kComplexFloat})
    for (const std::vector<int64_t>& shape : {std::vector<int64_t>{}, {5}, {2, 3, 4}, {0, 3}}) {
      const at::Tensor array = at::randn(shape, type);
      const auto path = file(std::to_string(array.dim()) + at::toString(type) + ".npy");
      write_npy(path, array);
      const at::Tensor found = read_array(path);
      EXPECT_EQ(found.scalar_type(), type);
      EXPECT_EQ(found.sizes(), array.sizes());
      EXPECT_TRUE(at::equal(found, array));
    }
}

TEST_F(ArrayFileTest, NpyReplacesNoFile) {
  write_npy(file("a.npy"), at::ones({3}));
  EXPECT_THROW(write_npy(file("a.npy"), at::zeros({3})), InputError);
  EXPECT_EQ(read_array(file("a.npy")).sum().item<float>(), 3);
}

TEST_F(ArrayFileTest, CflRoundTrip) {
  const at::Tensor array = at::randn({5, 4, 1, 3}, at::kComplexFloat);
  write_cfl(file("a"), array);
  EXPECT_TRUE(at::equal(read_array(file("a.cfl")), array));
  write_cfl(file("b"), at::real(array).transpose(0, 1));
  EXPECT_TRUE(at::equal(read_array(file("b.hdr")), at::real(array).transpose(0, 1).to(at::kComplexFloat)));
  std::ifstream header(file("a.hdr"));
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(header), {}),
            "# Dimensions\n5 4 1 3 1 1 1 1 1 1 1 1 1 1 1 1\n");
}

TEST_F(ArrayFileTest, CflReplacesNoFile) {
  write_npy(file("a.hdr"), at::ones({3}));
  EXPECT_THROW(write_cfl(file("a"), at::zeros({3})), InputError);
  EXPECT_FALSE(std::filesystem::exists(file("a.cfl")));
}

TEST_F(ArrayFileTest, NpyHeaderIsAlignedAndStridesAreResolved) {
  const at::Tensor array = at::conj(at::randn({3, 4}, at::kComplexFloat)).transpose(0, 1);
  write_npy(file("a.npy"), array);
  EXPECT_EQ((std::filesystem::file_size(file("a.npy")) - 96) % 64, 0U);
  EXPECT_TRUE(at::equal(read_array(file("a.npy")), array.resolve_conj()));
}

TEST_F(ArrayFileTest, EveryNumberType) {
  const auto expect = [&](const std::string& type, const std::string& data) {
    const at::Tensor found = read_array(npy(dictionary(type, "(3,)"), data));
    EXPECT_EQ(found.scalar_type(), at::kFloat) << type;
    EXPECT_TRUE(at::equal(found, at::tensor({1.0F, 2.0F, 3.0F}))) << type;
  };
  for (const bool swap : {false, true}) {
    const std::string order = swap ? ">" : "<";
    expect(order + "f4", raw<float>({1, 2, 3}, swap));
    expect(order + "f8", raw<double>({1, 2, 3}, swap));
    expect(order + "f2", raw<at::Half>({1, 2, 3}, swap));
    expect(order + "i2", raw<int16_t>({1, 2, 3}, swap));
    expect(order + "i4", raw<int32_t>({1, 2, 3}, swap));
    expect(order + "i8", raw<int64_t>({1, 2, 3}, swap));
    expect(order + "u2", raw<uint16_t>({1, 2, 3}, swap));
    expect(order + "u4", raw<uint32_t>({1, 2, 3}, swap));
    expect(order + "u8", raw<uint64_t>({1, 2, 3}, swap));
    const at::Tensor found =
        read_array(npy(dictionary(order + "c16", "(2,)"), raw<double>({1, 2, 3, 4}, swap)));
    EXPECT_TRUE(at::equal(at::view_as_real(found), at::tensor({1.0F, 2.0F, 3.0F, 4.0F}).view({2, 2})));
  }
  expect("|i1", raw<int8_t>({1, 2, 3}));
  expect("|u1", raw<uint8_t>({1, 2, 3}));
  EXPECT_TRUE(
      at::equal(read_array(npy(dictionary("|b1", "(2,)"), raw<uint8_t>({1, 0}))), at::tensor({1.0F, 0.0F})));
}

TEST_F(ArrayFileTest, FortranOrderAndLaterVersions) {
  for (const char version : {'\1', '\2', '\3'}) {
    const at::Tensor found =
        read_array(npy(dictionary("<f4", "(2, 3)", true), raw<float>({1, 4, 2, 5, 3, 6}), version));
    EXPECT_TRUE(at::equal(found, at::tensor({1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F}).view({2, 3})));
    EXPECT_TRUE(found.is_contiguous());
  }
}

TEST_F(ArrayFileTest, NpyThatCannotBeReadIsRefused) {
  const std::string three = raw<float>({1, 2, 3});
  const auto refused = [&](const std::filesystem::path& path) {
    const InputError error = error_of([&] { read_array(path); });
    EXPECT_EQ(error.code(), ExitCode::bad_data);
    EXPECT_NE(error.facts().where.find("a.npy"), std::string::npos);
    return error.facts();
  };
  for (const char* const shape : {"(4,)", "(2,)", "(3, 3)", "(4294967296, 4294967296)"})
    EXPECT_NE(refused(npy(dictionary("<f4", shape), three)).what.find("size"), std::string::npos) << shape;
  for (const char* const type : {"|O", "<U3", "<f3", "", "<M8[ns]"})
    refused(npy(dictionary(type, "(3,)"), three));
  for (const char* const shape : {"3", "(3", "(-3,)", "(x,)", ""})
    refused(npy(dictionary("<f4", shape), three));
  std::string axes;
  for (int i = 0; i < 64; ++i) axes += "1,";
  EXPECT_NE(refused(npy(dictionary("<f4", "(" + axes + "3)"), three)).what.find("axes"), std::string::npos);
  for (const char* const shape : {"(0, 1099511627776, 1099511627776)", "(1099511627776, 1099511627776, 0)"})
    EXPECT_NE(refused(npy(dictionary("<f4", shape), "")).what.find("size"), std::string::npos) << shape;
  refused(npy(dictionary("<f4", "(3,)"), three, 9));
  refused(write("a.npy", "\x93NUMPY"));
  refused(write("a.npy", "not an array at all"));
}

TEST_F(ArrayFileTest, BartArraysKeepTheirAxisOrder) {
  write("b.hdr", "# Dimensions\n1 2 3 1 1 1 \n");
  std::vector<float> values;
  for (int i = 0; i < 12; ++i) values.push_back(static_cast<float>(i));
  write("b.cfl", raw(values));
  for (const char* const name : {"b.cfl", "b.hdr"}) {
    const at::Tensor found = read_array(file(name));
    ASSERT_EQ(found.sizes(), (std::vector<int64_t>{1, 2, 3}));
    EXPECT_EQ(at::view_as_real(found)[0][1][2][0].item<float>(),
              10);  // element 1 + 2 * 2 of the file, real part
  }
  write("b.hdr", "# Dimensions\n1 2 4\n");
  EXPECT_EQ(error_of([&] { read_array(file("b.cfl")); }).code(), ExitCode::bad_data);
  for (const char* const text :
       {"", "nothing", "# Dimensions\n", "# Dimensions\n2 x\n", "# Dimensions\n0 2\n",
        "# Dimensions\n2 3 99999999999999999999", "# Dimensions\n2 3 -",
        "# Dimensions\n3 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 2\n"}) {
    write("b.hdr", text);
    EXPECT_EQ(error_of([&] { read_array(file("b.cfl")); }).code(), ExitCode::bad_data) << text;
  }
  std::filesystem::remove(file("b.hdr"));
  EXPECT_EQ(error_of([&] { read_array(file("b.cfl")); }).code(), ExitCode::input_missing);
}

/// Writes double arrays: `a` complex 2 x 3, `b` real 3 x 1, `note` text.
void write_mat(const std::filesystem::path& path, mat_ft version, bool several) {
  mat_t* const mat = Mat_CreateVer(path.c_str(), nullptr, version);
  ASSERT_NE(mat, nullptr);
  std::array<double, 6> re{0, 1, 2, 3, 4, 5}, im{0, -1, -2, -3, -4, -5};
  mat_complex_split_t parts{re.data(), im.data()};
  std::array<std::size_t, 2> shape{2, 3}, column{3, 1}, length{1, 4};
  const auto add = [&](const char* name, matio_classes kind, matio_types type, std::size_t* dims, void* data,
                       int flags) {
    matvar_t* const variable = Mat_VarCreate(name, kind, type, 2, dims, data, flags);
    EXPECT_EQ(Mat_VarWrite(mat, variable, MAT_COMPRESSION_NONE), 0);
    Mat_VarFree(variable);
  };
  add("a", MAT_C_DOUBLE, MAT_T_DOUBLE, shape.data(), &parts, MAT_F_COMPLEX);
  std::array<char, 5> note{"text"};
  add("note", MAT_C_CHAR, MAT_T_UINT8, length.data(), note.data(), 0);
  if (several) add("b", MAT_C_DOUBLE, MAT_T_DOUBLE, column.data(), re.data(), 0);
  Mat_Close(mat);
}

TEST_F(ArrayFileTest, MatlabFilesOfBothKinds) {
  for (const mat_ft version : {MAT_FT_MAT5, MAT_FT_MAT73}) {
    write_mat(file("one.mat"), version, false);
    const at::Tensor found = read_array(file("one.mat"));
    ASSERT_EQ(found.sizes(), (std::vector<int64_t>{2, 3}));
    EXPECT_EQ(found.scalar_type(), at::kComplexFloat);
    EXPECT_TRUE(at::equal(at::real(found), at::tensor({0.0F, 2.0F, 4.0F, 1.0F, 3.0F, 5.0F}).view({2, 3})));
    EXPECT_TRUE(at::equal(at::imag(found), -at::real(found)));
    write_mat(file("two.mat"), version, true);
    EXPECT_EQ(read_array(file("two.mat"), "b").sizes(), (std::vector<int64_t>{3, 1}));
    for (const char* const name : {"", "c", "note"}) {
      const InputError error = error_of([&] { read_array(file("two.mat"), name); });
      EXPECT_NE(error.facts().found.find("a [2 x 3]"), std::string::npos) << error.what();
      EXPECT_NE(error.facts().found.find("b [3 x 1]"), std::string::npos) << error.what();
    }
    std::filesystem::resize_file(file("one.mat"), std::filesystem::file_size(file("one.mat")) / 2);
    EXPECT_EQ(error_of([&] { read_array(file("one.mat")); }).code(), ExitCode::bad_data);
    std::filesystem::remove(file("one.mat"));
    std::filesystem::remove(file("two.mat"));
  }
  EXPECT_EQ(error_of([&] { read_array(write("x.mat", "no matrix")); }).code(), ExitCode::bad_data);
}

TEST_F(ArrayFileTest, OnlyKnownEndingsAreArrays) {
  for (const char* const name : {"a.npy", "a.cfl", "a.hdr", "a.mat", "A.NPY"})
    EXPECT_TRUE(is_array_file(name));
  for (const char* const name : {"a.h5", "a", "npy", "a.npy.gz"}) EXPECT_FALSE(is_array_file(name));
  EXPECT_EQ(error_of([&] { read_array(file("none.npy")); }).code(), ExitCode::input_missing);
  EXPECT_EQ(error_of([&] { read_array(write("a.txt", "x")); }).code(), ExitCode::bad_data);
}

TEST(KspaceAxes, ArePutIntoCanonicalOrder) {
  const at::Tensor array = laws::random_complex({1, 5, 6, 3});
  const at::Tensor found = to_kspace_axes(array, {"1", "ky", "kx", "coil"});
  ASSERT_EQ(found.sizes(), (std::vector<int64_t>{1, 3, 1, 5, 6}));
  EXPECT_TRUE(at::equal(found[0][2][0], array[0].select(2, 2)));
  EXPECT_TRUE(found.is_contiguous());
  EXPECT_EQ(
      to_kspace_axes(laws::random_complex({2, 3, 4, 5, 6}), {"kx", "coil", "frame", "ky", "kz"}).sizes(),
      (std::vector<int64_t>{4, 3, 6, 5, 2}));
  const at::Tensor real = to_kspace_axes(at::ones({4, 6}), {"ky", "kx"});
  EXPECT_EQ(real.scalar_type(), at::kComplexFloat);
}

TEST(KspaceAxes, ThatDoNotFitAreAUsageError) {
  const at::Tensor array = laws::random_complex({2, 5, 6});
  for (const std::vector<std::string>& axes : std::vector<std::vector<std::string>>{{"ky", "kx"},
                                                                                    {"1", "ky", "kx"},
                                                                                    {"coil", "ky", "ky"},
                                                                                    {"coil", "ky", "x"},
                                                                                    {"coil", "kz", "ky"},
                                                                                    {}})
    EXPECT_EQ(error_of([&] { to_kspace_axes(array, axes); }).code(), ExitCode::usage);
}

}  // namespace
}  // namespace raki
