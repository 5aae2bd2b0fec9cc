#include "io/parse/open_input.h"

#include "gpu/error.h"
#include "io/parse/format.h"
#include "io/parse/ismrmrd_file.h"
#include "io/parse/ismrmrd_stream.h"

namespace raki {

OpenedInput open_input(const InputFile& input, const std::string& group, Isolation isolation) {
  if (detect_format(input) == InputFormat::ismrmrd_stream) {
    if (!group.empty())
      throw InputError({"A stream has no groups to choose from", "group " + group, "none", input.where(),
                        "Leave --dataset out"},
                       ExitCode::usage);
    return std::make_unique<IsmrmrdStream>(input);
  }
  Hdf5Contents contents = read_hdf5_contents(input, group, isolation);
  if (auto* const fastmri = std::get_if<FastmriContents>(&contents)) return std::move(*fastmri);
  return std::make_unique<IsmrmrdFile>(input, std::get<IsmrmrdContents>(std::move(contents)));
}

}  // namespace raki
