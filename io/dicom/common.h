#pragma once
// The modules that MR Image Storage and Enhanced MR Image Storage share: patient, study, series, equipment,
// and how an image came about (PS3.3, C.7 and C.12). Nothing is invented: what is missing is left out, or
// left empty where the standard demands the attribute.

#include "io/dicom/series.h"
#include "io/dicom/table.h"

namespace raki {

/// The header's text as one line of at most `longest` characters, and in words what that changed.
DicomValue line_value(const std::optional<std::string>& text, size_t longest);

void patient_module(DicomTable& table, const PatientAndStudy& person);
void study_module(DicomTable& table, const PatientAndStudy& person, const DicomOptions& options);
void series_module(DicomTable& table, const DicomSeries& series, const DicomOptions& options);
void equipment_module(DicomTable& table, const Protocol& protocol);
void frame_of_reference_module(DicomTable& table, const DicomSeries& series, const DicomOptions& options);

/// Contributing Equipment Sequence (PS3.3, C.12.1): this program, as processing equipment.
void contributing_equipment(DicomTable& table, const DicomOptions& options);

/// The pixels' description, unsigned or signed 16 bit (PS3.3, C.7.6.3).
void pixel_module(DicomTable& table, const DicomSeries& series, const DicomPlane& plane);

/// Specific Character Set, with the first character outside ASCII.
void put_character_set(DicomItem& attributes);

/// "YYYYMMDD" of the series, else of the study; empty when neither is known.
std::string content_date(const Protocol& protocol);
std::string content_time(const Protocol& protocol);
/// Of a frame; empty where day or time are not known.
std::string acquisition_date_time(const Protocol& protocol, const FrameLabel& label);

std::string instance_uid(const DicomSeries& series, int64_t instance_number, const DicomOptions& options);
/// Of the dimensions that a series' frames are counted along.
std::string dimension_uid(const DicomSeries& series, const DicomOptions& options);

/// Derivation Description (0008,2111): method, acceleration and the factor from image values to stored
/// pixels.
std::string derivation_text(const DicomSeries& series, const DicomOptions& options);

/// What to know before looking at the image; `verdict` may be empty.
std::string image_comments(const DicomSeries& series, const std::string& verdict);

/// Why position and orientation are stand-ins.
extern const char* const geometry_unknown;

/// Centre and width of the window, in the units the rescaled pixels have: from 0 (signed: the lowest) to the
/// maximum of the series.
struct Window {
  double centre = 16384, width = 32768;
};
Window window_of(const DicomSeries& series);

/// Rescale Slope: unit of a stored pixel; 1 where the pixels have no unit.
double rescale_slope(const DicomSeries& series);

/// Real World Value Mapping (PS3.3, C.7.6.16.2.11) of contents that have a unit: what a stored value is
/// worth.
DicomTable real_world_values(const DicomSeries& series);

}  // namespace raki
