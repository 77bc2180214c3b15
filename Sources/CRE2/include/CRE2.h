/// RE2 with a plain C interface: regular expressions that are searched in time linear in the text, whatever they are.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct re2_expression re2_expression;

/// A UTF-8 expression in RE2's syntax that may take about `memory` bytes; NULL with a reason, cut at `reason_size`, where
/// it is none or takes more.
re2_expression *re2_make(const uint8_t *pattern, size_t length, int64_t memory, char *reason, size_t reason_size);

void re2_free(re2_expression *expression);

/// The leftmost match from `position` on, as its place in the whole text; what stands before counts for `^` and `\b`.
bool re2_find(
    const re2_expression *expression, const uint8_t *text, size_t length, size_t position, size_t *start, size_t *end);

#ifdef __cplusplus
}
#endif
