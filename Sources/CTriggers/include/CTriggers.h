/// Where a text may hold something sensitive, looked for 16 bytes at a time.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// The first place from `at` on where the search for sensitive values has to look closer, else `length`.
///
/// That is a digit, one of `@+:-_AJBb`, or a character of full width (U+FF09, U+FF0B, U+FF0D, U+FF10 to U+FF19, U+FF20)
/// that may hide one of them.
size_t next_trigger(const uint8_t *text, size_t length, size_t at);

#ifdef __cplusplus
}
#endif
