#pragma once
// What DCMTK needs before its first use.

namespace raki {

/// Silences DCMTK's own log and makes sure that its data dictionary was found.
/// @throws InputError (78) when it was not: without it no attribute has a type.
void prepare_dcmtk();

}  // namespace raki
