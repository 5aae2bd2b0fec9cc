#include "io/parse/ismrmrd_stream.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "gpu/error.h"
#include "io/parse/readout_flags.h"

namespace raki {
namespace {

// Message identifiers of MRD version 1.
enum Message : uint16_t {
  config_file = 1,
  config_text = 2,
  header = 3,
  close = 4,
  text = 5,
  acquisition = 1008,
  image = 1022,
  waveform = 1026,
  array = 1030
};

constexpr std::size_t acquisition_header = 340, image_header = 198, waveform_header = 40, config_name = 1024;
constexpr uint32_t longest_text = uint32_t{1} << 24;

template <class Value>
Value decode(std::span<const std::byte> bytes, std::size_t at) {
  Value value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

std::array<float, 3> decode_vector(std::span<const std::byte> bytes, std::size_t at) {
  return {decode<float>(bytes, at), decode<float>(bytes, at + 4), decode<float>(bytes, at + 8)};
}

/// Offsets: ismrmrd.h, struct ISMRMRD_AcquisitionHeader, packed.
ReadoutHeader decode_header(std::span<const std::byte> bytes) {
  const auto word = [&](std::size_t at) { return decode<uint16_t>(bytes, at); };
  ReadoutHeader head;
  head.flags = decode<uint64_t>(bytes, 2);
  head.time_stamp = decode<uint32_t>(bytes, 18);
  head.samples = word(34);
  head.coils = word(38);
  head.discard_pre = word(168);
  head.discard_post = word(170);
  head.centre_sample = word(172);
  head.encoding_space = word(174);
  head.trajectory_dimensions = word(176);
  head.dwell_time_us = decode<float>(bytes, 178);
  head.position_mm = decode_vector(bytes, 182);
  head.read_dir = decode_vector(bytes, 194);
  head.phase_dir = decode_vector(bytes, 206);
  head.slice_dir = decode_vector(bytes, 218);
  head.table_mm = decode_vector(bytes, 230);
  constexpr std::size_t counters = 242, users = counters + 18;
  head.counter = {
      word(counters),      word(counters + 2),  word(counters + 4),  word(counters + 6),  word(counters + 8),
      word(counters + 10), word(counters + 12), word(counters + 14), word(counters + 16), {}};
  for (std::size_t i = 0; i < head.counter.user.size(); ++i) head.counter.user[i] = word(users + 2 * i);
  return head;
}

/// Bytes of one number of an image or array, by ISMRMRD's data type; 0: no such type.
uint64_t bytes_of_type(uint16_t type) {
  constexpr std::array<uint64_t, 9> bytes{0, 2, 2, 4, 4, 4, 8, 8, 16};
  return type < bytes.size() ? bytes[type] : 0;
}

/// a * b, or the largest number where that overflows.
uint64_t product(uint64_t a, uint64_t b) {
  uint64_t result = 0;
  return __builtin_mul_overflow(a, b, &result) ? ~uint64_t{0} : result;
}

}  // namespace

bool begins_as_stream(const std::string& first_bytes, uint64_t size) {
  const auto bytes = std::as_bytes(std::span(first_bytes));
  if (bytes.size() < 6) return bytes.size() >= 2 && size == 2 && decode<uint16_t>(bytes, 0) == close;
  const auto id = decode<uint16_t>(bytes, 0);
  const auto length = decode<uint32_t>(bytes, 2);
  switch (id) {
    case config_file:  // a file name, never a binary number
      return size >= 2 + config_name && first_bytes[2] >= ' ' && first_bytes[3] >= ' ';
    case config_text:
    case text:
      return length <= size - 6;
    case header:  // one that is cut off is a stream all the same, when it says what it is
      return first_bytes.find(length <= size - 6 ? "<" : "<ismrmrdHeader") != std::string::npos;
    case acquisition:
    case image:
    case waveform:
    case array:
      return true;
    default:
      return false;
  }
}

IsmrmrdStream::IsmrmrdStream(const InputFile& file) : file_(&file) {
  uint64_t at = 0;
  bool closed = false;
  while (!closed && at < file.size()) {
    std::array<std::byte, 2> id{};
    fetch(at, id);
    const auto message = decode<uint16_t>(id, 0);
    closed = message == close;
    at = closed ? at + 2 : take_message(message, at + 2);
    ++messages_;
  }
  bytes_after_the_end_ = file.size() - std::min(at, file.size());
  if (!closed)
    refuse("The stream ends without its end message",
           std::to_string(readouts_.size()) + " acquisitions in " + std::to_string(messages_) + " messages",
           "message 4 at the end", "The sender broke off: send the scan again");
  if (readouts_.empty() && others_.count("image") > 0)
    refuse("No raw data in the stream", "images only", "ISMRMRD acquisitions",
           "Pass the stream the images were reconstructed from");
  if (readouts_.empty()) refuse("The stream holds no acquisitions", "0 readouts", "at least one", "");
  if (header_text_.empty())
    refuse("The stream has no header", "no message 3", "an ISMRMRD header before the acquisitions", "");
}

uint64_t IsmrmrdStream::take_message(uint16_t id, uint64_t at) {
  switch (id) {
    case config_file:
      return skip(at, config_name);
    case config_text:
      return take_text(at, nullptr);
    case header:
      if (!header_text_.empty())
        refuse("The stream holds a second header", "", "one scan a stream", "Split the stream");
      return take_text(at, &header_text_);
    case text:
      ++others_["text"];
      return take_text(at, nullptr);
    case acquisition:
      return take_acquisition(at);
    case image:
      return take_image(at);
    case waveform:
      return take_waveform(at);
    case array:
      return take_array(at);
    default:
      refuse("The stream holds a message of an unknown kind", "identifier " + std::to_string(id),
             "messages of MRD version 1", "The stream is damaged, or meant for another program");
  }
}

uint64_t IsmrmrdStream::take_text(uint64_t at, std::string* keep) {
  std::array<std::byte, 4> length{};
  fetch(at, length);
  const auto bytes = decode<uint32_t>(length, 0);
  if (bytes > longest_text)
    refuse("A text of the stream is too long", std::to_string(bytes) + " bytes", "at most 16 MiB", "");
  const uint64_t end = skip(at + length.size(), bytes);
  if (!keep) return end;
  keep->resize(bytes);
  fetch(at + length.size(), std::as_writable_bytes(std::span(*keep)));
  keep->resize(std::min<std::size_t>(bytes, keep->find('\0')));  // some senders count a final NUL
  return end;
}

uint64_t IsmrmrdStream::take_acquisition(uint64_t at) {
  std::array<std::byte, acquisition_header> bytes{};
  fetch(at, bytes);
  const ReadoutHeader head = decode_header(bytes);
  if (is_compressed(head))  // whose length is not the header's
    refuse("Samples are compressed",
           "readout " + std::to_string(readouts_.size()) + " carries a compression flag", "plain samples",
           "Send the scan without compression");
  const uint64_t trajectory = uint64_t{head.samples} * head.trajectory_dimensions * sizeof(float);
  const uint64_t samples = skip(at + acquisition_header, trajectory);
  readouts_.push_back(head);
  samples_at_.push_back(samples);
  return skip(samples, samples_of(head) * sizeof(std::complex<float>));
}

uint64_t IsmrmrdStream::take_waveform(uint64_t at) {
  std::array<std::byte, waveform_header> bytes{};
  fetch(at, bytes);
  ++others_["waveform"];
  const uint64_t numbers = uint64_t{decode<uint16_t>(bytes, 28)} * decode<uint16_t>(bytes, 30);
  return skip(at + waveform_header, numbers * sizeof(uint32_t));
}

uint64_t IsmrmrdStream::take_image(uint64_t at) {
  std::array<std::byte, image_header + sizeof(uint64_t)> bytes{};
  fetch(at, bytes);
  ++others_["image"];
  uint64_t pixels = bytes_of_type(decode<uint16_t>(bytes, 2));
  for (const std::size_t size : {16, 18, 20, 34})  // matrix x, y, z; channels
    pixels = product(pixels, decode<uint16_t>(bytes, size));
  return skip(skip(at + bytes.size(), decode<uint64_t>(bytes, image_header)), pixels);
}

uint64_t IsmrmrdStream::take_array(uint64_t at) {
  std::array<std::byte, 6> bytes{};  // type, version, number of sizes
  fetch(at, bytes);
  ++others_["array"];
  uint64_t numbers = bytes_of_type(decode<uint16_t>(bytes, 0));
  at += bytes.size();
  for (uint16_t i = 0; i < decode<uint16_t>(bytes, 4); ++i, at += sizeof(uint64_t)) {
    std::array<std::byte, sizeof(uint64_t)> size{};
    fetch(at, size);
    numbers = product(numbers, decode<uint64_t>(size, 0));
  }
  return skip(at, numbers);
}

uint64_t IsmrmrdStream::skip(uint64_t at, uint64_t bytes) const {
  if (at > file_->size() || bytes > file_->size() - at)
    refuse("The stream is cut off",
           "message " + std::to_string(messages_) + " needs " + std::to_string(bytes) + " bytes from byte " +
               std::to_string(at) + " on",
           std::to_string(file_->size()) + " bytes in all", "Send or copy it again");
  return at + bytes;
}

void IsmrmrdStream::fetch(uint64_t at, std::span<std::byte> bytes) const {
  skip(at, bytes.size());
  if (!file_->read_at(at, bytes)) refuse("Reading failed", "", "", "");
}

void IsmrmrdStream::refuse(const std::string& what, const std::string& found, const std::string& expected,
                           const std::string& advice) const {
  throw InputError(
      {what, found, expected, file_->where() + ", message " + std::to_string(messages_), advice});
}

void IsmrmrdStream::read(const std::vector<int64_t>& readouts, const Visit& visit) const {
  std::vector<std::complex<float>> samples;
  for (const int64_t readout : readouts) {
    const auto number = static_cast<std::size_t>(readout);
    samples.resize(samples_of(readouts_[number]));
    if (!file_->read_at(samples_at_[number], std::as_writable_bytes(std::span(samples))))
      throw InputError({"The samples of a readout cannot be read", "", "", place(where(), readout), ""},
                       ExitCode::io_failed);
    check_finite(samples.data(), samples.size(), readout, where());
    visit(readout, samples.data());
  }
}

}  // namespace raki
