#include "CSimdjson.h"

#include <charconv>
#include <cstring>
#include <simdjson.h>
#include <system_error>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace {

inline bool is_space(uint8_t byte) { return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t'; }

inline bool is_digit(uint8_t byte) { return byte >= '0' && byte <= '9'; }

#if defined(__SSE2__)
/// A bit for each of 16 bytes that is a quotation mark, backslash or control character.
inline unsigned special_bits(const uint8_t *bytes) {
  const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i *>(bytes));
  const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1f)), block);
  const __m128i quote = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
  const __m128i backslash = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(control, _mm_or_si128(quote, backslash))));
}
#endif

/// The first quotation mark, backslash or control character from `at` on, else `length`.
inline size_t find_special(const uint8_t *bytes, size_t length, size_t at) {
#if defined(__SSE2__)
  for (; length - at >= 16; at += 16) {
    if (const unsigned found = special_bits(bytes + at)) return at + static_cast<size_t>(__builtin_ctz(found));
  }
  if (length >= 16) {
    const size_t start = length - 16;
    const unsigned found = special_bits(bytes + start) & ~0u << (at - start);
    return found ? start + static_cast<size_t>(__builtin_ctz(found)) : length;
  }
#endif
  while (at < length && bytes[at] != '"' && bytes[at] != '\\' && bytes[at] >= 0x20) at++;
  return at;
}

/// For short texts, where choosing simdjson's kernel takes longer than looking.
inline bool is_short_ascii(const uint8_t *bytes, size_t length) {
  if (length > 64) return false;
  uint8_t seen = 0;
  for (size_t at = 0; at < length; at++) seen |= bytes[at];
  return seen < 0x80;
}

/// The value of each byte as a hexadecimal digit, or -1.
struct HexDigits {
  int8_t values[256];

  constexpr HexDigits() : values() {
    for (int byte = 0; byte < 256; byte++) values[byte] = -1;
    for (int digit = 0; digit < 10; digit++) values['0' + digit] = static_cast<int8_t>(digit);
    for (int letter = 0; letter < 6; letter++) {
      values['a' + letter] = values['A' + letter] = static_cast<int8_t>(10 + letter);
    }
  }
};

constexpr HexDigits hex_digits;

inline int hex_digit(uint8_t byte) { return hex_digits.values[byte]; }

/// Four hexadecimal digits, or -1.
inline int hex_unit(const uint8_t *bytes) {
  const int a = hex_digit(bytes[0]), b = hex_digit(bytes[1]), c = hex_digit(bytes[2]), d = hex_digit(bytes[3]);
  return (a | b | c | d) < 0 ? -1 : a << 12 | b << 8 | c << 4 | d;
}

/// The UTF-16 unit of a `\u` escape at `at`, or -1.
inline int unit_escape(const uint8_t *bytes, size_t length, size_t at) {
  if (at >= length || length - at < 6 || bytes[at] != '\\' || bytes[at + 1] != 'u') return -1;
  return hex_unit(bytes + at + 2);
}

/// RFC 8259's grammar, iterative, so that depth costs a bit and no stack.
class Checker {
 public:
  Checker(const uint8_t *bytes, size_t length, size_t max_depth)
      : bytes(bytes), length(length), max_depth(max_depth < JSON_DEPTH_CEILING ? max_depth : JSON_DEPTH_CEILING) {}

  json_fault fault{0, nullptr};

  bool document() {
    if (length >= 3 && bytes[0] == 0xef && bytes[1] == 0xbb && bytes[2] == 0xbf) return fail("byte order mark");
    skip_space();
    if (at == length) return fail("no value");
    if (!value()) return false;
    skip_space();
    return at == length || fail("bytes after the value");
  }

  bool whole_number() { return length > 0 && number() && at == length; }

 private:
  const uint8_t *bytes;
  size_t length;
  size_t max_depth;
  size_t at = 0;
  size_t depth = 0;
  /// A bit a level: set inside an object.
  uint64_t objects[JSON_DEPTH_CEILING / 64];

  bool fail(const char *reason) {
    fault = {at, reason};
    return false;
  }

  void skip_space() {
    while (at < length && is_space(bytes[at])) at++;
  }

