#pragma once
#include <libpq-fe.h>
#include <sys/eventfd.h>

// Swift's Glibc module leaves eventfd out.

/// A descriptor that `write` of eight bytes makes readable; -1 with errno when there is none to be had.
static inline int cpostgres_event_descriptor(void) {
  return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}
