#pragma once
// What the pixels of a series mean: the magnitude of the image, its other parts, or a map beside it.

#include <cstdint>
#include <string>
#include <string_view>

namespace raki {

/// Each content is a series of its own, always under the same number.
struct DicomContent {
  std::string_view name;  ///< "magnitude", "phase", "g_factor", ...
  int64_t series_number = 1;
  std::string_view image_type;  ///< of MR Image Storage: "ORIGINAL\PRIMARY\M\ND"
  std::string_view component;   ///< Complex Image Component (0008,9208): "MAGNITUDE", ...
  std::string_view
      contrast;  ///< value 4 of Image Type in Enhanced MR, how the values came about: "NONE", ...
  bool is_signed = false;
  bool has_unit = false;             ///< stored values times a factor are quantities: rescaled
  std::string_view unit, unit_name;  ///< UCUM code and its meaning
  bool is_map() const { return image_type.starts_with("DERIVED"); }  ///< not a part of the image itself
};

/// @throws Bug for another name.
const DicomContent& dicom_content(std::string_view name);

}  // namespace raki
