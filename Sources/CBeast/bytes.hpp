#pragma once
#include <string>

#include "boost.hpp"
#include "include/CBeast.h"

namespace verbatim {

inline cb_slice slice(string_view bytes) { return {reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()}; }

inline string_view view(cb_slice slice) { return {reinterpret_cast<const char *>(slice.bytes), slice.count}; }

inline void append(std::string &to, string_view bytes) { to.append(bytes.data(), bytes.size()); }

}
