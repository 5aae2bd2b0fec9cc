#include "io/dicom/functional_groups.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcdeftag.h>

#include "io/dicom/acquisition.h"
#include "io/dicom/anatomy.h"
#include "io/dicom/common.h"
#include "io/dicom/values.h"

namespace raki {

namespace {

std::string number_if(double value) {
  return value > 0 ? double_text(value) : "";
}

DicomTable pixel_measures(const DicomSeries& series, const ImagePlane& g) {
  DicomTable item("geometry");
  item.stand_in(series.fov_known, DCM_PixelSpacing, decimal_text({g.spacing_y_mm, g.spacing_x_mm}), "1 mm");
  item.stand_in(series.thickness_known, DCM_SliceThickness, decimal_text(g.thickness_mm), "1 mm");
  if (series.slice_spacing_mm > 0)
    item.always(DCM_SpacingBetweenSlices, decimal_text(series.slice_spacing_mm));
  return item;
}

DicomTable plane_position(const DicomSeries& series, const ImagePlane& g) {
  DicomTable item("geometry");
  const Vec3& p = g.first_voxel_mm;
  item.stand_in(series.geometry_known, DCM_ImagePositionPatient, decimal_text({p[0], p[1], p[2]}),
                geometry_unknown);
  return item;
}

DicomTable plane_orientation(const DicomSeries& series, const ImagePlane& g) {
  DicomTable item("geometry");
  const Vec3 &r = g.row_dir, &c = g.column_dir;
  item.stand_in(series.geometry_known, DCM_ImageOrientationPatient,
                decimal_text({r[0], r[1], r[2], c[0], c[1], c[2]}), geometry_unknown);
  return item;
}

DicomTable frame_anatomy(const Protocol& protocol) {
  DicomTable item("image");
  const auto region = anatomic_region(protocol.person.body_part.value_or(""));
  item.sequence(DCM_AnatomicRegionSequence, {code_item("SCT", region.code, region.meaning)});
  item.always(DCM_FrameLaterality, "U");
  return item;
}

DicomTable frame_type(const DicomSeries& series) {
  DicomTable item("image");
  describe_image(item, DCM_FrameType, series);
  return item;
}

DicomTable voi_lut(const DicomSeries& series) {
  DicomTable item("image");
  const Window window = window_of(series);
  item.always(DCM_WindowCenter, decimal_text(window.centre));
  item.always(DCM_WindowWidth, decimal_text(window.width));
  if (series.content.has_unit) item.always(DCM_VOILUTFunction, "LINEAR_EXACT");
  return item;
}

DicomTable pixel_value_transformation(const DicomSeries& series) {
  DicomTable item("image");
  item.always(DCM_RescaleIntercept, "0");
  item.always(DCM_RescaleSlope, decimal_text(rescale_slope(series)));
  item.always(DCM_RescaleType, "US");
  return item;
}

DicomTable echo(const Protocol& protocol, int64_t contrast) {
  DicomTable item("acquisition");
  item.if_known(DCM_EffectiveEchoTime, number_if(of_contrast(protocol.te_ms, contrast)));
  return item;
}

DicomTable receive_coil(const Protocol& protocol) {
  DicomTable item("acquisition");
  const std::string name = coil_name(protocol.coil_names);
  if (name.empty()) return item;
  item.always(DCM_ReceiveCoilName, name);
  item.blank(DCM_ReceiveCoilManufacturerName);
  item.always(DCM_ReceiveCoilType, "MULTICOIL");
  item.always(DCM_QuadratureReceiveCoil, "NO");
  std::vector<DicomTable> elements;
  for (const std::string& coil : protocol.coil_names) {
    DicomTable element("acquisition");
    const size_t cut =
        coil.size() > longest_sh ? coil.size() - longest_sh : 0;  // its end tells it from others
    element.always(DCM_MultiCoilElementName, line_text(coil.substr(cut), longest_sh));
    element.always(DCM_MultiCoilElementUsed, "YES");
    elements.push_back(std::move(element));
  }
  item.sequence(DCM_MultiCoilDefinitionSequence, std::move(elements));
  return item;
}

DicomTable averages(const FrameLabel& label) {
  DicomTable item("acquisition");
  item.always(DCM_NumberOfAverages, std::to_string(label.averages));
  return item;
}

DicomTable fov_geometry(const DicomSeries& series) {
  DicomTable item("acquisition");
  const MatrixSize& encoded = series.encoded;
  if (encoded.x < 1 || !(series.percent_sampling > 0) || !(series.percent_phase_fov > 0)) return item;
  item.always(DCM_InPlanePhaseEncodingDirection, "COLUMN");  // ky runs along y, down the columns
  item.always(DCM_MRAcquisitionFrequencyEncodingSteps, std::to_string(encoded.x));
  item.always(DCM_MRAcquisitionPhaseEncodingStepsInPlane, std::to_string(encoded.y));
  if (series.three_dimensional)
    item.always(DCM_MRAcquisitionPhaseEncodingStepsOutOfPlane, std::to_string(encoded.z));
  item.always(DCM_PercentSampling, decimal_text(series.percent_sampling));
  item.always(DCM_PercentPhaseFieldOfView, decimal_text(series.percent_phase_fov));
  return item;
}

std::string joined(const std::vector<int64_t>& numbers) {
  std::string text;
  for (const int64_t number : numbers) text += (text.empty() ? "" : "\\") + std::to_string(number);
  return text;
}

}  // namespace

void describe_image(DicomTable& table, DicomTag type, const DicomSeries& series) {
  table.always(type, "DERIVED\\PRIMARY\\VOLUME\\" + std::string(series.content.contrast));
  table.always(DCM_PixelPresentation, "MONOCHROME");
  table.always(DCM_VolumetricProperties, "VOLUME");
  table.always(DCM_VolumeBasedCalculationTechnique, "NONE");
  table.always(DCM_ComplexImageComponent, std::string(series.content.component));
  table.always(DCM_AcquisitionContrast, "UNKNOWN");
}

FunctionalGroup frame_content(const DicomSeries& series, const DicomPlane& plane,
                              const FrameDimensions& dimensions, const FrameIndex& index) {
  DicomTable item("image");
  std::vector<int64_t> values{index.stack, index.in_stack};
  if (dimensions.temporal) values.push_back(index.temporal);
  if (dimensions.echo) values.push_back(index.echo);
  if (dimensions.acquisition) values.push_back(index.acquisition);
  item.always(DCM_DimensionIndexValues, joined(values));
  item.always(DCM_StackID, std::to_string(index.stack));
  item.always(DCM_InStackPositionNumber, std::to_string(index.in_stack));
  item.always(DCM_TemporalPositionIndex, std::to_string(index.temporal));
  item.always(DCM_FrameAcquisitionNumber, std::to_string(index.acquisition));
  item.if_it_applies(DCM_FrameAcquisitionDateTime, acquisition_date_time(*series.protocol, plane.label));
  if (!plane.verdict.empty())
    item.always(DCM_FrameComments, line_text("Reconstruction " + plane.verdict, 10 * longest_st));
  return {DCM_FrameContentSequence, std::move(item)};
}

std::vector<FunctionalGroup> frame_groups(const DicomSeries& series, const DicomPlane& plane) {
  const Protocol& protocol = *series.protocol;
  std::vector<FunctionalGroup> groups{
      {DCM_PixelMeasuresSequence, pixel_measures(series, plane.plane)},
      {DCM_PlanePositionSequence, plane_position(series, plane.plane)},
      {DCM_PlaneOrientationSequence, plane_orientation(series, plane.plane)},
      {DCM_FrameAnatomySequence, frame_anatomy(protocol)},
      {DCM_MRImageFrameTypeSequence, frame_type(series)},
      {DCM_FrameVOILUTSequence, voi_lut(series)},
      {DCM_PixelValueTransformationSequence, pixel_value_transformation(series)},
      {DCM_MREchoSequence, echo(protocol, plane.label.contrast)},
      {DCM_MRReceiveCoilSequence, receive_coil(protocol)},
      {DCM_MRAveragesSequence, averages(plane.label)},
      {DCM_MRFOVGeometrySequence, fov_geometry(series)}};
  if (series.content.has_unit)
    groups.push_back({DCM_RealWorldValueMappingSequence, real_world_values(series)});
  std::erase_if(groups, [](const FunctionalGroup& group) { return group.item.rows.empty(); });
  return groups;
}

}  // namespace raki
