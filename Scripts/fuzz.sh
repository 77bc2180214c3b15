#!/bin/bash
# Builds each libFuzzer target in Fuzz/ and runs it on its corpus, FUZZ_SECONDS each (60). What it finds is left as
# crash-* in .build/fuzz; new inputs stay there too, so that the corpus in the repository changes only on purpose.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p .build/fuzz

for target in Fuzz/*_fuzzer.cpp; do
  name=$(basename "$target" .cpp)
  echo "fuzz: $name"
  # The first line that begins with "// build:" names what the target needs beside itself.
  read -ra needs <<< "$(sed -n 's|^// build: ||p' "$target" | head -n 1)"
  clang++-14 -std=c++17 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
    "$target" "${needs[@]}" -o ".build/fuzz/$name"
  mkdir -p ".build/fuzz/$name-found"
  corpus=(Fuzz/corpus/"${name%_fuzzer}"*)
  ".build/fuzz/$name" -max_total_time="${FUZZ_SECONDS:-60}" -timeout=10 -artifact_prefix=.build/fuzz/ \
    ".build/fuzz/$name-found" "${corpus[@]}"
done
