#pragma once
// The transfer syntaxes that are written, by the last part of their identifiers.

#include <string>

namespace raki {

enum class TransferSyntax {
  htj2k_rpcl /* .202 */,
  htj2k_lossless /* .201 */,
  htj2k /* .203, lossy here */,
  jpeg2000_lossless /* .90 */,
  explicit_le
};

/// "202", "201", "203", "90", "explicit-le". @throws InputError (64).
TransferSyntax transfer_syntax_from_text(const std::string& name);
std::string to_text(TransferSyntax syntax);
/// "1.2.840.10008.1.2.4.202"
std::string uid_of(TransferSyntax syntax);

}  // namespace raki
