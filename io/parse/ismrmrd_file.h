#pragma once
// An ISMRMRD HDF5 file. Nothing in it is believed: its structure is parsed in a child process
// (hdf5_contents.h), its samples are read from the file's heap by ourselves (global_heap.h), every length is
// compared with what the readout header claims before it is used. libismrmrd's own reader does none of this.

#include "io/parse/acquisitions.h"
#include "io/parse/ismrmrd_contents.h"

namespace raki {

class IsmrmrdFile final : public Acquisitions {
 public:
  /// `input` must outlive the object.
  /// @throws InputError (65) when the readouts claim more samples than the file can hold.
  IsmrmrdFile(const InputFile& input, IsmrmrdContents contents);

  std::string format() const override { return "ISMRMRD HDF5"; }
  const std::string& where() const override { return input_->where(); }
  const std::string& header_text() const override { return contents_.header_text; }
  const std::vector<ReadoutHeader>& readouts() const override { return contents_.readouts; }
  std::vector<std::string> other_groups() const override;
  void read(const std::vector<int64_t>& readouts, const Visit& visit) const override;

 private:
  const InputFile* input_;
  IsmrmrdContents contents_;
};

}  // namespace raki
