#include "io/dicom/mr_image.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcdeftag.h>

#include "gpu/error.h"
#include "io/dicom/acquisition.h"
#include "io/dicom/common.h"
#include "io/dicom/dictionary.h"
#include "io/dicom/values.h"

namespace raki {

namespace {

void scanner(DicomTable& table, const Protocol& protocol) {
  table.module = "equipment";
  table.always(DCM_Manufacturer, line_value(protocol.vendor, longest_lo));
  table.if_known(DCM_ManufacturerModelName, line_value(protocol.system_model, longest_lo));
  table.if_known(DCM_DeviceSerialNumber, line_value(protocol.device_id, longest_lo));
}

void image(DicomTable& table, const DicomSeries& series, const DicomPlane& plane,
           const DicomOptions& options) {
  table.module = "image";
  const Protocol& protocol = *series.protocol;
  table.always(DCM_SOPClassUID, "1.2.840.10008.5.1.4.1.1.4");
  table.always(DCM_SOPInstanceUID, instance_uid(series, plane.instance_number, options));
  table.always(DCM_ImageType, std::string(series.content.image_type));
  table.always(DCM_InstanceNumber, std::to_string(plane.instance_number));
  table.always(DCM_AcquisitionNumber, std::to_string(plane.label.repetition + 1));
  table.if_known(DCM_AcquisitionDate, content_date(protocol));
  table.if_known(DCM_AcquisitionTime,
                 plane.label.acquisition_time_s ? time_text(*plane.label.acquisition_time_s) : "");
  table.if_known(DCM_ContentDate, content_date(protocol));
  table.if_known(DCM_ContentTime, content_time(protocol));
  table.always(DCM_DerivationDescription, derivation_text(series, options));
  table.always(DCM_ImageComments, image_comments(series, plane.verdict));
  table.always(DCM_BurnedInAnnotation, "NO");
  table.always(DCM_LossyImageCompression, "00");
}

void geometry(DicomTable& table, const DicomSeries& series, const DicomPlane& plane,
              const DicomOptions& options) {
  table.module = "geometry";
  const ImagePlane& g = plane.plane;
  const Vec3 normal = cross(g.row_dir, g.column_dir);
  const Vec3& position = g.first_voxel_mm;
  const auto place = [&](const DcmTagKey& tag, const std::string& value) {
    table.stand_in(series.geometry_known, tag, value, geometry_unknown);
  };
  frame_of_reference_module(table, series, options);
  table.stand_in(series.fov_known, DCM_PixelSpacing, decimal_text({g.spacing_y_mm, g.spacing_x_mm}),
                 "1 mm");  // between rows comes first
  place(DCM_ImageOrientationPatient, decimal_text({g.row_dir[0], g.row_dir[1], g.row_dir[2], g.column_dir[0],
                                                   g.column_dir[1], g.column_dir[2]}));
  place(DCM_ImagePositionPatient, decimal_text({position[0], position[1], position[2]}));
  table.stand_in(series.thickness_known, DCM_SliceThickness, decimal_text(g.thickness_mm), "1 mm");
  place(DCM_SliceLocation, decimal_text(dot(position, normal)));
  if (series.slice_spacing_mm > 0)
    table.always(DCM_SpacingBetweenSlices, decimal_text(series.slice_spacing_mm));
}

/// Partial Fourier by the standard's words, phase and frequency.
std::string scan_options(const DicomSeries& series) {
  const std::string phase = series.partial_ky || series.partial_kz ? "PFP" : "";
  if (!series.partial_frequency) return phase;
  return phase.empty() ? "PFF" : phase + "\\PFF";
}

void sequence(DicomTable& table, const DicomSeries& series, int64_t contrast) {
  const Protocol& protocol = *series.protocol;
  const SequenceKind kind = sequence_kind(protocol);
  const std::string inversion_time = decimal_of_contrast(protocol.ti_ms, contrast);
  const bool kind_known = !kind.word.empty();
  table.stand_in(kind_known, DCM_ScanningSequence,
                 std::string(kind.sequence) + (inversion_time.empty() ? "" : "\\IR"), "RM, research mode");
  table.stand_in(kind_known, DCM_SequenceVariant, std::string(kind.variant), "NONE");
  table.answered(DCM_ScanOptions, scan_options(series));
  table.always(DCM_MRAcquisitionType, series.three_dimensional ? "3D" : "2D");
  table.if_known(DCM_SequenceName, line_value(protocol.sequence_type, longest_sh));
  table.always(DCM_RepetitionTime, decimal_of_contrast(protocol.tr_ms, contrast));
  table.always(DCM_EchoTime, decimal_of_contrast(protocol.te_ms, contrast));
  echo_train(table, protocol);
  table.if_it_applies(DCM_InversionTime, inversion_time);
  table.if_known(DCM_FlipAngle, decimal_of_contrast(protocol.flip_angle_deg, contrast));
  table.always(DCM_EchoNumbers, std::to_string(contrast + 1));
}

/// Of the encoded k-space: how many samples, over which part of the field of view, how fast.
void encoding(DicomTable& table, const DicomSeries& series) {
  const auto put = [&](const DcmTagKey& tag, double value) {
    table.if_it_applies(tag, value > 0 ? decimal_text(value) : "");
  };
  table.always(DCM_InPlanePhaseEncodingDirection, "COL");  // ky runs along y, down the columns
  put(DCM_NumberOfPhaseEncodingSteps, static_cast<double>(series.encoded.y));
  put(DCM_PercentSampling, series.percent_sampling);
  put(DCM_PercentPhaseFieldOfView, series.percent_phase_fov);
  put(DCM_PixelBandwidth, series.pixel_bandwidth_hz);
}

void acquisition(DicomTable& table, const DicomSeries& series, const DicomPlane& plane) {
  table.module = "acquisition";
  const Protocol& protocol = *series.protocol;
  sequence(table, series, plane.label.contrast);
  table.always(DCM_NumberOfAverages, std::to_string(plane.label.averages));
  table.if_known(DCM_MagneticFieldStrength,
                 protocol.field_strength_t ? decimal_text(*protocol.field_strength_t) : "");
  imaging_frequency(table, protocol);
  table.if_it_applies(DCM_ImagedNucleus, nucleus(protocol));
  table.if_known(DCM_ReceiveCoilName, coil_name(protocol.coil_names));
  table.always(DCM_TemporalPositionIdentifier, std::to_string(plane.label.repetition + 1));
  encoding(table, series);
  parallel_acquisition(table, series);  // of Enhanced MR, but read by converters here too
}

void values(DicomTable& table, const DicomSeries& series) {
  table.module = "image";
  const Window window = window_of(series);
  table.always(DCM_WindowCenter, decimal_text(window.centre));
  table.always(DCM_WindowWidth, decimal_text(window.width));
  if (!series.content.has_unit) return;
  table.always(DCM_VOILUTFunction, "LINEAR_EXACT");  // the plain one has no widths below 1
  table.always(DCM_RescaleIntercept, "0");
  table.always(DCM_RescaleSlope, decimal_text(rescale_slope(series)));
  table.always(DCM_RescaleType, "US");
  table.sequence(DCM_RealWorldValueMappingSequence, {real_world_values(series)});
}

DicomTable fill_table(const DicomSeries& series, const DicomPlane& plane, const DicomOptions& options) {
  if (series.protocol == nullptr) throw Bug("A DICOM series has no protocol");
  if (options.identity.empty()) throw Bug("A DICOM series has no identity to make its UIDs from");
  const Protocol& protocol = *series.protocol;
  DicomTable table("patient");
  patient_module(table, protocol.person);
  study_module(table, protocol.person, options);
  series_module(table, series, options);
  scanner(table, protocol);
  equipment_module(table, protocol);
  image(table, series, plane, options);
  geometry(table, series, plane, options);
  acquisition(table, series, plane);
  pixel_module(table, series, plane);
  values(table, series);
  contributing_equipment(table, options);
  return table;
}

}  // namespace

DicomItem mr_image_attributes(const DicomSeries& series, const DicomPlane& plane,
                              const DicomOptions& options) {
  return fill_table(series, plane, options).rows;
}

std::vector<DicomGap> dicom_gaps(const DicomSeries& series, const DicomPlane& plane,
                                 const DicomOptions& options) {
  std::vector<DicomGap> gaps;
  for (const DicomTable::Gap& gap : fill_table(series, plane, options).gaps)
    gaps.push_back({gap.module, keyword_of(gap.tag), gap.instead, gap.changed});
  return gaps;
}

}  // namespace raki
