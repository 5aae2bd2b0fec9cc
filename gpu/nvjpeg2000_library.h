#pragma once
// What is used of NVIDIA's nvJPEG2000, looked up at run time: it has a licence of its own and need not be
// there. Declared as its header of 0.9 to 0.11 has it (tests/outside/test_nvjpeg2000.py compares with the
// real one).

#include <cstddef>
#include <cstdint>
#include <string>

namespace raki::nvjpeg2000 {

using Status = int;  ///< 0: success
struct Handle;
struct DecodeState;
struct Bitstream;
struct Encoder;
struct EncodeState;
struct EncodeParams;

constexpr int gray = 2, uint16 = 1, int16 = 2, bare_codestream = 0;
constexpr int high_throughput_rsiz = 0x4000, high_throughput_mode = 0x40;
constexpr int most_resolutions = 33;

/// nvjpeg2kImageComponentInfo_t
struct Component {
  uint32_t width, height;
  uint8_t bits, is_signed;
};

/// nvjpeg2kEncodeConfig_t
struct EncodeConfig {
  int stream_type, colour_space;
  uint16_t rsiz;
  uint32_t width, height;
  uint32_t tiling, tile_width, tile_height;
  uint32_t components;
  Component* component;
  uint32_t sop, eph;
  int progression;
  uint32_t layers, colour_transform, resolutions, block_width, block_height, modes, irreversible;
  uint32_t precincts, precinct_width[most_resolutions], precinct_height[most_resolutions];
};

/// nvjpeg2kImage_t
struct Image {
  void** planes;  ///< on the GPU
  std::size_t* pitch_bytes;
  int type;
  uint32_t components;
};

/// Its functions; `Stream` stands for cudaStream_t.
struct Library {
  using Stream = void*;
  Status (*get_property)(int type, int* value);
  Status (*create)(Handle**);
  Status (*create_decode_state)(Handle*, DecodeState**);
  Status (*destroy_decode_state)(DecodeState*);
  Status (*create_bitstream)(Bitstream**);
  Status (*destroy_bitstream)(Bitstream*);
  Status (*parse)(Handle*, const unsigned char*, std::size_t, int, int, Bitstream*);
  Status (*decode)(Handle*, DecodeState*, Bitstream*, Image*, Stream);
  Status (*create_encoder)(Encoder**);
  Status (*create_encode_state)(Encoder*, EncodeState**);
  Status (*destroy_encode_state)(EncodeState*);
  Status (*create_params)(EncodeParams**);
  Status (*destroy_params)(EncodeParams*);
  Status (*set_config)(EncodeParams*, EncodeConfig*);
  Status (*encode)(Encoder*, EncodeState*, EncodeParams*, const Image*, Stream);
  Status (*retrieve)(Encoder*, EncodeState*, unsigned char*, std::size_t*, Stream);
};

struct Found {
  Library library = {};
  std::string version;  ///< "0.11.0"
  std::string problem;  ///< why it cannot be used; empty when it can
};

/// From this file, or by this name where the loader looks. Needs 0.9.1 (before, its HT encoder wrote wrong
/// bits) and less than 1.0, whose structures may be others. Does not need a GPU.
Found load(const std::string& path);

/// $RAKI_NVJPEG2000_LIBRARY alone when it is set; else by its name; else beside LibTorch's Python package,
/// where `pip install nvidia-nvjpeg2k-cu13` puts it. Once in a process.
const Found& found();

}  // namespace raki::nvjpeg2000
