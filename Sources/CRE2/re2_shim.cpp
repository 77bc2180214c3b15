#include "CRE2.h"

#include <array>
#include <cstdio>
#include <re2/filtered_re2.h>
#include <re2/re2.h>
#include <string>
#include <vector>

namespace {

re2::StringPiece piece(const uint8_t *bytes, size_t length) {
  return re2::StringPiece(reinterpret_cast<const char *>(bytes), length);
}

uint8_t lowered(uint8_t byte) { return byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte; }

/// Short texts of which some must stand in all that an expression matches, whatever their case. Looking for them is
/// faster than searching for the expression where nothing matches.
class Filter {
 public:
  re2::FilteredRE2 expressions{1};

  void prepare() {
    expressions.Compile(&atoms);
    if (!are_usable()) return atoms.clear();
    for (size_t index = 0; index < atoms.size(); index++) {
      const uint8_t first = static_cast<uint8_t>(atoms[index][0]);
      beginning[first] |= uint64_t{1} << index;
      if (first >= 'a' && first <= 'z') beginning[first & ~0x20] |= uint64_t{1} << index;
    }
  }

  bool may_match(const uint8_t *text, size_t length) const {
    if (atoms.empty()) return true;
    uint64_t missing = ~uint64_t{0};
    std::vector<int> found;
    for (size_t at = 0; at < length; at++) {
      for (uint64_t here = beginning[text[at]] & missing; here != 0; here &= here - 1) {
        const int index = __builtin_ctzll(here);
        if (!is_there(atoms[index], text + at, length - at)) continue;
        missing &= ~(uint64_t{1} << index);
        found.push_back(index);
        if (is_enough(found)) return true;
      }
    }
    return false;
  }

 private:
  /// Lowered; none where they cannot be used.
  std::vector<std::string> atoms;
  /// Those that begin with a byte, a bit each.
  std::array<uint64_t, 256> beginning{};

  bool is_enough(const std::vector<int> &found) const {
    std::vector<int> possible;
    expressions.AllPotentials(found, &possible);
    return !possible.empty();
  }

  /// Not where something may match without any, nor where RE2 lowers more than ASCII: other letters, and, where flags may
  /// ask for any case, k and s, which have a form beyond ASCII each. Long ones would make the time more than linear.
  bool are_usable() const {
    if (atoms.empty() || atoms.size() > 64 || is_enough({})) return false;
    const bool has_flags = expressions.GetRE2(0).pattern().find("(?") != std::string::npos;
    for (const std::string &atom : atoms) {
      if (atom.empty() || atom.size() > 64) return false;
      for (const char letter : atom) {
        if (static_cast<uint8_t>(letter) >= 0x80 || (has_flags && (letter == 'k' || letter == 's'))) return false;
      }
    }
    return true;
  }

  static bool is_there(const std::string &atom, const uint8_t *text, size_t length) {
    if (atom.size() > length) return false;
    for (size_t at = 0; at < atom.size(); at++) {
      if (lowered(text[at]) != static_cast<uint8_t>(atom[at])) return false;
    }
    return true;
  }
};

}  // namespace

struct re2_expression {
  Filter filter;
};

re2_expression *re2_make(const uint8_t *pattern, size_t length, int64_t memory, char *reason, size_t reason_size) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(memory);
  auto *made = new (std::nothrow) re2_expression;
  int id = 0;
  if (made != nullptr && made->filter.expressions.Add(piece(pattern, length), options, &id) == RE2::NoError) {
    made->filter.prepare();
    return made;
  }
  const std::string fault = made == nullptr ? "out of memory" : RE2(piece(pattern, length), options).error();
  std::snprintf(reason, reason_size, "%s", fault.c_str());
  delete made;
  return nullptr;
}

void re2_free(re2_expression *expression) { delete expression; }

bool re2_find(
    const re2_expression *expression, const uint8_t *text, size_t length, size_t position, size_t *start, size_t *end) {
  // What is there stays there: once a text was let through, it is searched to its end.
  if (position == 0 && !expression->filter.may_match(text, length)) return false;
  re2::StringPiece match;
  re2::StringPiece whole = piece(text, length);
  const RE2 &re2 = expression->filter.expressions.GetRE2(0);
  if (!re2.Match(whole, position, length, RE2::UNANCHORED, &match, 1)) return false;
  *start = static_cast<size_t>(match.data() - whole.data());
  *end = *start + match.size();
  return true;
}
