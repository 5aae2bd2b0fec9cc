#include "io/array_mask.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "gpu/check.h"
#include "gpu/error.h"
#include "gpu/text.h"
#include "io/array_file.h"
#include "recon/axes.h"

namespace raki {
namespace {

std::string lines_text(const at::Tensor& lines) {
  return counted(lines.sum().item<int64_t>(), "line");
}

using Axes = std::vector<int64_t>;  ///< canonical numbers (recon/axes.h)

/// The named axes that are longer than 1, in the given order.
Axes long_axes(const std::vector<std::string>& names, const std::array<int64_t, 5>& sizes) {
  Axes axes;
  for (const std::string& name : names) {
    const auto* const found = std::find(axis::kspace_names.begin(), axis::kspace_names.end(), name);
    const auto number = static_cast<std::size_t>(found - axis::kspace_names.begin());
    if (number < sizes.size() && (sizes[number] > 1 || number == axis::ky))
      axes.push_back(static_cast<int64_t>(number));
  }
  return axes;
}

/// Every choice of axes that includes ky; the plainest first.
std::vector<Axes> readings(const Axes& axes) {
  constexpr std::array<int64_t, 4> rarest_last{axis::kz, axis::frame, axis::kx, axis::coil};
  std::vector<Axes> all;
  for (unsigned choice = 0; choice < 1U << rarest_last.size(); ++choice) {
    Axes chosen;
    for (const int64_t axis : axes) {
      const auto* const bit = std::find(rarest_last.begin(), rarest_last.end(), axis);
      if (bit == rarest_last.end() || (choice >> (bit - rarest_last.begin()) & 1U) != 0)
        chosen.push_back(axis);
    }
    all.push_back(chosen);
  }
  return all;
}

/// `mask` with all five axes, those it lacks of length 1.
at::Tensor with_all_axes(const at::Tensor& mask, const Axes& axes) {
  std::vector<int64_t> order(axes.size()), shape(axis::kspace_names.size(), 1);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    order[i] = static_cast<int64_t>(i);
    shape[static_cast<std::size_t>(axes[i])] = mask.size(static_cast<int64_t>(i));
  }
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return axes[static_cast<std::size_t>(a)] < axes[static_cast<std::size_t>(b)];
  });
  return mask.permute(order).reshape(shape);
}

/// Lines that a mask names though they are zero in all coils; empty where there is none.
std::string empty_text(const at::Tensor& named, const at::Tensor& present) {
  const at::Tensor empty = named.logical_and(present.any(-1).logical_not());
  return empty.any().item<bool>() ? lines_text(empty) + " named as measured, but zero in all coils" : "";
}

std::string partly_text(const at::Tensor& partly, const std::string& use) {
  return partly.any().item<bool>() ? lines_text(partly) + " of less than half a readout: " + use : "";
}

Decision mask_decision(const std::string& value, const std::string& source, const std::string& empty,
                       const std::string& partly, bool boxed) {
  const bool contradiction = !empty.empty() || (!partly.empty() && !boxed);
  return {"mask", value, source, empty.empty() ? partly : empty, contradiction};
}

/// A mask of lines is taken by its word, whatever the array holds.
MeasuredPart by_lines(const at::Tensor& mask, const at::Tensor& present, const ReaderOptions& options,
                      ScanSummary& summary) {
  const Presence presence = presence_in(present, "File " + summary.path);
  const at::Tensor lines = mask.squeeze(-1).expand_as(presence.zero);
  summary.evidence.push_back(mask_decision(options.mask.filename().string(), "option",
                                           empty_text(lines, present),
                                           partly_text(presence.partly, "as the mask says"), false));
  return {lines, presence.kx, {}, {}};
}

/// Lines of which `present` (frame, kz, ky, kx) has at least half the readout, and a box of reference samples
/// where no file is named for them.
MeasuredPart by_samples(const at::Tensor& present, const ReaderOptions& options, const std::string& where,
                        std::string& partly) {
  const Presence presence = presence_in(present, where);
  const auto box = options.calibration.empty() ? reference_box(present, presence) : std::nullopt;
  partly = partly_text(presence.partly, box ? "reference lines" : "not used");
  return {presence.zero.logical_or(presence.partly).logical_not(), presence.kx, box, {}};
}

}  // namespace

at::Tensor read_mask(const ReaderOptions& options, const std::vector<std::string>& axes,
                     const std::array<int64_t, 5>& sizes) {
  const at::Tensor stored = read_array(options.mask, options.mask_variable);
  const std::string where = "File " + options.mask.string();
  if (!at::isfinite(stored).all().item<bool>())
    throw InputError({"The mask holds numbers that are not finite", "NaN or infinity",
                      "0 for what was not measured, any other number for what was", where, ""});
  const Axes named = long_axes(axes, sizes);
  const at::Tensor numbers = stored.squeeze();
  const at::Tensor mask = numbers.dim() == 0 ? numbers.view({1}) : numbers;
  for (const Axes& reading : readings(named)) {
    std::vector<int64_t> shape;
    for (const int64_t axis : reading) shape.push_back(sizes[static_cast<std::size_t>(axis)]);
    if (mask.sizes() == at::IntArrayRef(shape)) return with_all_axes(mask.ne(0), reading).any(axis::coil);
  }
  throw InputError({"The mask does not fit the k-space", "shape " + shape_text(stored),
                    "ky, with any of the other axes in their order, of " + axes_text(sizes), where, ""},
                   ExitCode::usage);
}

MeasuredPart measured_part(const at::Tensor& kspace, const ReaderOptions& options, ScanSummary& summary) {
  const std::string where = "File " + summary.path;
  const at::Tensor present = present_samples(kspace);
  std::string partly;
  if (!options.mask.empty()) {
    std::array<int64_t, 5> sizes{};
    std::copy_n(kspace.sizes().begin(), sizes.size(), sizes.begin());
    const at::Tensor mask = read_mask(options, options.axes, sizes);
    if (mask.size(-1) == 1) return by_lines(mask, present, options, summary);
    MeasuredPart part = by_samples(mask.expand_as(present), options, where, partly);
    part.samples = mask;
    summary.evidence.push_back(mask_decision(options.mask.filename().string(), "option",
                                             empty_text(part.lines, present), partly, part.box.has_value()));
    return part;
  }
  if (options.infer_mask) {
    MeasuredPart part = by_samples(present, options, where, partly);
    summary.evidence.push_back(mask_decision("lines that are zero in all coils were not measured", "option",
                                             "", partly, part.box.has_value()));
    return part;
  }
  const Presence presence = presence_in(present, where);
  refuse_zero_lines(presence.zero, where);
  partly = partly_text(presence.partly, "used as they are");
  summary.evidence.push_back({"mask", "every line was measured", "lines",
                              partly.empty() ? "none is zero" : partly, !partly.empty()});
  return {at::ones_like(presence.zero), presence.kx, {}, {}};
}

}  // namespace raki
