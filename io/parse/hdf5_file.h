#pragma once
// Opens an HDF5 file read-only and what is in it, and never leaves it: links to other files, external and
// virtual storage and filters are refused. Everything here may crash inside HDF5 on a damaged file:
// io/parse/isolated.h.

#include <string>
#include <vector>

#include "io/parse/hdf5_handle.h"
#include "io/parse/input_file.h"

namespace raki {

/// @throws InputError (65) when it is not HDF5, or damaged.
Hdf5Handle open_hdf5(const InputFile& input);

/// Names of what a group holds directly (hard links only), 1000 at most.
std::vector<std::string> names_in(int64_t group);
bool contains(const std::vector<std::string>& names, const std::string& name);
/// "a, b, c, ..." for messages.
std::string shown(const std::vector<std::string>& names);

/// Empty handle when there is none.
Hdf5Handle open_group(const Hdf5Handle& file, const std::string& name);
/// @throws InputError (65) when it cannot be opened or does not lie plainly in the file.
Hdf5Handle open_dataset(const Hdf5Handle& group, const char* name, const InputFile& input);

/// Address in the file that stored addresses count from (the length of the user block).
/// @throws InputError (65) for addresses of another width than 8 bytes.
uint64_t base_address(const Hdf5Handle& file, const InputFile& input);

/// A string of fixed or variable length, scalar or an array of one, up to its first NUL.
/// @throws InputError (65) naming `what` when it is none, or longer than 16 MiB.
std::string read_text(const Hdf5Handle& dataset, const InputFile& input, uint64_t base,
                      const std::string& what);

[[noreturn]] void refuse_file(const InputFile& input, const std::string& what, const std::string& found,
                              const std::string& expected, const std::string& advice);

}  // namespace raki
