#include "jobs/options.h"

#include <charconv>
#include <map>
#include <sstream>

#include "gpu/error.h"
#include "gpu/text.h"
#include "io/array_file.h"
#include "io/uid.h"
#include "jobs/network_file.h"

namespace raki {

namespace {

std::optional<int64_t> parse_index(const std::string& text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

}  // namespace

IndexRange index_range_from_text(const std::string& text) {
  if (text.empty()) return {};
  const InputError wrong(
      {"Not an index range", "'" + text + "'", "A:B counted from 0, half-open", "", "For example 0:3"},
      ExitCode::usage);
  const size_t colon = text.find(':');
  if (colon == std::string::npos) throw wrong;
  IndexRange range;
  const std::string begin = text.substr(0, colon), end = text.substr(colon + 1);
  if (!begin.empty()) {
    const auto value = parse_index(begin);
    if (!value) throw wrong;
    range.begin = *value;
  }
  if (!end.empty()) {
    range.end = parse_index(end);
    if (!range.end || *range.end <= range.begin) throw wrong;
  }
  return range;
}

FieldOfView field_of_view_from_text(const std::string& text) {
  constexpr double largest_mm = 1e4;
  std::istringstream numbers(text);
  FieldOfView fov;
  char comma = 0, other_comma = 0, rest = 0;
  const bool three = static_cast<bool>(numbers >> fov.x_mm >> comma >> fov.y_mm >> other_comma >> fov.z_mm) &&
                     comma == ',' && other_comma == ',' && !(numbers >> rest);
  const auto usable = [&](double mm) { return mm > 0 && mm <= largest_mm; };
  if (!three || !usable(fov.x_mm) || !usable(fov.y_mm) || !usable(fov.z_mm))
    throw InputError({"Not a field of view", "'" + text + "'", "X,Y,Z: three numbers above 0, in mm", "",
                      "For example 220,220,5; Z is the thickness of the slice or slab"},
                     ExitCode::usage);
  return fov;
}

Outputs outputs_from_text(const std::string& text) {
  constexpr const char* known = "dicom, npy, png, nii, mrd or cfl";
  const std::map<std::string, bool Outputs::*> by_name{{"dicom", &Outputs::dicom}, {"npy", &Outputs::npy},
                                                       {"png", &Outputs::png},     {"nii", &Outputs::nii},
                                                       {"mrd", &Outputs::mrd},     {"cfl", &Outputs::cfl}};
  Outputs outputs{false, false, false, false, false, false};
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    const auto output = by_name.find(word);
    if (output == by_name.end())
      throw InputError({"Unknown output", "'" + word + "'", known, "", ""}, ExitCode::usage);
    outputs.*output->second = true;
  }
  if (!outputs.any())
    throw InputError({"No output is asked for", "'" + text + "'", known, "", ""}, ExitCode::usage);
  return outputs;
}

ImageParts image_parts_from_text(const std::string& text) {
  ImageParts parts;
  if (text == "none") return parts;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    bool* const part = word == "phase"       ? &parts.phase
                       : word == "real"      ? &parts.real
                       : word == "imaginary" ? &parts.imaginary
                                             : nullptr;
    if (part == nullptr)
      throw InputError({"Unknown part of the image", "'" + word + "'", "phase, real or imaginary", "",
                        "The magnitude is always written"},
                       ExitCode::usage);
    *part = true;
  }
  return parts;
}

DicomStorage dicom_storage_from_text(const std::string& text) {
  if (text == "classic") return DicomStorage::mr_image;
  if (text == "enhanced") return DicomStorage::enhanced_mr_image;
  throw InputError({"Unknown kind of DICOM file", "'" + text + "'",
                    "classic (a file a slice) or enhanced (a file a series)", "", ""},
                   ExitCode::usage);
}

