#pragma once
// An input and the readouts in it, kept together.

#include <memory>

#include "io/parse/open_input.h"

namespace raki::test {

struct OpenedAcquisitions {
  std::unique_ptr<InputFile> input;
  std::unique_ptr<Acquisitions> readouts;
  const Acquisitions* operator->() const { return readouts.get(); }
};

inline OpenedAcquisitions open_acquisitions(const std::filesystem::path& path, const std::string& group = "",
                                            Isolation isolation = Isolation::child_process) {
  OpenedAcquisitions opened;
  opened.input = std::make_unique<InputFile>(path);
  opened.readouts = std::get<std::unique_ptr<Acquisitions>>(open_input(*opened.input, group, isolation));
  return opened;
}

}  // namespace raki::test
