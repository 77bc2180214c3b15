// libFuzzer target for the JSON check and the walks over it.

#include "CSimdjson.h"

#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

namespace {

void expect(bool condition) {
  if (!condition) std::abort();
}

void unescape(const uint8_t *bytes, const json_span &inside, bool checked) {
  const size_t length = inside.end - inside.start;
  // Exactly the promised room, so that the address sanitizer sees one byte too many.
  std::unique_ptr<uint8_t[]> output(new uint8_t[length]);
  bool exact = true;
  const size_t written = json_unescape(bytes + inside.start, length, output.get(), &exact);
  expect(written <= length);
  if (!checked) return;
  expect(json_valid_utf8(output.get(), written));
  expect(std::memchr(output.get(), 0, written) == nullptr);
}

/// Walks everything below a value; in a checked document every value it meets passes the check by itself.
void walk(const uint8_t *bytes, size_t length, bool checked, int depth) {
  if (length == 0 || depth > 64) return;
  if (checked) {
    json_fault fault;
    expect(json_check(bytes, length, JSON_DEPTH_CEILING, &fault));
  }
  size_t cursor = 0;
  if (bytes[0] == '{') {
    json_field field;
    while (json_next_field(bytes, length, &cursor, &field)) {
      expect(field.key.start <= field.key.end && field.key.end < field.value.start);
      expect(field.value.start <= field.value.end && field.value.end <= length);
      unescape(bytes, field.key, checked);
      walk(bytes + field.value.start, field.value.end - field.value.start, checked, depth + 1);
    }
    if (checked) expect(bytes[length - 1] == '}');
  } else if (bytes[0] == '[') {
    json_span element;
    while (json_next_element(bytes, length, &cursor, &element)) {
      expect(element.start <= element.end && element.end <= length);
      walk(bytes + element.start, element.end - element.start, checked, depth + 1);
    }
  } else if (bytes[0] == '"' && length >= 2) {
    unescape(bytes, {1, length - 1, true}, checked);
  } else {
    double value;
    json_double(bytes, length, &value);
    json_is_number(bytes, length);
  }
}

/// A scan in two pieces ends where the scan of the whole does.
void scan(const uint8_t *bytes, size_t length) {
  json_value_scan whole{};
  size_t end = 0;
  const json_scan_result result = json_scan_value(&whole, bytes, length, &end);
  expect(end <= length);
  const size_t cut = length / 2;
  json_value_scan pieces{};
  size_t position = 0;
  json_scan_result second = json_scan_value(&pieces, bytes, cut, &position);
  if (second == json_scan_more) {
    expect(position == cut);
    second = json_scan_value(&pieces, bytes, length, &position);
  }
  expect(second == result && position == end);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  // A copy of exactly this size, so that the address sanitizer sees one byte too many.
  const std::vector<uint8_t> copy(data, data + size);
  json_fault fault{0, nullptr};
  const bool checked = json_check(copy.data(), size, 512, &fault);
  if (!checked) expect(fault.offset <= size && fault.reason != nullptr);
  size_t start = 0;
  size_t end = size;
  const auto is_space = [&](size_t at) { return std::memchr(" \t\r\n", copy[at], 4) != nullptr; };
  while (start < end && is_space(start)) start++;
  while (end > start && is_space(end - 1)) end--;
  walk(copy.data() + start, end - start, checked, 0);
  scan(copy.data(), size);
  return 0;
}
