#pragma once
#include <cstddef>

namespace verbatim {

/// Finds the end of a request's head and refuses, already while it arrives, the bytes that parsers disagree about:
/// control characters such as NUL, CR or LF alone, and folded lines.
class HeadScanner {
 public:
  enum class Result { needs_more, complete, malformed };

  /// `bytes` begin with the head's first byte in each call; what was looked at before is not looked at again.
  Result scan(const char *bytes, size_t count) {
    while (offset_ < count) {
      if (is_plain(bytes[offset_])) {
        ++offset_;
        continue;
      }
      const char *rest = bytes + offset_;
      const size_t left = count - offset_;
      if (rest[0] != '\r') return Result::malformed;
      if (left < 2) break;
      if (rest[1] != '\n') return Result::malformed;
      if (left < 3) break;
      if (rest[2] == ' ' || rest[2] == '\t') return Result::malformed;
      if (rest[2] == '\r') {
        if (left < 4) break;
        if (rest[3] != '\n') return Result::malformed;
        offset_ += 4;
        return Result::complete;
      }
      offset_ += 2;
    }
    return Result::needs_more;
  }

  /// The head's length with its empty line, once complete.
  size_t length() const { return offset_; }

 private:
  static bool is_plain(char character) {
    const auto byte = static_cast<unsigned char>(character);
    return (byte >= 0x20 && byte != 0x7F) || byte == '\t';
  }

  size_t offset_ = 0;
};

}
