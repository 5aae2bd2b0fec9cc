#include "io/nifti_file.h"

#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "gpu/check.h"
#include "gpu/error.h"
#include "io/output_file.h"

namespace raki {
namespace {

/// nifti1.h, field by field; little-endian.
struct Header {
  int32_t sizeof_hdr = 348;
  char data_type[10] = {}, db_name[18] = {};
  int32_t extents = 0;
  int16_t session_error = 0;
  char regular = 'r', dim_info = 0;
  int16_t dim[8] = {};
  float intent_p1 = 0, intent_p2 = 0, intent_p3 = 0;
  int16_t intent_code = 0, datatype = 16 /* float32 */, bitpix = 32, slice_start = 0;
  float pixdim[8] = {};
  float vox_offset = 352, scl_slope = 1, scl_inter = 0;
  int16_t slice_end = 0;
  char slice_code = 0, xyzt_units = 2 | 8 /* mm, s */;
  float cal_max = 0, cal_min = 0, slice_duration = 0, toffset = 0;
  int32_t glmax = 0, glmin = 0;
  char descrip[80] = {}, aux_file[24] = {};
  int16_t qform_code = 0, sform_code = 0;
  float quatern_b = 0, quatern_c = 0, quatern_d = 0, qoffset_x = 0, qoffset_y = 0, qoffset_z = 0;
  float srow_x[4] = {}, srow_y[4] = {}, srow_z[4] = {};
  char intent_name[16] = {};
  char magic[4] = {'n', '+', '1', 0};
  char no_extension[4] = {};
};
static_assert(sizeof(Header) == 352);

double length_of(const Vec3& v) {
  return std::sqrt(dot(v, v));
}

/// LPS to RAS.
Vec3 to_ras(const Vec3& v) {
  return {-v[0], -v[1], v[2]};
}

/// Of a rotation matrix with these columns (nifti1.h, method 2); the one with a >= 0.
std::array<double, 4> quaternion(const Vec3& x, const Vec3& y, const Vec3& z) {
  std::array<double, 4> q{1 + x[0] + y[1] + z[2], 1 + x[0] - y[1] - z[2], 1 - x[0] + y[1] - z[2],
                          1 - x[0] - y[1] + z[2]};
  const auto largest = static_cast<size_t>(std::max_element(q.begin(), q.end()) - q.begin());
  const double s = std::sqrt(q[largest]) / 2, r = 1 / (4 * s);
  const double a = (y[2] - z[1]) * r, b = (z[0] - x[2]) * r, c = (x[1] - y[0]) * r;
  const double bc = (x[1] + y[0]) * r, bd = (x[2] + z[0]) * r, cd = (y[2] + z[1]) * r;
  const std::array<std::array<double, 4>, 4> by_largest{
      {{s, a, b, c}, {a, s, bc, bd}, {b, bc, s, cd}, {c, bd, cd, s}}};
  q = by_largest.at(largest);
  if (q[0] < 0)
    for (double& part : q) part = -part;
  return q;
}

/// The rotation with scales; right-handed but for the sign of z, which is pixdim[0].
void put_qform(Header& header, const Vec3& x, const Vec3& y, const Vec3& z) {
  constexpr double right_angle = 1e-4;  // of a cosine
  const auto unit = [](const Vec3& v) {
    const double n = length_of(v);
    return Vec3{v[0] / n, v[1] / n, v[2] / n};
  };
  const Vec3 ux = unit(x), uy = unit(y);
  Vec3 uz = unit(z);
  if (std::abs(dot(ux, uy)) > right_angle || std::abs(dot(ux, uz)) > right_angle ||
      std::abs(dot(uy, uz)) > right_angle)
    return;
  const double handedness = dot(cross(ux, uy), uz) < 0 ? -1 : 1;
  for (double& part : uz) part *= handedness;
  const auto q = quaternion(ux, uy, uz);
  header.pixdim[0] = static_cast<float>(handedness);
  header.quatern_b = static_cast<float>(q[1]);
  header.quatern_c = static_cast<float>(q[2]);
  header.quatern_d = static_cast<float>(q[3]);
  header.qform_code = header.sform_code;
}

void put_grid(Header& header, const VoxelGrid& grid) {
  const Vec3 x = to_ras(grid.step_x), y = to_ras(grid.step_y), z = to_ras(grid.step_z),
             origin = to_ras(grid.origin);
  header.sform_code = grid.known ? 1 : 2;  // scanner coordinates; else aligned to something
  header.pixdim[0] = 1;
  header.pixdim[1] = static_cast<float>(length_of(x));
  header.pixdim[2] = static_cast<float>(length_of(y));
  header.pixdim[3] = static_cast<float>(length_of(z));
  float* const rows[3] = {header.srow_x, header.srow_y, header.srow_z};
  for (size_t i = 0; i < 3; ++i) {
    const std::array<double, 4> row{x[i], y[i], z[i], origin[i]};
    std::transform(row.begin(), row.end(), rows[i], [](double value) { return static_cast<float>(value); });
  }
  header.qoffset_x = header.srow_x[3];
  header.qoffset_y = header.srow_y[3];
  header.qoffset_z = header.srow_z[3];
  put_qform(header, x, y, z);
}

void put_sizes(Header& header, at::IntArrayRef sizes) {
  constexpr int64_t largest = 32767;
  for (size_t i = 0; i < 4; ++i) {
    const int64_t size = sizes[3 - i];
    if (size > largest)
      throw InputError({"The images are too large for NIfTI-1", std::to_string(size) + " along an axis",
                        "at most 32767", "", "Leave nii out of --output"},
                       ExitCode::usage);
    header.dim[i + 1] = static_cast<int16_t>(size);
  }
  header.dim[0] = sizes[0] > 1 ? 4 : 3;
  for (size_t i = 5; i < 8; ++i) header.dim[i] = 1;
}

/// As gzip, without a name and a time: the same volumes make the same bytes.
std::vector<uint8_t> compressed(const std::vector<uint8_t>& bytes) {
  constexpr int gzip = 16 + 15, usual_memory = 8;
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip, usual_memory, Z_DEFAULT_STRATEGY) !=
      Z_OK)
    throw Bug("zlib cannot begin");
  std::vector<uint8_t> packed(deflateBound(&stream, bytes.size()));
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.next_out = packed.data();
  size_t left_in = bytes.size(), left_out = packed.size();
  int status = Z_OK;
  while (status == Z_OK) {  // zlib counts in 32 bits
    constexpr size_t most = size_t{1} << 30;
    stream.avail_in = static_cast<uInt>(std::min(left_in, most));
    stream.avail_out = static_cast<uInt>(std::min(left_out, most));
    const size_t in = stream.avail_in, out = stream.avail_out;
    status = deflate(&stream, left_in <= most ? Z_FINISH : Z_NO_FLUSH);
    left_in -= in - stream.avail_in;
    left_out -= out - stream.avail_out;
  }
  deflateEnd(&stream);
  if (status != Z_STREAM_END) throw Bug("zlib failed to compress");
  packed.resize(packed.size() - left_out);
  return packed;
}

}  // namespace

void write_nifti(const std::filesystem::path& path, const at::Tensor& volumes, const VoxelGrid& grid,
                 const std::string& description) {
  check_tensor(volumes, "NIfTI volumes", {{"t"}, {"z"}, {"y"}, {"x"}}, at::kFloat);
  Header header;
  put_sizes(header, volumes.sizes());
  put_grid(header, grid);
  std::memcpy(header.descrip, description.data(), std::min(description.size(), sizeof header.descrip - 1));
  const at::Tensor values = volumes.cpu().contiguous();
  std::vector<uint8_t> bytes(sizeof header + values.nbytes());
  std::memcpy(bytes.data(), &header, sizeof header);
  std::memcpy(bytes.data() + sizeof header, values.const_data_ptr(), values.nbytes());
  write_new_file(path, compressed(bytes));
}

}  // namespace raki
