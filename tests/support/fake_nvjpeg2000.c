/* Stands in for NVIDIA's libnvjpeg2k.so.0 where finding it is tested: has its functions, or all but one
   (FAKE_NVJPEG2000_LACKS_PARSE), and tells the version in the environment. */
#include <stdio.h>
#include <stdlib.h>

int nvjpeg2kGetProperty(int part, int* value) {
  const char* text = getenv("FAKE_NVJPEG2000_VERSION");
  int version[3] = {0, 0, 0};
  if (!text || sscanf(text, "%d.%d.%d", version, version + 1, version + 2) != 3) return 1;
  *value = version[part];
  return 0;
}

#define NOTHING(name) \
  int name(void) { return 8; }
NOTHING(nvjpeg2kCreateSimple)
NOTHING(nvjpeg2kDecodeStateCreate)
NOTHING(nvjpeg2kDecodeStateDestroy)
NOTHING(nvjpeg2kStreamCreate)
NOTHING(nvjpeg2kStreamDestroy)
#ifndef FAKE_NVJPEG2000_LACKS_PARSE
NOTHING(nvjpeg2kStreamParse)
#endif
NOTHING(nvjpeg2kDecode)
NOTHING(nvjpeg2kEncoderCreateSimple)
NOTHING(nvjpeg2kEncodeStateCreate)
NOTHING(nvjpeg2kEncodeStateDestroy)
NOTHING(nvjpeg2kEncodeParamsCreate)
NOTHING(nvjpeg2kEncodeParamsDestroy)
NOTHING(nvjpeg2kEncodeParamsSetEncodeConfig)
NOTHING(nvjpeg2kEncode)
NOTHING(nvjpeg2kEncodeRetrieveBitstream)
