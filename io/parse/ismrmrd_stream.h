#pragma once
// An ISMRMRD stream (MRD version 1 messages one after another, from a file or a pipe), as
// `ismrmrd_hdf5_to_stream` and Gadgetron's client write it; with and without a configuration message. Format:
// github.com/ismrmrd/ismrmrd, doc/mrd_streaming_protocol.md and doc/mrd_messages.md.

#include "io/parse/acquisitions.h"
#include "io/parse/input_file.h"

namespace raki {

/// True when the first bytes are the beginning of a message, and a plausible one.
bool begins_as_stream(const std::string& first_bytes, uint64_t size);

class IsmrmrdStream final : public Acquisitions {
 public:
  /// Walks through all messages; samples stay where they are. `file` must outlive the object.
  /// @throws InputError (65), naming the message, for one that is cut off, unknown or impossible; when no
  /// header came or the end message is missing (the sender broke off); for compressed samples.
  explicit IsmrmrdStream(const InputFile& file);

  std::string format() const override { return "ISMRMRD stream"; }
  const std::string& where() const override { return file_->where(); }
  const std::string& header_text() const override { return header_text_; }
  const std::vector<ReadoutHeader>& readouts() const override { return readouts_; }
  std::map<std::string, int64_t> others() const override { return others_; }
  uint64_t bytes_after_the_end() const override { return bytes_after_the_end_; }
  void read(const std::vector<int64_t>& readouts, const Visit& visit) const override;

 private:
  uint64_t take_message(uint16_t id, uint64_t at);
  uint64_t take_text(uint64_t at, std::string* keep);
  uint64_t take_acquisition(uint64_t at);
  uint64_t take_waveform(uint64_t at);
  uint64_t take_image(uint64_t at);
  uint64_t take_array(uint64_t at);
  uint64_t skip(uint64_t at, uint64_t bytes) const;
  void fetch(uint64_t at, std::span<std::byte> bytes) const;
  [[noreturn]] void refuse(const std::string& what, const std::string& found, const std::string& expected,
                           const std::string& advice) const;

  const InputFile* file_;
  int64_t messages_ = 0;
  uint64_t bytes_after_the_end_ = 0;
  std::string header_text_;
  std::vector<ReadoutHeader> readouts_;
  std::vector<uint64_t> samples_at_;  ///< offset of the samples of each readout
  std::map<std::string, int64_t> others_;
};

}  // namespace raki
