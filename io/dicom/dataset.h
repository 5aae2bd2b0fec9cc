#pragma once
// Attributes to the bytes of a file, by DCMTK.

#include <cstdint>
#include <string>
#include <vector>

#include "io/dicom/attribute.h"

namespace raki {

/// A DICOM file (PS3.10) of these attributes up to where Pixel Data would begin: preamble, meta header with
/// `transfer_syntax`, dataset in Explicit VR Little Endian.
/// @throws InputError (78) without DCMTK's data dictionary, Bug for a value that DCMTK refuses.
std::vector<uint8_t> file_before_pixels(const DicomItem& attributes, const std::string& transfer_syntax);

}  // namespace raki