  bool in_object() const { return objects[(depth - 1) / 64] >> ((depth - 1) % 64) & 1; }

  bool enter(bool object) {
    if (depth == max_depth) return fail("nested too deep");
    const uint64_t bit = uint64_t(1) << (depth % 64);
    uint64_t &word = objects[depth / 64];
    word = object ? word | bit : word & ~bit;
    depth++;
    at++;
    skip_space();
    return true;
  }

  bool value() {
    for (;;) {
      if (at == length) return fail("ends early");
      switch (bytes[at]) {
        case '{':
          if (!enter(true)) return false;
          if (at < length && bytes[at] == '}') break;
          if (!key()) return false;
          continue;
        case '[':
          if (!enter(false)) return false;
          if (at < length && bytes[at] == ']') break;
          continue;
        case '"':
          if (!string()) return false;
          break;
        case 't':
          if (!literal("true", 4)) return false;
          break;
        case 'f':
          if (!literal("false", 5)) return false;
          break;
        case 'n':
          if (!literal("null", 4)) return false;
          break;
        default:
          if (bytes[at] != '-' && !is_digit(bytes[at])) return fail("not a value");
          if (!number()) return false;
      }
      bool another = false;
      if (!after_value(another)) return false;
      if (!another) return true;
    }
  }

  /// Closes what ends here; `another` when a comma says that a further value follows.
  bool after_value(bool &another) {
    while (depth > 0) {
      skip_space();
      if (at == length) return fail("ends early");
      if (bytes[at] == ',') {
        at++;
        skip_space();
        another = true;
        return !in_object() || key();
      }
      if (bytes[at] != (in_object() ? '}' : ']')) return fail(in_object() ? "expected , or }" : "expected , or ]");
      depth--;
      at++;
    }
    return true;
  }

  bool key() {
    if (at == length) return fail("ends early");
    if (bytes[at] != '"') return fail("expected a key");
    if (!string()) return false;
    skip_space();
    if (at == length) return fail("ends early");
    if (bytes[at] != ':') return fail("expected :");
    at++;
    skip_space();
    return true;
  }

  bool string() {
    at++;
    for (;;) {
      at = find_special(bytes, length, at);
      if (at == length) return fail("string without end");
      if (bytes[at] == '"') {
        at++;
        return true;
      }
      if (bytes[at] != '\\') return fail("control character in a string");
      if (!escape()) return false;
    }
  }

  bool escape() {
    if (length - at < 2) return fail("string without end");
    switch (bytes[at + 1]) {
      case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't':
        at += 2;
        return true;
      case 'u':
        if (length - at < 6 || hex_unit(bytes + at + 2) < 0) return fail("malformed \\u escape");
        at += 6;
        return true;
      default:
        return fail("unknown escape");
    }
  }

  bool literal(const char *text, size_t size) {
    if (length - at < size || std::memcmp(bytes + at, text, size) != 0) return fail("not a value");
    at += size;
    return true;
  }

  bool digits() {
    if (at == length || !is_digit(bytes[at])) return fail("malformed number");
    while (at < length && is_digit(bytes[at])) at++;
    return true;
  }

  bool number() {
    if (bytes[at] == '-') at++;
    if (at < length && bytes[at] == '0') {
      at++;
      if (at < length && is_digit(bytes[at])) return fail("number with a leading zero");
    } else if (!digits()) {
      return false;
    }
    if (at < length && bytes[at] == '.') {
      at++;
      if (!digits()) return false;
    }
    if (at < length && (bytes[at] | 0x20) == 'e') {
      at++;
      if (at < length && (bytes[at] == '+' || bytes[at] == '-')) at++;
      if (!digits()) return false;
    }
    return true;
  }
};

/// The offset of the first byte that is not part of well-formed UTF-8.
size_t first_ill_formed(const uint8_t *bytes, size_t length) {
  size_t at = 0;
  while (at < length) {
    const uint8_t lead = bytes[at];
    const size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (size > length - at) return at;
    if (size > 1 && !simdjson::validate_utf8(reinterpret_cast<const char *>(bytes + at), size)) return at;
    at += size;
  }
  return length;
}

