#!/bin/bash
# Builds the example of a program that embeds the store, runs it on a history of its own, and compares what it prints.
set -euo pipefail
cd "$(dirname "$0")/.."

example=Examples/Embedding
build=.build/embedding
${SWIFT:-swift} build --package-path "$example" --scratch-path "$build"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$build/debug/Embedding" "sqlite:$folder/history.db" | diff "$example/expected.txt" -
echo "embedding: prints what $example/expected.txt says"
