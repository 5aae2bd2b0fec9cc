#pragma once
// Every knob of a reconstruction, with its one default. The command line and its help are made from this
// struct (jobs/cli/options.cpp); the interpolators' knobs stand in raki/options.h.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/dicom/series.h"
#include "io/reader_options.h"
#include "raki/options.h"
#include "recon/geometry.h"
#include "recon/kspace_filter.h"
#include "recon/partial_fourier.h"

namespace raki {

enum class Combination { adaptive, rss };

/// Half-open range "A:B" counted from 0; an open end is "A:" or ":B". Empty text: everything.
struct IndexRange {
  int64_t begin = 0;
  std::optional<int64_t> end;
  bool contains(int64_t index) const { return index >= begin && (!end || index < *end); }
  bool everything() const { return begin == 0 && !end; }
};
/// @throws InputError (64) for text that is not such a range.
IndexRange index_range_from_text(const std::string& text);

/// "220,220,5": along x, y and z, mm. @throws InputError (64) unless these are three numbers above zero.
FieldOfView field_of_view_from_text(const std::string& text);

/// What a reconstruction writes.
struct Outputs {
  bool dicom = true;  ///< series001/image0001.dcm, ...
  bool npy = false;   ///< image.npy: float32 (frame, z, y, x) before integer scaling
  bool png = true;    ///< preview.png: frames or partitions in a grid
  bool nii = false;   ///< image.nii.gz, and the maps: float32 volumes in patient coordinates
  bool mrd = false;   ///< image.h5: ISMRMRD images, the maps as further series
  bool cfl = false;   ///< image.cfl and image.hdr, and the maps: BART's arrays
  bool any() const { return dicom || npy || png || nii || mrd || cfl; }
};
/// "dicom,npy,png,nii,mrd,cfl" in any order. @throws InputError (64).
Outputs outputs_from_text(const std::string& text);

/// What of the complex image is written besides its magnitude.
struct ImageParts {
  bool phase = false;  ///< radians, of the combination with the reference of recon/sensitivities.h
  bool real = false, imaginary = false;
  bool any() const { return phase || real || imaginary; }
  bool has(const std::string& name) const {
    return (phase && name == "phase") || (real && name == "real") || (imaginary && name == "imaginary");
  }
};
/// "phase,real,imaginary" in any order. @throws InputError (64).
ImageParts image_parts_from_text(const std::string& text);

/// "classic" or "enhanced". @throws InputError (64).
DicomStorage dicom_storage_from_text(const std::string& text);

/// Simulated repeats of the scan behind the noise map of a method without a noise formula.
constexpr int64_t usual_noise_repeats = 8;

struct ReconOptions {
  RakiOptions interpolation;
  Combination combination = Combination::adaptive;
  PartialFourier partial_fourier = PartialFourier::pocs;  ///< lines that were not encoded
  KSpaceFilter kspace_filter;                             ///< of the filled k-space
  bool noise_map = false;                                 ///< also the maps of jobs/noise_maps.h
  int64_t noise_repeats = usual_noise_repeats;
  bool prewhiten = true;        ///< false: noise readouts stay unused, noise is estimated from the data
  int64_t coils = 16;           ///< more coils than this are compressed to this many virtual ones; 0: never
  IndexRange slices, frames;    ///< which slices (by position) and which frames of the series
  std::string device = "auto";  ///< auto, cpu, cuda or cuda:N
  int threads = 0;              ///< CPU threads; 0: all cores this process may use
  ReaderOptions reader;
  Outputs outputs;
  ImageParts parts;
  DicomStorage dicom_storage = DicomStorage::mr_image;
  std::string dicom_template;          ///< file whose attributes go before the scan's; empty: none
  std::optional<Retained> deidentify;  ///< without the person, but for what is retained
  TransferSyntax syntax = TransferSyntax::htj2k_rpcl;
  Quality quality;  ///< of syntax 203, which must name one
  VoxelCentre voxel_centre = VoxelCentre::fourier_origin;
  bool overwrite = false;  ///< replace a former result
};

/// Options that must come together. @throws InputError (64).
void check_options(const ReconOptions& options);

/// Everything in the options that changes the images, as one line of text: part of the job's identity.
std::string identity_text(const ReconOptions& options);

}  // namespace raki
