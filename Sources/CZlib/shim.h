#pragma once
#include <zlib.h>

// inflateInit2 is a macro. 15 for the largest window, 16 for a gzip header and trailer.
static inline int zlib_gunzip_init(z_stream *stream) { return inflateInit2(stream, 15 + 16); }

// The same for compressing.
static inline int zlib_gzip_init(z_stream *stream, int level) {
  return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}
