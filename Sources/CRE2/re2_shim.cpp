#include "CRE2.h"

#include <cstdio>
#include <re2/re2.h>

struct re2_expression {
  RE2 expression;
};

namespace {

re2::StringPiece piece(const uint8_t *bytes, size_t length) {
  return re2::StringPiece(reinterpret_cast<const char *>(bytes), length);
}

}  // namespace

re2_expression *re2_make(const uint8_t *pattern, size_t length, int64_t memory, char *reason, size_t reason_size) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(memory);
  auto *made = new (std::nothrow) re2_expression{RE2(piece(pattern, length), options)};
  if (made != nullptr && made->expression.ok()) return made;
  std::snprintf(reason, reason_size, "%s", made == nullptr ? "out of memory" : made->expression.error().c_str());
  delete made;
  return nullptr;
}

void re2_free(re2_expression *expression) { delete expression; }

bool re2_find(
    const re2_expression *expression, const uint8_t *text, size_t length, size_t position, size_t *start, size_t *end) {
  re2::StringPiece match;
  re2::StringPiece whole = piece(text, length);
  if (!expression->expression.Match(whole, position, length, RE2::UNANCHORED, &match, 1)) return false;
  *start = static_cast<size_t>(match.data() - whole.data());
  *end = *start + match.size();
  return true;
}
