import CMalloc

/// How the process's memory is kept.
enum Memory {
  /// Gives what large bodies took back to the system when they are done. Left alone, the C library raises the size from
  /// which blocks are mapped by themselves to that of the largest ever freed, up to 32 MB, keeps such blocks in an arena
  /// for each thread, and returns little of them.
  static func returnLargeBlocks() {
    mallopt(M_MMAP_THRESHOLD, 1 << 20)
    mallopt(M_TRIM_THRESHOLD, 1 << 20)
    mallopt(M_ARENA_MAX, 4)
  }
}