/// From the byte after a string's opening quotation mark to its closing one, or `length`.
size_t skip_string(const uint8_t *bytes, size_t length, size_t at, bool &escaped) {
  for (;;) {
    at = find_special(bytes, length, at);
    if (at == length || bytes[at] == '"') return at;
    if (bytes[at] != '\\') {
      at++;
      continue;
    }
    escaped = true;
    // Escapes often stand in rows.
    while (at < length && bytes[at] == '\\') {
      at += unit_escape(bytes, length, at) >= 0 ? 6 : length - at < 2 ? length - at : 2;
    }
  }
}

size_t skip_space(const uint8_t *bytes, size_t length, size_t at) {
  while (at < length && is_space(bytes[at])) at++;
  return at;
}

inline bool ends_scalar(uint8_t byte) { return byte == ',' || byte == ']' || byte == '}' || is_space(byte); }

bool next_value(const uint8_t *bytes, size_t length, size_t &at, json_span &value) {
  json_value_scan scan{};
  value = {at, at, false};
  if (at < length && bytes[at] == '"') {
    const size_t close = skip_string(bytes, length, at + 1, value.escaped);
    if (close == length) return false;
    value.end = at = close + 1;
    return true;
  }
  const json_scan_result result = json_scan_value(&scan, bytes, length, &at);
  value.end = at;
  return result == json_scan_complete;
}

/// Moves to the next item of a container; false at its end.
bool next_item(const uint8_t *bytes, size_t length, size_t &at) {
  if (at >= length) return false;
  if (at == 0) {
    at = skip_space(bytes, length, 1);
    return at < length && bytes[at] != '}' && bytes[at] != ']';
  }
  at = skip_space(bytes, length, at);
  if (at == length || bytes[at] != ',') return false;
  at = skip_space(bytes, length, at + 1);
  return at < length;
}

inline uint8_t *put_utf8(uint32_t scalar, uint8_t *output) {
  if (scalar < 0x80) {
    *output++ = static_cast<uint8_t>(scalar);
  } else if (scalar < 0x800) {
    *output++ = static_cast<uint8_t>(0xc0 | scalar >> 6);
    *output++ = static_cast<uint8_t>(0x80 | (scalar & 0x3f));
  } else if (scalar < 0x10000) {
    *output++ = static_cast<uint8_t>(0xe0 | scalar >> 12);
    *output++ = static_cast<uint8_t>(0x80 | (scalar >> 6 & 0x3f));
    *output++ = static_cast<uint8_t>(0x80 | (scalar & 0x3f));
  } else {
    *output++ = static_cast<uint8_t>(0xf0 | scalar >> 18);
    *output++ = static_cast<uint8_t>(0x80 | (scalar >> 12 & 0x3f));
    *output++ = static_cast<uint8_t>(0x80 | (scalar >> 6 & 0x3f));
    *output++ = static_cast<uint8_t>(0x80 | (scalar & 0x3f));
  }
  return output;
}

uint8_t short_escape(uint8_t letter) {
  switch (letter) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return letter;
  }
}

}  // namespace

bool json_check(const uint8_t *bytes, size_t length, size_t max_depth, json_fault *fault) {
  Checker checker(bytes, length, max_depth);
  if (!checker.document()) {
    *fault = checker.fault;
    return false;
  }
  if (!json_valid_utf8(bytes, length)) {
    *fault = {first_ill_formed(bytes, length), "ill-formed UTF-8"};
    return false;
  }
  return true;
}

bool json_is_number(const uint8_t *bytes, size_t length) { return Checker(bytes, length, 0).whole_number(); }

bool json_next_field(const uint8_t *bytes, size_t length, size_t *cursor, json_field *field) {
  size_t at = *cursor;
  if (!next_item(bytes, length, at) || bytes[at] != '"') return false;
  field->key = {at + 1, 0, false};
  field->key.end = at = skip_string(bytes, length, at + 1, field->key.escaped);
  if (at == length) return false;
  at = skip_space(bytes, length, at + 1);
  if (at == length || bytes[at] != ':') return false;
  at = skip_space(bytes, length, at + 1);
  const bool found = next_value(bytes, length, at, field->value);
  *cursor = at;
  return found;
}

