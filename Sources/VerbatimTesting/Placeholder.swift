// Filled with its first files.
