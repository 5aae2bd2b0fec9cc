// nvJPEG2000 at work. Its handles serve all threads; what one image needs besides is kept and lent, because
// making it takes longer than coding an image of 256 x 256.

#include <ATen/ATen.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <map>
#include <memory>
#include <mutex>

#include "gpu/cuda_part.h"
#include "gpu/error.h"

namespace raki::cuda {

namespace {

using nvjpeg2000::Library;

void check(nvjpeg2000::Status status, const char* what) {
  if (status == 0) return;
  throw DeviceError({std::string("nvJPEG2000 cannot ") + what, "its status " + std::to_string(status), "", "",
                     "Use --device cpu"});
}

/// A thing of nvJPEG2000 and the function that ends it.
template <class Thing>
using Owned = std::unique_ptr<Thing, nvjpeg2000::Status (*)(Thing*)>;

/// What `create` makes.
template <class Thing, class Create>
Owned<Thing> make(nvjpeg2000::Status (*destroy)(Thing*), Create create) {
  Thing* made = nullptr;
  check(create(&made), "start");
  return {made, destroy};
}

/// What coding one image needs, on one device.
struct Encoding {
  Owned<nvjpeg2000::EncodeState> state;
  Owned<nvjpeg2000::EncodeParams> params;
};
struct Decoding {
  Owned<nvjpeg2000::DecodeState> state;
  Owned<nvjpeg2000::Bitstream> bitstream;
};

/// Work on a device in a stream of its own.
struct Lane {
  explicit Lane(int device)
      : current(static_cast<c10::DeviceIndex>(device)),
        stream(c10::cuda::getStreamFromPool(false, static_cast<c10::DeviceIndex>(device))),
        on(stream) {}
  at::Device device() const { return stream.device(); }

  c10::cuda::CUDAGuard current;
  c10::cuda::CUDAStream stream;
  c10::cuda::CUDAStreamGuard on;
};

/// What is not lent at the moment. Never destroyed: at the end of the process the driver may be gone before.
template <class Work>
class Kept {
 public:
  template <class Make>
  std::unique_ptr<Work> take(Make make) {
    {
      const std::scoped_lock lock(mutex_);
      if (!idle_.empty()) {
        auto work = std::move(idle_.back());
        idle_.pop_back();
        return work;
      }
    }
    return make();
  }
  void give_back(std::unique_ptr<Work> work) {
    const std::scoped_lock lock(mutex_);
    idle_.push_back(std::move(work));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Work>> idle_;
};

/// Of one device, which must be the current one.
struct Codec {
  explicit Codec(const Library& library) {
    check(library.create(&handle), "start");
    check(library.create_encoder(&encoder), "start");
  }
  nvjpeg2000::Handle* handle = nullptr;
  nvjpeg2000::Encoder* encoder = nullptr;
  Kept<Encoding> encodings;
  Kept<Decoding> decodings;
};

Codec& codec_of(const Library& library, int device) {
  static std::mutex mutex;
  static auto& codecs = *new std::map<int, Codec>;
  const std::scoped_lock lock(mutex);
  return codecs.try_emplace(device, library).first->second;
}

/// One plane of 16 bit samples, at `samples` on the GPU.
struct Plane {
  Plane(const at::Tensor& samples, const Jpeg2000Layout& layout)
      : pointer(samples.data_ptr()), pitch(2 * static_cast<size_t>(layout.width)) {
    image = {&pointer, &pitch, layout.is_signed ? nvjpeg2000::int16 : nvjpeg2000::uint16, 1};
  }
  Plane(const Plane&) = delete;
  Plane& operator=(const Plane&) = delete;

