#pragma once
// Many small three-layer convolutional networks that look at the same data, trained together.
//
//   layer 1   ky1 x kx1 -> features1, ReLU   one matrix product for all networks of a frame (same input)
//   layer 2   1 x 1 -> features2, ReLU       batched small products
//   layer 3   ky3 x kx3 -> outputs           batched small products, then a sum over shifted taps
//   linear    ky1 x kx1 -> outputs           where asked for: a linear path beside the layers
//
// No padding, no biases (a row of ones in `sources` gives layer 1 one). Explicit gradients; the type of the
// weights (float32, float64) and their device decide where and how exactly it runs.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace raki {

struct NetworkShape {
  int64_t networks = 0;  ///< a frame
  int64_t inputs = 0;    ///< of layer 1: source samples a position
  int64_t features1 = 0, features2 = 0;
  int64_t kernel3_ky = 1, kernel3_kx = 1;
  int64_t outputs = 0;        ///< of each network a position
  bool linear_path = false;   ///< a linear kernel of the size of layer 1 beside the layers
  double negative_slope = 0;  ///< of the activation: 0 is ReLU, 1 none
  int64_t taps() const { return kernel3_ky * kernel3_kx; }
  int64_t linear_outputs() const { return linear_path ? outputs : 0; }
  int64_t weights() const;  ///< of all networks of one frame
};

/// The positions of layer 1, row-major, and how many rows lie between the ky taps of layer 3.
struct Grid {
  int64_t rows = 0, columns = 0;
  int64_t dilation = 1;
  int64_t positions() const { return rows * columns; }
  int64_t output_rows(const NetworkShape& shape) const { return rows - (shape.kernel3_ky - 1) * dilation; }
  int64_t output_columns(const NetworkShape& shape) const { return columns - (shape.kernel3_kx - 1); }
};

/// One flat tensor, and the layers as views of it.
struct NetworkWeights {
  NetworkShape shape;
  at::Tensor flat;    ///< (frame, weight)
  at::Tensor layer1;  ///< (frame, network * features1, inputs)
  at::Tensor layer2;  ///< (frame, network, features2, features1)
  at::Tensor layer3;  ///< (frame, network, tap * outputs, features2), tap = ky tap * kernel3_kx + kx tap
  at::Tensor linear;  ///< (frame, network * outputs, inputs); of no rows without a linear path
};

/// Zeros, on the device and of the type of `like`.
NetworkWeights make_weights(const NetworkShape& shape, int64_t frames, const at::Tensor& like);
/// The weights of frames [first, first + count); shares their memory.
NetworkWeights frames_of(const NetworkWeights& weights, int64_t first, int64_t count);

/// Truncated normal (two standard deviations), the same for every frame, drawn on the CPU from `seed`.
void initialise(NetworkWeights& weights, double standard_deviation, uint64_t seed);

/// Buffers of one pass, used again in every step.
struct Workspace {
  at::Tensor hidden1, hidden2;      ///< (frame, network, features, position)
  at::Tensor gradient1, gradient2;  ///< of the same shapes
  at::Tensor taps;                  ///< (frame, network, ky tap, kx tap, outputs, rows, columns)
  at::Tensor output;                ///< (frame, network, outputs, output rows, output columns)
  at::Tensor windows;  ///< (frame, network, outputs, rows, columns): the linear path under every window
  at::Tensor
      linear;  ///< like `output`: the linear path whose window is the middle one along kx, first along ky
};
Workspace make_workspace(const NetworkShape& shape, const Grid& grid, int64_t frames, const at::Tensor& like);

/// `sources` (frame, inputs, position), contiguous. The result of the layers stands in `work.output`, that of
/// the linear path in `work.linear`.
void forward(const NetworkWeights& weights, const Grid& grid, const at::Tensor& sources, Workspace& work);

/// After `forward` with the same arguments, when `work.output` and `work.linear` hold the gradients of a loss
/// by themselves: writes the gradient by the weights into `gradient`.
void backward(const NetworkWeights& weights, const Grid& grid, const at::Tensor& sources, Workspace& work,
              NetworkWeights& gradient);

/// `forward` in parts, the sum of both paths: (frame, network, outputs, output rows, output columns).
at::Tensor outputs_of(const NetworkWeights& weights, const Grid& grid, const at::Tensor& sources);

/// What goes through the networks at once: a range of networks of a range of frames.
struct NetworkPart {
  int64_t first_frame = 0, frames = 1;
  int64_t first_network = 0, networks = 1;
};
/// All networks of all frames in parts. On the CPU some networks of one frame, as many as stay in the cache
/// of a core; on a GPU as much as keeps it busy. The buffers of a part are bounded either way.
std::vector<NetworkPart> parts_of(const NetworkShape& shape, const Grid& grid, int64_t frames,
                                  const at::Tensor& like);

/// The weights of a part, as a copy; and back.
NetworkWeights take_part(const NetworkWeights& weights, const NetworkPart& part);
void put_part(const NetworkWeights& weights_of_part, const NetworkPart& part, NetworkWeights& weights);

/// Every source window of `data` (frame, feature, line, column) as a column of numbers in the order feature,
/// ky tap, kx tap: (frame, feature * ky * kx, position), contiguous. Windows lie fully inside; ky taps are
/// `dilation` apart.
at::Tensor source_windows(const at::Tensor& data, int64_t ky, int64_t kx, int64_t dilation);

}  // namespace raki
