#include "io/dicom/dcmtk_setup.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcdict.h>
#include <dcmtk/oflog/oflog.h>

#include <cstdlib>

#include "gpu/error.h"

namespace raki {

namespace {

bool find_dictionary() {
  OFLog::configure(OFLogger::OFF_LOG_LEVEL);
  return dcmDataDict.isDictionaryLoaded();
}

}  // namespace

void prepare_dcmtk() {
  static const bool found = find_dictionary();
  if (found) return;
  const char* path = std::getenv("DCMDICTPATH");
  throw InputError(
      {"The data dictionary of DCMTK cannot be read", path ? std::string("DCMDICTPATH=") + path : "",
       "a file dicom.dic", "", "Install DCMTK's library package or set DCMDICTPATH to its dicom.dic"},
      ExitCode::configuration);
}

}  // namespace raki
