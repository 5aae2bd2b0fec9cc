#include "io/dicom/enhanced_mr_image.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcdeftag.h>

#include <algorithm>

#include "gpu/error.h"
#include "io/dicom/acquisition.h"
#include "io/dicom/common.h"
#include "io/dicom/functional_groups.h"
#include "io/dicom/values.h"

namespace raki {

namespace {

/// Enhanced General Equipment (PS3.3, C.7.5.2), which may not leave any of these empty.
void enhanced_equipment(DicomTable& table, const Protocol& protocol, const DicomOptions& options) {
  table.module = "equipment";
  const auto put = [&](const DcmTagKey& tag, const std::optional<std::string>& text) {
    const std::string value = line_text(text.value_or(""), longest_lo);
    table.stand_in(!value.empty(), tag, value.empty() ? "unknown" : value, "unknown");
  };
  put(DCM_Manufacturer, protocol.vendor);
  put(DCM_ManufacturerModelName, protocol.system_model);
  put(DCM_DeviceSerialNumber, protocol.device_id);
  table.always(DCM_SoftwareVersions, "raki " + options.software_version);
}

void multi_frame(DicomTable& table, const DicomSeries& series, size_t frames, const DicomOptions& options) {
  table.module = "image";
  const Protocol& protocol = *series.protocol;
  const std::string day = content_date(protocol), time = content_time(protocol);
  table.always(DCM_SOPClassUID, "1.2.840.10008.5.1.4.1.1.4.1");
  table.always(DCM_SOPInstanceUID, instance_uid(series, 1, options));
  table.always(DCM_InstanceNumber, "1");
  table.always(DCM_NumberOfFrames, std::to_string(frames));
  table.stand_in(!day.empty(), DCM_ContentDate, day.empty() ? no_date : day, no_date);
  table.stand_in(!time.empty(), DCM_ContentTime, time.empty() ? no_time : time, no_time);
}

/// Enhanced MR Image (PS3.3, C.8.13.1).
void enhanced_image(DicomTable& table, const DicomSeries& series, const DicomPlane& first,
                    const DicomOptions& options) {
  const Protocol& protocol = *series.protocol;
  table.module = "image";
  describe_image(table, DCM_ImageType, series);
  table.always(DCM_ContentQualification, "RESEARCH");
  table.always(DCM_ImageComments, image_comments(series, ""));
  table.always(DCM_DerivationDescription, derivation_text(series, options));
  table.always(DCM_BurnedInAnnotation, "NO");
  table.always(DCM_LossyImageCompression, "00");
  table.always(DCM_PresentationLUTShape, "IDENTITY");
  table.module = "acquisition";
  table.if_known(DCM_AcquisitionDateTime, acquisition_date_time(protocol, first.label));
  table.if_known(DCM_MagneticFieldStrength,
                 protocol.field_strength_t ? double_text(*protocol.field_strength_t) : "");
  table.if_it_applies(DCM_ResonantNucleus, nucleus(protocol));
  table.always(DCM_ApplicableSafetyStandardAgency, "UNKNOWN");
  table.sequence(DCM_AcquisitionContextSequence, {});
}

DicomTable dimension(const DcmTagKey& what, const DcmTagKey& group, const std::string& name,
                     const std::string& uid) {
  const auto pointer = [](const DcmTagKey& tag) { return std::string(tag.toString().c_str()); };
  DicomTable item("image");
  item.always(DCM_DimensionOrganizationUID, uid);
  item.always(DCM_DimensionIndexPointer, pointer(what));
  item.always(DCM_FunctionalGroupPointer, pointer(group));
  item.always(DCM_DimensionDescriptionLabel, name);
  return item;
}

void dimensions(DicomTable& table, const FrameDimensions& which, const std::string& uid) {
  table.module = "image";
  DicomTable organisation("image");
  organisation.always(DCM_DimensionOrganizationUID, uid);
  table.sequence(DCM_DimensionOrganizationSequence, {std::move(organisation)});
  std::vector<DicomTable> items{
      dimension(DCM_StackID, DCM_FrameContentSequence, "Stack", uid),
      dimension(DCM_InStackPositionNumber, DCM_FrameContentSequence, "Position in the stack", uid)};
  if (which.temporal)
    items.push_back(dimension(DCM_TemporalPositionIndex, DCM_FrameContentSequence, "Time", uid));
  if (which.echo) items.push_back(dimension(DCM_EffectiveEchoTime, DCM_MREchoSequence, "Echo time", uid));
  if (which.acquisition)
    items.push_back(dimension(DCM_FrameAcquisitionNumber, DCM_FrameContentSequence, "Acquisition", uid));
  table.sequence(DCM_DimensionIndexSequence, std::move(items));
}

using Groups = std::vector<FunctionalGroup>;

/// The groups that every frame has with the same contents.
std::vector<DicomTag> shared_groups(const std::vector<Groups>& of_frame) {
  std::vector<DicomTag> tags;
  for (const FunctionalGroup& group : of_frame.front()) {
    const auto is_same = [&](const FunctionalGroup& other) {
      return other.tag == group.tag && other.item.rows == group.item.rows;
    };
    if (std::all_of(of_frame.begin(), of_frame.end(),
                    [&](const Groups& groups) { return std::any_of(groups.begin(), groups.end(), is_same); }))
      tags.push_back(group.tag);
  }
  return tags;
}

/// The groups among `tags`, or all the others.
DicomTable chosen(const Groups& groups, const std::vector<DicomTag>& tags, bool among) {
  DicomTable table("image");
  for (const FunctionalGroup& group : groups)
    if ((std::find(tags.begin(), tags.end(), group.tag) != tags.end()) == among)
      table.sequence(group.tag, {group.item});
  return table;
}

void functional_groups(DicomTable& table, const DicomSeries& series, const std::vector<DicomPlane>& planes,
                       const DicomOptions& options) {
  const FrameDimensions which = frame_dimensions(*series.protocol, planes);
  dimensions(table, which, dimension_uid(series, options));
  std::vector<Groups> of_frame;
  for (const DicomPlane& plane : planes) of_frame.push_back(frame_groups(series, plane));
  const std::vector<DicomTag> shared = shared_groups(of_frame);
  std::vector<DicomTable> per_frame;
  for (size_t i = 0; i < planes.size(); ++i) {
    per_frame.push_back(chosen(of_frame[i], shared, false));
    const FunctionalGroup content = frame_content(series, planes[i], which, which.frames[i]);
    per_frame.back().sequence(content.tag, {content.item});
  }
  table.sequence(DCM_SharedFunctionalGroupsSequence, {chosen(of_frame.front(), shared, true)});
  table.sequence(DCM_PerFrameFunctionalGroupsSequence, std::move(per_frame));
}

/// What all frames share of the contrast, and the facts that have no complete functional group.
void physics(DicomTable& table, const DicomSeries& series, const std::vector<DicomPlane>& planes) {
  const int64_t contrast = planes.front().label.contrast;
  const auto common = [&](const std::vector<double>& values) {
    const bool same = std::all_of(planes.begin(), planes.end(), [&](const DicomPlane& plane) {
      return of_contrast(values, plane.label.contrast) == of_contrast(values, contrast);
    });
    return same ? decimal_of_contrast(values, contrast) : "";
  };
  const Protocol& protocol = *series.protocol;
  table.if_known(DCM_RepetitionTime, common(protocol.tr_ms));
  table.if_known(DCM_FlipAngle, common(protocol.flip_angle_deg));
  table.if_it_applies(DCM_InversionTime, common(protocol.ti_ms));
  echo_train(table, protocol);
  imaging_frequency(table, protocol);
  table.if_it_applies(DCM_PixelBandwidth,
                      series.pixel_bandwidth_hz > 0 ? decimal_text(series.pixel_bandwidth_hz) : "");
  const std::string partial = partial_fourier_direction(series);
  table.always(DCM_PartialFourier, partial.empty() ? "NO" : "YES");
  table.if_it_applies(DCM_PartialFourierDirection, partial);
  parallel_acquisition(table, series);
}

}  // namespace

DicomItem enhanced_mr_image_attributes(const DicomSeries& series, const std::vector<DicomPlane>& planes,
                                       const DicomOptions& options) {
  if (series.protocol == nullptr) throw Bug("A DICOM series has no protocol");
  if (options.identity.empty()) throw Bug("A DICOM series has no identity to make its UIDs from");
  if (planes.empty()) throw Bug("A DICOM series has no planes");
  const Protocol& protocol = *series.protocol;
  DicomTable table("patient");
  patient_module(table, protocol.person);
  study_module(table, protocol.person, options);
  series_module(table, series, options);
  enhanced_equipment(table, protocol, options);
  equipment_module(table, protocol);
  frame_of_reference_module(table, series, options);
  multi_frame(table, series, planes.size(), options);
  enhanced_image(table, series, planes.front(), options);
  physics(table, series, planes);
  pixel_module(table, series, planes.front());
  functional_groups(table, series, planes, options);
  contributing_equipment(table, options);
  return table.rows;
}

}  // namespace raki
