#include "CTriggers.h"

#include <stdbool.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum { full_width_lead = 0xef };

static bool is_plain_trigger(uint8_t byte) {
  switch (byte) {
    case '@': case '+': case ':': case '-': case '_': case 'A': case 'J': case 'B': case 'b': return true;
    default: return byte >= '0' && byte <= '9';
  }
}

/// Most of what begins with that byte is punctuation, which stands everywhere in Chinese text.
static bool may_hide(const uint8_t *text, size_t length, size_t at) {
  if (length - at < 3 || text[at + 1] != 0xbc) return false;
  const uint8_t last = text[at + 2];
  return (last >= 0x90 && last <= 0x99) || last == 0x89 || last == 0x8b || last == 0x8d || last == 0xa0;
}

#if defined(__SSE2__)
static __m128i equal(__m128i block, char byte) { return _mm_cmpeq_epi8(block, _mm_set1_epi8(byte)); }

/// All ones where a byte is from `first` to `first + span`.
static __m128i within(__m128i block, char first, char span) {
  const __m128i offset = _mm_sub_epi8(block, _mm_set1_epi8(first));
  return _mm_cmpeq_epi8(_mm_min_epu8(offset, _mm_set1_epi8(span)), offset);
}

/// A bit for each of 16 bytes that is a trigger or begins a character of full width.
static unsigned trigger_bits(const uint8_t *bytes) {
  const __m128i block = _mm_loadu_si128((const __m128i *)bytes);
  __m128i found = _mm_or_si128(within(block, '0', 10), within(block, '@', 2));
  found = _mm_or_si128(found, _mm_or_si128(equal(block, '+'), equal(block, '-')));
  found = _mm_or_si128(found, _mm_or_si128(equal(block, '_'), equal(block, 'J')));
  found = _mm_or_si128(found, _mm_or_si128(equal(block, 'b'), equal(block, (char)full_width_lead)));
  return (unsigned)_mm_movemask_epi8(found);
}
#endif

size_t next_trigger(const uint8_t *text, size_t length, size_t at) {
#if defined(__SSE2__)
  for (; at < length && length - at >= 16; at += 16) {
    for (unsigned found = trigger_bits(text + at); found != 0; found &= found - 1) {
      const size_t place = at + (size_t)__builtin_ctz(found);
      if (text[place] != full_width_lead || may_hide(text, length, place)) return place;
    }
  }
#endif
  for (; at < length; at++) {
    if (text[at] == full_width_lead ? may_hide(text, length, at) : is_plain_trigger(text[at])) return at;
  }
  return length;
}
