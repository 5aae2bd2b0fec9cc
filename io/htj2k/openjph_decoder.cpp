#include "io/htj2k/openjph_decoder.h"

#include <openjph/ojph_arch.h>
#include <openjph/ojph_codestream.h>
#include <openjph/ojph_file.h>
#include <openjph/ojph_mem.h>
#include <openjph/ojph_params.h>

#include <algorithm>
#include <stdexcept>

#include "gpu/error.h"
#include "io/htj2k/openjph_messages.h"

namespace raki {
namespace {

/// The lines in the order in which OpenJPH hands them out.
template <typename Sample>
void pull_rows(ojph::codestream& codestream, const CodestreamHeader& header, const GridBox& box,
               std::span<Sample> samples) {
  const int32_t lowest = header.is_signed ? -(1 << (header.bits - 1)) : 0;
  const int32_t highest = lowest + (1 << header.bits) - 1;
  for (int64_t row = 0; row < box.height(); ++row)
    for (int64_t i = 0; i < header.components; ++i) {
      ojph::ui32 component = 0;
      const ojph::line_buf* line = codestream.pull(component);
      if (line == nullptr || component >= header.components) refuse_image("rows are missing");
      std::transform(line->i32, line->i32 + box.width(),
                     samples.begin() + (component * box.height() + row) * box.width(), [=](int32_t sample) {
                       return static_cast<Sample>(std::clamp(sample, lowest, highest));
                     });
    }
}

template <typename Sample>
void decode(std::span<const uint8_t> codestream, const CodestreamHeader& header, int reduce,
            std::span<Sample> samples) {
  listen_to_openjph();
  try {
    ojph::mem_infile file;
    file.open(codestream.data(), codestream.size());
    ojph::codestream decoder;
    decoder.read_headers(&file);
    decoder.restrict_input_resolution(static_cast<ojph::ui32>(reduce), static_cast<ojph::ui32>(reduce));
    decoder.set_planar(false);
    decoder.create();
    pull_rows(decoder, header, reduced(header.image, reduce), samples);
    decoder.close();
  } catch (const std::runtime_error&) {
    refuse_image("'" + openjph_messages() + "'");
  }
  if (!openjph_messages().empty()) refuse_image("'" + openjph_messages() + "'");
}

}  // namespace

bool openjph_can_decode(const CodestreamHeader& header) {
  constexpr int most_bit_planes = 30;  // of its 32-bit samples
  if (!header.plain || header.decompositions > 31) return false;
  const int64_t side = int64_t{1} << header.decompositions;
  for (int64_t tile = 0; tile < header.tiles(); ++tile)
    if (header.tile(tile).width() < side || header.tile(tile).height() < side) return false;
  return std::all_of(header.bit_planes.begin(), header.bit_planes.end(),
                     [](int planes) { return planes >= 0 && planes <= most_bit_planes; });
}

void decode_with_openjph(std::span<const uint8_t> codestream, const CodestreamHeader& header, int reduce,
                         std::span<int32_t> samples) {
  decode(codestream, header, reduce, samples);
}

void decode_with_openjph(std::span<const uint8_t> codestream, const CodestreamHeader& header, int reduce,
                         std::span<int16_t> samples) {
  decode(codestream, header, reduce, samples);
}

}  // namespace raki
