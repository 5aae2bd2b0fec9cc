#pragma once
// Which format an input is in, by its first bytes; and the raw data of vendors, which are another program's
// to read.

#include "io/parse/input_file.h"

namespace raki {

enum class InputFormat { hdf5, ismrmrd_stream };

/// @throws InputError (65) for anything else, saying what it is, and for vendors' raw data which converter to
/// use.
InputFormat detect_format(const InputFile& input);

/// Throws InputError (65) when `path` is a folder, naming the converter when it is a Bruker experiment.
void refuse_folder(const std::filesystem::path& path);

}  // namespace raki
