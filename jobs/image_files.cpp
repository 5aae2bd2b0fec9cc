#include "jobs/image_files.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <map>

#include "io/array_file.h"
#include "io/dicom/common.h"
#include "io/mrd_images.h"
#include "io/png_file.h"
#include "jobs/dicom_series.h"

namespace raki {
namespace {

constexpr int64_t most_preview_planes = 16;

/// The middles of up to `most_preview_planes` equal parts of `n`.
at::Tensor evenly_chosen(int64_t n) {
  const int64_t parts = std::min(n, most_preview_planes);
  std::vector<int64_t> places;
  for (int64_t i = 0; i < parts; ++i) places.push_back((2 * i + 1) * n / (2 * parts));
  return at::tensor(places);
}

/// A counter of frames and its axis in BART.
struct Counter {
  int64_t axis;
  int64_t FrameLabel::*value;
};
/// Slowest first.
constexpr std::array<Counter, 5> counters{{{15, &FrameLabel::set},
                                           {13, &FrameLabel::place},
                                           {11, &FrameLabel::phase},
                                           {10, &FrameLabel::repetition},
                                           {5, &FrameLabel::contrast}}};

/// The values that a counter takes, each with its place among them.
std::map<int64_t, int64_t> places_of(const std::vector<FrameLabel>& labels, const Counter& counter) {
  std::map<int64_t, int64_t> places;
  for (const FrameLabel& label : labels) places[label.*counter.value] = 0;
  int64_t next = 0;
  for (auto& [value, place] : places) place = next++;
  return places;
}

/// How many values each counter takes, and the frames in the order of the counters.
struct FrameGrid {
  std::array<int64_t, counters.size()> sizes{};
  std::vector<int64_t> frames;
};

/// Frames one after the other along the slowest axis.
FrameGrid no_grid(size_t frames) {
  FrameGrid grid;
  grid.sizes = {static_cast<int64_t>(frames), 1, 1, 1, 1};
  for (size_t i = 0; i < frames; ++i) grid.frames.push_back(static_cast<int64_t>(i));
  return grid;
}

FrameGrid grid_of(const std::vector<FrameLabel>& labels) {
  FrameGrid grid;
  std::vector<int64_t> cells(labels.size(), 0);
  int64_t size = 1;
  for (size_t c = 0; c < counters.size(); ++c) {
    const std::map<int64_t, int64_t> places = places_of(labels, counters[c]);
    grid.sizes[c] = static_cast<int64_t>(places.size());
    size *= grid.sizes[c];
    for (size_t i = 0; i < labels.size(); ++i)
      cells[i] = cells[i] * grid.sizes[c] + places.at(labels[i].*counters[c].value);
  }
  if (size != static_cast<int64_t>(labels.size())) return no_grid(labels.size());
  grid.frames.assign(labels.size(), -1);
  for (size_t i = 0; i < cells.size(); ++i)
    grid.frames[static_cast<size_t>(cells[i])] = static_cast<int64_t>(i);
  const bool full = std::find(grid.frames.begin(), grid.frames.end(), -1) == grid.frames.end();
  return full ? grid : no_grid(labels.size());
}

MrdSeries mrd_series(const std::string& name, const at::Tensor& images) {
  if (name == "phase") return {name, images, MrdImageType::phase};
  if (name == "real") return {name, images, MrdImageType::real};
  if (name == "imaginary") return {name, images, MrdImageType::imaginary};
  return {name, images, name == "bias" ? MrdImageType::real : MrdImageType::magnitude, true};
}

/// Without the time of day that `--deidentify` takes out of the DICOM files.
std::vector<FrameLabel> told_labels(const Series& series, const ReconOptions& options) {
  std::vector<FrameLabel> labels = series.labels;
  if (options.deidentify && !options.deidentify->dates)
    for (FrameLabel& label : labels) label.acquisition_time_s.reset();
  return labels;
}

void write_mrd(const Series& series, const ScanSummary& scan, const ReconOptions& options,
               const std::filesystem::path& path) {
  std::vector<MrdSeries> all{{"image", series.images}};
  for (const auto& [name, samples] : series.maps) all.push_back(mrd_series(name, samples));
  const std::vector<FrameLabel> labels = told_labels(series, options);
  MrdFrames frames{scan, labels, series.geometry, {}, options.voxel_centre};
  const DicomSeries common = dicom_series(scan, series.labels, series.geometry, series.samplings.front());
  for (const FrameEvidence& evidence : series.evidence)
    frames.comments.push_back(image_comments(common, evidence.verdict));
  write_mrd_images(path, all, frames);
}

/// Complex where both parts were asked for: what BART itself has as an image.
at::Tensor bart_image(const Series& series, const ImageParts& parts) {
  if (!parts.real || !parts.imaginary) return series.images;
  return at::complex(series.maps.at("real"), series.maps.at("imaginary"));
}

PixelSpacing spacing_of(const ScanSummary& scan) {
  return {scan.image_fov.x_mm / static_cast<double>(scan.image_matrix.x),
          scan.image_fov.y_mm / static_cast<double>(scan.image_matrix.y)};
}

}  // namespace

at::Tensor preview_planes(const at::Tensor& images) {
  const int64_t frames = images.size(0), partitions = images.size(1);
  if (frames == 1 && partitions > 1) return images[0].index_select(0, evenly_chosen(partitions));
  return images.select(1, partitions / 2).index_select(0, evenly_chosen(frames));
}

at::Tensor in_bart_order(const at::Tensor& images, const std::vector<FrameLabel>& labels) {
  constexpr int64_t axes = 16;
  const FrameGrid grid = grid_of(labels);
  std::vector<int64_t> slowest_first(axes, 1), first_axis_first;
  const auto size_of = [&](int64_t axis) -> int64_t& {
    return slowest_first[static_cast<size_t>(axes - 1 - axis)];
  };
  for (size_t c = 0; c < counters.size(); ++c) size_of(counters[c].axis) = grid.sizes[c];
  for (int64_t axis = 0; axis < 3; ++axis) size_of(axis) = images.size(3 - axis);
  for (int64_t axis = 0; axis < axes; ++axis) first_axis_first.push_back(axes - 1 - axis);
  return images.index_select(0, at::tensor(grid.frames)).reshape(slowest_first).permute(first_axis_first);
}

std::vector<std::string> write_image_files(const Series& series, const ScanSummary& scan,
                                           const ReconOptions& options, const std::filesystem::path& folder) {
  std::vector<std::string> written;
  if (options.outputs.mrd) {
    write_mrd(series, scan, options, folder / "image.h5");
    written.emplace_back("image.h5");
  }
  const auto write_bart = [&](const std::string& name, const at::Tensor& images) {
    write_cfl(folder / name, in_bart_order(images, series.labels));
    written.insert(written.end(), {name + ".cfl", name + ".hdr"});
  };
  if (options.outputs.cfl) {
    write_bart("image", bart_image(series, options.parts));
    for (const auto& [name, samples] : series.maps) write_bart(name, samples);
  }
  if (options.outputs.png) {
    write_preview_png(folder / "preview.png", preview_planes(series.images), spacing_of(scan));
    written.emplace_back("preview.png");
  }
  return written;
}

}  // namespace raki
