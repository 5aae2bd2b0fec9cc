#include "io/htj2k/decode.h"

#include <functional>

#include "gpu/error.h"
#include "gpu/parallel.h"
#include "io/htj2k/isolated_decoders.h"

namespace raki {
namespace {

/// Errors of `work` say which image it was.
void naming(const std::string& where, const std::function<void()>& work) {
  try {
    work();
  } catch (const InputError& error) {
    Facts facts = error.facts();
    if (!where.empty()) facts.where = where + (facts.where.empty() ? "" : ", " + facts.where);
    throw InputError(facts, error.code());
  }
}

}  // namespace

PixelImage decode_htj2k(std::span<const uint8_t> codestream, const DecodeOptions& options) {
  return std::move(decode_htj2k(std::vector<NamedCodestream>{{codestream, ""}}, options, 1).front());
}

std::vector<PixelImage> decode_htj2k(const std::vector<NamedCodestream>& codestreams,
                                     const DecodeOptions& options, int threads) {
  std::vector<CheckedCodestream> checked(codestreams.size());
  std::vector<DecodingTask> tasks(codestreams.size());
  parallel_for(std::ssize(codestreams), threads, [&](int64_t number) {
    const auto i = static_cast<size_t>(number);
    naming(codestreams[i].where, [&] { checked[i] = check_codestream(codestreams[i].bytes, options); });
    tasks[i].codestream = &checked[i];
  });
  decode_isolated(tasks, threads);
  std::vector<PixelImage> images;
  for (size_t i = 0; i < tasks.size(); ++i) {
    if (!tasks[i].image) naming(codestreams[i].where, [&] { refuse_image(tasks[i].refusal); });
    images.push_back(std::move(*tasks[i].image));
  }
  return images;
}

}  // namespace raki
