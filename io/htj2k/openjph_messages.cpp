#include "io/htj2k/openjph_messages.h"

#include <openjph/ojph_message.h>

#include <cstdio>
#include <new>

namespace raki {
namespace {

thread_local std::string messages;

ssize_t collect(void*, const char* text, size_t size) {
  messages.append(text, size);
  return static_cast<ssize_t>(size);
}
ssize_t ignore(void*, const char*, size_t size) {
  return static_cast<ssize_t>(size);
}

std::FILE* unbuffered_stream(cookie_write_function_t* write) {
  std::FILE* stream = fopencookie(nullptr, "w", {nullptr, write, nullptr, nullptr});
  if (stream == nullptr) throw std::bad_alloc();
  std::setvbuf(stream, nullptr, _IONBF, 0);
  return stream;
}

}  // namespace

/// They are global to the process; the message objects (configure_error and the like) do nothing in release
/// 0.9.0.
void take_over_openjph_messages() {
  ojph::set_info_stream(unbuffered_stream(ignore));
  ojph::set_warning_stream(unbuffered_stream(collect));
  ojph::set_error_stream(unbuffered_stream(collect));
}

void listen_to_openjph() {
  static const bool done = [] {
    take_over_openjph_messages();
    return true;
  }();
  static_cast<void>(done);
  messages.clear();
}

const std::string& openjph_messages() {
  return messages;
}

}  // namespace raki