  void* pointer;
  size_t pitch;
  nvjpeg2000::Image image;
};

/// The samples as they are: signed images with the sign spread over 16 bits.
at::Tensor on_gpu(std::span<const uint16_t> samples, const Jpeg2000Layout& layout, at::Device device) {
  const at::Tensor here = at::from_blob(const_cast<uint16_t*>(samples.data()), {layout.height, layout.width},
                                        at::TensorOptions(at::kShort));
  return here.to(device);
}

void configure(const Library& library, const Encoding& encoding, const Jpeg2000Layout& layout) {
  const auto narrow = [](int64_t n) { return static_cast<uint32_t>(n); };
  nvjpeg2000::Component component{narrow(layout.width), narrow(layout.height),
                                  static_cast<uint8_t>(layout.bits), static_cast<uint8_t>(layout.is_signed)};
  nvjpeg2000::EncodeConfig config{};
  config.stream_type = nvjpeg2000::bare_codestream;
  config.colour_space = nvjpeg2000::gray;
  config.rsiz = nvjpeg2000::high_throughput_rsiz;
  config.modes = nvjpeg2000::high_throughput_mode;
  config.width = component.width;
  config.height = component.height;
  config.components = 1;
  config.component = &component;
  config.progression = layout.progression;
  config.layers = 1;
  config.resolutions = narrow(layout.decompositions + 1);
  config.block_width = config.block_height = narrow(layout.block);
  check(library.set_config(encoding.params.get(), &config), "encode an image of this kind");
}

}  // namespace

std::vector<uint8_t> encode_jpeg2000(const Library& library, std::span<const uint16_t> samples,
                                     const Jpeg2000Layout& layout, int device) {
  const Lane lane(device);
  Codec& codec = codec_of(library, device);
  auto encoding = codec.encodings.take([&] {
    return std::make_unique<Encoding>(Encoding{make(library.destroy_encode_state,
                                                    [&](nvjpeg2000::EncodeState** made) {
                                                      return library.create_encode_state(codec.encoder, made);
                                                    }),
                                               make(library.destroy_params, library.create_params)});
  });
  configure(library, *encoding, layout);
  const at::Tensor there = on_gpu(samples, layout, lane.device());
  const Plane plane(there, layout);
  nvjpeg2000::EncodeState* const state = encoding->state.get();
  check(library.encode(codec.encoder, state, encoding->params.get(), &plane.image, lane.stream.stream()),
        "encode");
  size_t length = 0;
  check(library.retrieve(codec.encoder, state, nullptr, &length, lane.stream.stream()), "encode");
  std::vector<uint8_t> bytes(length);
  check(library.retrieve(codec.encoder, state, bytes.data(), &length, lane.stream.stream()), "encode");
  lane.stream.synchronize();
  bytes.resize(length);
  codec.encodings.give_back(std::move(encoding));
  return bytes;
}

std::vector<uint16_t> decode_jpeg2000(const Library& library, std::span<const uint8_t> codestream,
                                      const Jpeg2000Layout& layout, int device) {
  const Lane lane(device);
  Codec& codec = codec_of(library, device);
  auto decoding = codec.decodings.take([&] {
    return std::make_unique<Decoding>(Decoding{
        make(library.destroy_decode_state,
             [&](nvjpeg2000::DecodeState** made) { return library.create_decode_state(codec.handle, made); }),
        make(library.destroy_bitstream, library.create_bitstream)});
  });
  nvjpeg2000::Bitstream* const bitstream = decoding->bitstream.get();
  check(library.parse(codec.handle, codestream.data(), codestream.size(), 0, 0, bitstream), "read the image");
  const at::Tensor there =
      at::empty({layout.height, layout.width}, at::TensorOptions(lane.device()).dtype(at::kShort));
  Plane plane(there, layout);
  check(library.decode(codec.handle, decoding->state.get(), bitstream, &plane.image, lane.stream.stream()),
        "decode");
  const at::Tensor here = there.cpu();
  codec.decodings.give_back(std::move(decoding));
  const auto* first = static_cast<const uint16_t*>(here.data_ptr());
  return {first, first + here.numel()};
}

}  // namespace raki::cuda
