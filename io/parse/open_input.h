#pragma once
// Opens an input of any format, without deciding anything about the scan in it.

#include <memory>
#include <variant>

#include "io/parse/acquisitions.h"
#include "io/parse/hdf5_contents.h"

namespace raki {

using OpenedInput = std::variant<std::unique_ptr<Acquisitions>, FastmriContents>;

/// `group`: of HDF5 acquisitions; empty: whatever the file holds. `input` must outlive the result.
/// @throws InputError (65) for what is neither, with what it is and what to do; 64 for a `group` of a stream.
OpenedInput open_input(const InputFile& input, const std::string& group, Isolation isolation);

}  // namespace raki
