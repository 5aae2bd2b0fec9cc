#pragma once
// A scan as the reader hands it on: what the header says, the noise, the frames, and the evidence of every
// decision.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "recon/geometry.h"
#include "recon/protocol.h"
#include "recon/types.h"

namespace raki {

/// Samples without signal. `samples` (coil, sample) complex64.
struct NoiseReadouts {
  at::Tensor samples;
  double dwell_time_us = 0;         ///< 0: not stated
  std::vector<int64_t> coils = {};  ///< their numbers in the file, where some were left out; else 0, 1, ...
  int64_t number_of(int64_t coil) const {
    return coils.empty() ? coil : coils[static_cast<std::size_t>(coil)];
  }
};

/// Which frame of the scan this is; counters as in the file.
struct FrameLabel {
  int64_t index = 0;  ///< place in the output series, from 0
  int64_t place = 0;  ///< of its slice among the slices in the order of their positions, from 0
  int64_t slice = 0, contrast = 0, phase = 0, repetition = 0, set = 0;
  int64_t averages = 1;
  std::optional<double> acquisition_time_s;  ///< since midnight, when the file knows
};

/// Geometry of the slices that have the first frame's contrast, phase, repetition and set. Those of other
/// volumes may stand elsewhere, where the scanner follows the patient's motion. One label a geometry.
std::vector<FrameGeometry> first_volume(const std::vector<FrameLabel>& labels,
                                        const std::vector<FrameGeometry>& geometry);

/// Frames with one sampling, ready to be reconstructed together.
struct FrameBatch {
  UndersampledKSpace kspace;
  std::optional<Calibration>
      calibration;  ///< separate reference lines only; embedded ones are inside `kspace`
  std::vector<FrameLabel> labels;
  std::vector<FrameGeometry> geometry;
};

/// One thing the reader (or a later step) decided, and why. Goes to `raki info`, the log and recon.json.
struct Decision {
  std::string subject;  ///< "matrix", "centre", "noise", "acceleration", ...
  std::string value;    ///< what was taken
  std::string source;   ///< where from: "lines", "header", "limits", "energy", ...
  std::string detail;   ///< what contradicted it, if anything
  bool contradiction = false;
};

/// What is known about a scan before any image sample is read.
struct ScanSummary {
  std::string path;
  std::string format;  ///< "ISMRMRD HDF5"
  Protocol protocol;
  std::optional<NoiseReadouts> noise;
  std::optional<double> dwell_time_us;  ///< of the image readouts
  double readout_oversampling = 1;      ///< encoded / reconstructed field of view along x
  MatrixSize matrix;                    ///< of the k-space handed on, from the lines (x still oversampled)
  MatrixSize image_matrix;              ///< of the finished image
  FieldOfView image_fov;                ///< of the finished image
  bool fov_known = true;                ///< false: the field of view is a stand-in (1 mm a pixel)
  bool image_turned =
      false;  ///< the directions in the headers are those of the image turned about its centre
  int64_t n_coils = 0;
  int64_t separate_calibration_lines = 0;  ///< of a frame; 0: calibration is part of the image's lines
  std::vector<FrameLabel> labels;          ///< all frames in output order (slices by position)
  std::vector<FrameGeometry> geometry;     ///< one a frame; empty: not known before samples are read
  std::vector<Sampling> samplings;         ///< the different samplings
  std::vector<int64_t> sampling_of_frame;  ///< index into `samplings`, one a frame
  std::vector<Decision> evidence;
  std::map<std::string, int64_t> lines_by_kind;  ///< "image", "calibration", "noise", ...
  std::map<std::string, int64_t> lines_dropped;  ///< by reason
};

}  // namespace raki
