#include "io/dicom/syntax.h"

#include <array>

#include "gpu/error.h"

namespace raki {

namespace {

struct SyntaxRow {
  TransferSyntax syntax;
  const char* name;
  const char* uid;
};
constexpr std::array<SyntaxRow, 5> syntaxes{
    {{TransferSyntax::htj2k_rpcl, "202", "1.2.840.10008.1.2.4.202"},
     {TransferSyntax::htj2k_lossless, "201", "1.2.840.10008.1.2.4.201"},
     {TransferSyntax::htj2k, "203", "1.2.840.10008.1.2.4.203"},
     {TransferSyntax::jpeg2000_lossless, "90", "1.2.840.10008.1.2.4.90"},
     {TransferSyntax::explicit_le, "explicit-le", "1.2.840.10008.1.2.1"}}};

const SyntaxRow& row_of(TransferSyntax syntax) {
  for (const SyntaxRow& row : syntaxes)
    if (row.syntax == syntax) return row;
  throw Bug("Unknown transfer syntax");
}

}  // namespace

TransferSyntax transfer_syntax_from_text(const std::string& name) {
  for (const SyntaxRow& row : syntaxes)
    if (name == row.name) return row.syntax;
  throw InputError({"Unknown transfer syntax", "'" + name + "'", "202, 201, 203, 90 or explicit-le", "", ""},
                   ExitCode::usage);
}

std::string to_text(TransferSyntax syntax) {
  return row_of(syntax).name;
}

std::string uid_of(TransferSyntax syntax) {
  return row_of(syntax).uid;
}

}  // namespace raki
