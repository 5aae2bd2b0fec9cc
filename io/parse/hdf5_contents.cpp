#include "io/parse/hdf5_contents.h"

#include <cstring>
#include <type_traits>

#include "gpu/error.h"
#include "io/parse/isolated.h"

namespace raki {
namespace {

Hdf5Contents parse(const InputFile& input, const std::string& group) {
  const Hdf5Handle file = open_hdf5(input);
  if (group.empty() && has_fastmri_layout(file)) return read_fastmri_contents(file, input);
  return read_ismrmrd_contents(file, group, input);
}

/// Values as bytes, from one process to the other.
class Packer {
 public:
  template <class Value>
  void add(const std::vector<Value>& values) {
    static_assert(std::is_trivially_copyable_v<Value>);
    add(std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Value)));
  }
  void add(const std::string& text) {
    const uint64_t length = text.size();
    bytes_.append(reinterpret_cast<const char*>(&length), sizeof length).append(text);
  }
  std::string bytes_;
};

class Unpacker {
 public:
  explicit Unpacker(const std::string& bytes) : bytes_(&bytes) {}
  std::string text() {
    uint64_t length = 0;
    if (bytes_->size() - at_ < sizeof length) throw Bug("a parser's answer is too short");
    std::memcpy(&length, bytes_->data() + at_, sizeof length);
    at_ += sizeof length;
    if (length > bytes_->size() - at_) throw Bug("a parser's answer is cut off");
    at_ += length;
    return bytes_->substr(at_ - length, length);
  }
  template <class Value>
  std::vector<Value> values() {
    const std::string stored = text();
    std::vector<Value> values(stored.size() / sizeof(Value));
    std::memcpy(values.data(), stored.data(), values.size() * sizeof(Value));
    return values;
  }

 private:
  const std::string* bytes_;
  std::size_t at_ = 0;
};

std::string joined_lines(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += word + '\n';
  return text;
}

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
    words.push_back(text.substr(at, end - at));
  return words;
}

std::string pack(const Hdf5Contents& contents) {
  Packer packer;
  packer.add(std::string(std::holds_alternative<IsmrmrdContents>(contents) ? "ismrmrd" : "fastmri"));
  if (const auto* const ismrmrd = std::get_if<IsmrmrdContents>(&contents)) {
    packer.add(ismrmrd->group);
    packer.add(joined_lines(ismrmrd->groups));
    packer.add(std::vector{ismrmrd->heap_base});
    packer.add(ismrmrd->header_text);
    packer.add(ismrmrd->readouts);
    packer.add(ismrmrd->samples);
    return std::move(packer.bytes_);
  }
  const auto& fastmri = std::get<FastmriContents>(contents);
  packer.add(fastmri.header_text);
  packer.add(fastmri.shape);
  packer.add(std::vector{fastmri.offset});
  packer.add(std::string(fastmri.mask ? "mask" : ""));
  packer.add(fastmri.mask.value_or(std::vector<double>{}));
  return std::move(packer.bytes_);
}

Hdf5Contents unpack(const std::string& bytes) {
  Unpacker in(bytes);
  if (in.text() == "ismrmrd") {
    IsmrmrdContents contents;
    contents.group = in.text();
    contents.groups = split_lines(in.text());
    contents.heap_base = in.values<uint64_t>().at(0);
    contents.header_text = in.text();
    contents.readouts = in.values<ReadoutHeader>();
    contents.samples = in.values<HeapReference>();
    return contents;
  }
  FastmriContents contents;
  contents.header_text = in.text();
  contents.shape = in.values<uint64_t>();
  contents.offset = in.values<uint64_t>().at(0);
  const bool masked = !in.text().empty();
  auto mask = in.values<double>();
  if (masked) contents.mask = std::move(mask);
  return contents;
}

}  // namespace

Hdf5Contents read_hdf5_contents(const InputFile& input, const std::string& group, Isolation isolation) {
  if (isolation == Isolation::none) return parse(input, group);
  constexpr uint64_t least_memory = uint64_t{256}
                                    << 20;  // headers, references and the answer: below the file's size
  return unpack(run_isolated([&] { return pack(parse(input, group)); }, input.where(),
                             least_memory + 4 * input.size()));
}

}  // namespace raki