namespace {

/// Every field of the interpolators' options: all of them change the images.
std::string interpolation_text(const RakiOptions& o) {
  std::ostringstream text;
  text.precision(17);
  const auto add = [&](const char* name, const auto&... fields) {
    text << ' ' << name << '=';
    const char* comma = "";
    ((text << comma << fields, comma = ","), ...);
  };
  add("method", to_text(o.method));
  add("seed", o.seed);
  add("grappa", o.grappa.kernel_ky, o.grappa.kernel_kz, o.grappa.kernel_kx, o.grappa.regularisation);
  add("hybrid", o.hybrid.detail);
  const auto add_layers = [&](const char* name, const RakiLayers& l) {
    add(name, l.kernel1_kx, l.kernel1_ky, l.features1, l.features2, l.kernel3_kx, l.kernel3_ky, l.initial_sd);
  };
  add_layers("raki-2019-layers", o.raki_2019.layers);
  add("raki-2019", o.raki_2019.scale_maximum, o.raki_2019.learning_rate, o.raki_2019.iterations);
  add_layers("rraki-layers", o.rraki.layers);
  add("rraki", o.rraki.linear_weight, o.rraki.scale_maximum, o.rraki.learning_rate, o.rraki.iterations);
  const auto& i = o.iraki;
  add("iraki", i.kernel1_ky, i.kernel1_kx, i.features1, i.features2, i.kernel3_kx, i.negative_slope,
      i.training_lines, i.first_epochs, i.epochs, i.learning_rate, i.learning_rate_falls[0],
      i.learning_rate_falls[1], i.learning_rate_falls[2], i.outer_steps[0], i.outer_steps[1],
      i.outer_steps[2], i.least_learning_rate);
  const auto& g = o.gate;
  add("gate", g.draws, g.draws_a_step, g.steps, g.learning_rate, g.damping, g.full_to_half, g.least_detail,
      g.most_detail);
  if (o.lessons) add("network", sha256(network_text(*o.lessons)));
  return text.str();
}

/// What of the reader's options changes the images; the contents of the files they name come in by their
/// digests.
/// `names`: as they are, or their digests where they may be a person's.
std::string reader_text(const ReaderOptions& o, bool names) {
  const auto told = [&](const std::string& name) { return names ? name : sha256(name); };
  std::string text = " dataset=" + told(o.dataset);
  if (o.duplicates) text += " duplicates=" + to_text(*o.duplicates);
  if (!o.axes.empty()) text += " axes=" + joined(o.axes) + " variable=" + told(o.variable);
  if (!o.mask_variable.empty()) text += " mask-variable=" + told(o.mask_variable);
  if (!o.calibration_variable.empty()) text += " calibration-variable=" + told(o.calibration_variable);
  if (o.fov)
    text += " fov=" + std::to_string(o.fov->x_mm) + "," + std::to_string(o.fov->y_mm) + "," +
            std::to_string(o.fov->z_mm);
  if (!o.noise.empty()) text += " noise=" + sha256_file(o.noise);
  if (!o.mask.empty()) text += " mask=" + sha256_file(data_file(o.mask));
  if (!o.calibration.empty()) text += " calibration=" + sha256_file(data_file(o.calibration));
  for (const int64_t coil : o.leave_out_coils) text += " without-coil=" + std::to_string(coil);
  return o.infer_mask ? text + " infer-mask" : text;
}

}  // namespace

void check_options(const ReconOptions& options) {
  if (options.parts.any() && options.combination == Combination::rss)
    throw InputError({"A root sum of squares has no phase", "--combine rss with --parts",
                      "--combine adaptive", "", "Leave out one of the two"},
                     ExitCode::usage);
  if (options.quality.kind == Quality::Kind::psnr && options.quality.value > largest_psnr)
    throw InputError({"Not every image reaches this PSNR", "psnr:" + std::to_string(options.quality.value),
                      "psnr:" + short_text(largest_psnr) + " or less", "", "--syntax 202 is lossless"},
                     ExitCode::usage);
  const bool lossy_syntax = options.syntax == TransferSyntax::htj2k;
  if (lossy_syntax != (options.quality.kind == Quality::Kind::lossless)) return;
  throw InputError({lossy_syntax ? "Lossy compression needs to know how much may be lost"
                                 : "This transfer syntax is lossless, and a quality is asked for",
                    "--syntax " + to_text(options.syntax) + ", --quality " + to_text(options.quality),
                    lossy_syntax ? "--quality ratio:N or psnr:N" : "--syntax 203", "", ""},
                   ExitCode::usage);
}

std::string identity_text(const ReconOptions& options) {
  std::ostringstream text;
  text.precision(17);
  text << "combine=" << (options.combination == Combination::adaptive ? "adaptive" : "rss")
       << " prewhiten=" << options.prewhiten << " coils=" << options.coils
       << interpolation_text(options.interpolation) << " partial-fourier=" << to_text(options.partial_fourier)
       << " kspace-filter=" << options.kspace_filter.taper
       << " centre=" << (options.voxel_centre == VoxelCentre::fourier_origin ? "fourier" : "grid")
       << reader_text(options.reader, !options.deidentify);
  if (!options.dicom_template.empty()) text << " dicom-template=" << sha256_file(options.dicom_template);
  if (const auto& kept = options.deidentify)
    text << " deidentify=" << kept->patient_characteristics << kept->device << kept->institution << kept->uids
         << kept->dates;
  if (options.quality.kind != Quality::Kind::lossless) text << " quality=" << to_text(options.quality);
  return text.str();
}

}  // namespace raki
