#pragma once
// OpenJPH as `ojph_compress` calls it: reversible, 5 decompositions, 64 x 64 blocks, RPCL, into memory.

#include <openjph/ojph_arch.h>
#include <openjph/ojph_codestream.h>
#include <openjph/ojph_file.h>
#include <openjph/ojph_mem.h>
#include <openjph/ojph_params.h>

#include <algorithm>

#include "io/htj2k/pixel_image.h"

namespace raki {

/// Bytes of the codestream.
inline size_t encode_with_openjph(const PixelImage& image) {
  const auto narrow = [](int64_t n) { return static_cast<ojph::ui32>(n); };
  ojph::mem_outfile file;
  file.open();
  ojph::codestream codestream;
  ojph::param_siz siz = codestream.access_siz();
  siz.set_image_extent(ojph::point(narrow(image.width), narrow(image.height)));
  siz.set_num_components(1);
  siz.set_component(0, ojph::point(1, 1), narrow(image.bits), image.is_signed);
  ojph::param_cod cod = codestream.access_cod();
  cod.set_num_decomposition(5);
  cod.set_block_dims(64, 64);
  cod.set_progression_order("RPCL");
  cod.set_reversible(true);
  codestream.set_planar(false);
  codestream.write_headers(&file);
  ojph::ui32 component = 0;
  ojph::line_buf* line = codestream.exchange(nullptr, component);
  for (int64_t row = 0; row < image.height; ++row) {
    std::copy_n(image.samples.begin() + row * image.width, image.width, line->i32);
    line = codestream.exchange(line, component);
  }
  codestream.flush();
  const auto size = static_cast<size_t>(file.tell());
  codestream.close();
  return size;
}

}  // namespace raki
