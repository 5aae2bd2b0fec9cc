#include "recon/scan.h"

#include <tuple>

namespace raki {

std::vector<FrameGeometry> first_volume(const std::vector<FrameLabel>& labels,
                                        const std::vector<FrameGeometry>& geometry) {
  const auto volume = [](const FrameLabel& label) {
    return std::tie(label.contrast, label.phase, label.repetition, label.set);
  };
  std::vector<FrameGeometry> slices;
  for (size_t i = 0; i < labels.size(); ++i)
    if (volume(labels[i]) == volume(labels.front())) slices.push_back(geometry[i]);
  return slices;
}

}  // namespace raki