bool json_next_element(const uint8_t *bytes, size_t length, size_t *cursor, json_span *element) {
  size_t at = *cursor;
  if (!next_item(bytes, length, at)) return false;
  const bool found = next_value(bytes, length, at, *element);
  *cursor = at;
  return found;
}

size_t json_unescape(const uint8_t *bytes, size_t length, uint8_t *output, bool *exact) {
  constexpr uint32_t replacement = 0xfffd;
  uint8_t *out = output;
  size_t at = 0;
  while (at < length) {
    if (bytes[at] != '\\') {
      const void *found = std::memchr(bytes + at, '\\', length - at);
      const size_t backslash = found ? static_cast<size_t>(static_cast<const uint8_t *>(found) - bytes) : length;
      std::memcpy(out, bytes + at, backslash - at);
      out += backslash - at;
      at = backslash;
    }
    if (length - at < 2) break;
    const int unit = unit_escape(bytes, length, at);
    if (unit < 0) {
      *out++ = short_escape(bytes[at + 1]);
      at += 2;
      continue;
    }
    at += 6;
    uint32_t scalar = static_cast<uint32_t>(unit);
    if (scalar >= 0xd800 && scalar < 0xe000) {
      const int low = scalar < 0xdc00 ? unit_escape(bytes, length, at) : -1;
      if (low >= 0xdc00 && low < 0xe000) {
        scalar = 0x10000 + ((scalar - 0xd800) << 10) + (static_cast<uint32_t>(low) - 0xdc00);
        at += 6;
      } else {
        scalar = replacement;
        *exact = false;
      }
    } else if (scalar == 0) {
      scalar = replacement;
      *exact = false;
    }
    out = put_utf8(scalar, out);
  }
  return static_cast<size_t>(out - output);
}

size_t json_string_end(const uint8_t *bytes, size_t length, size_t start, bool *escaped) {
  *escaped = false;
  return skip_string(bytes, length, start, *escaped);
}

size_t json_plain_prefix(const uint8_t *bytes, size_t length) { return find_special(bytes, length, 0); }

bool json_valid_utf8(const uint8_t *bytes, size_t length) {
  return is_short_ascii(bytes, length) || simdjson::validate_utf8(reinterpret_cast<const char *>(bytes), length);
}

bool json_double(const uint8_t *bytes, size_t length, double *value) {
  const char *text = reinterpret_cast<const char *>(bytes);
  const std::from_chars_result result = std::from_chars(text, text + length, *value);
  return result.ec == std::errc() && result.ptr == text + length;
}

json_scan_result json_scan_value(json_value_scan *scan, const uint8_t *bytes, size_t length, size_t *position) {
  size_t at = *position;
  json_scan_result result = json_scan_more;
  while (at < length && result == json_scan_more) {
    if (scan->after_backslash) {
      scan->after_backslash = false;
      at++;
      continue;
    }
    if (scan->in_string) {
      at = find_special(bytes, length, at);
      if (at == length) break;
      if (bytes[at] < 0x20) {
        result = json_scan_broken;
        break;
      }
      if (bytes[at++] == '\\') {
        scan->after_backslash = true;
        continue;
      }
      scan->in_string = false;
      if (scan->depth == 0) result = json_scan_complete;
      continue;
    }
    const uint8_t byte = bytes[at];
    if (scan->is_scalar) {
      if (ends_scalar(byte)) {
        result = json_scan_complete;
        break;
      }
      at++;
      continue;
    }
    switch (byte) {
      case '"':
        scan->in_string = true;
        break;
      case '{': case '[':
        if (++scan->depth > JSON_DEPTH_CEILING) result = json_scan_broken;
        break;
      case '}': case ']':
        if (scan->depth == 0) {
          *position = at;
          return json_scan_broken;
        }
        if (--scan->depth == 0) result = json_scan_complete;
        break;
      default:
        if (!scan->started) scan->is_scalar = true;
    }
    scan->started = true;
    at++;
  }
  // A scalar's end is not seen where the bytes end with it; whoever holds the last bytes decides.
  *position = at;
  return result;
}
