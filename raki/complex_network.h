#pragma once
// A three-layer complex convolutional network with all coils as outputs, trained on one frame.
//
//   layer 1   ky x kx -> features1, leaky ReLU on real and imaginary parts apart
//   layer 2   1 x 1 -> features2, leaky ReLU
//   layer 3   1 x taps -> outputs
//
// No padding, no biases. A complex product is three real ones (C. F. Gauss): with values kept as (re, im, re
// + im), w x = (a - b, c - a - b) for a = wr xr, b = wi xi, c = (wr + wi)(xr + xi), a batch of three real
// matrix products. The adjoint products of the gradients have the same form with (re, im, im - re). Three
// quarters of the arithmetic of four products, and faster than a complex one (README.md). Rows of positions
// are independent of each other (layer 3 has one line), so they are worked on in blocks that stay in the
// cache.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace raki {

struct ComplexShape {
  int64_t inputs = 0;  ///< of layer 1: complex source samples a position
  int64_t features1 = 0, features2 = 0;
  int64_t taps = 1;  ///< readout taps of layer 3
  int64_t outputs = 0;
  double negative_slope = 0;  ///< of the leaky ReLU
  int64_t weights() const;    ///< real numbers
};

/// One flat tensor of real numbers, and the layers as views of it; parts: real, imaginary.
struct ComplexWeights {
  ComplexShape shape;
  at::Tensor flat;    ///< (weight)
  at::Tensor layer1;  ///< (part, features1, inputs)
  at::Tensor layer2;  ///< (part, features2, features1)
  at::Tensor layer3;  ///< (part, tap * outputs, features2)
};
/// Zeros, on the device and of the type of `like`.
ComplexWeights make_complex_weights(const ComplexShape& shape, const at::Tensor& like);

/// Real and imaginary parts uniform within 1 / sqrt(inputs of the layer's kernel), as torch.nn.Conv2d starts;
/// drawn on the CPU from `seed`.
void initialise_uniform(ComplexWeights& weights, uint64_t seed);

/// Some rows of positions of layer 1.
struct ComplexRows {
  int64_t rows = 0, columns = 0;
  at::Tensor sources;  ///< (3, inputs, row * column): real part, imaginary part, their sum
  at::Tensor targets;  ///< (part, outputs, row, column - taps + 1); undefined where nothing is learned
  int64_t positions() const { return rows * columns; }
};

/// Windows of `ky` lines, `dilation` apart, and `kx` samples of `data` (coil, line, column), complex; inputs
/// in the order coil, line, sample. Targets are left undefined.
ComplexRows complex_rows(const at::Tensor& data, int64_t ky, int64_t kx, int64_t dilation);

/// Rows of `shape` and `columns` that go through the network at once: as many as stay in the cache of a core,
/// or on a GPU a bounded part of its memory.
int64_t rows_at_once(const ComplexShape& shape, int64_t columns, const at::Tensor& like);

/// (part, outputs, row, column - taps + 1)
at::Tensor outputs_of(const ComplexWeights& weights, const ComplexRows& rows);

/// Mean squared error of the real parts plus that of the imaginary ones over the targets of all blocks, and
/// its gradient. Buffers are made once; blocks are shared among the threads, always summed in the same order.
class ComplexLoss {
 public:
  ComplexLoss(const ComplexShape& shape, std::vector<ComplexRows> blocks);
  ~ComplexLoss();
  ComplexLoss(const ComplexLoss&) = delete;
  ComplexLoss& operator=(const ComplexLoss&) = delete;
  /// The loss; its gradient into `gradient`.
  double operator()(const ComplexWeights& weights, ComplexWeights& gradient);

 private:
  struct Share;
  ComplexShape shape_;
  std::vector<ComplexRows> blocks_;
  std::vector<Share> shares_;
  int64_t samples_ = 0;  ///< complex targets of all blocks
};

}  // namespace raki
