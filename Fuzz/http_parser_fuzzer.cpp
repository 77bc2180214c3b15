// Feeds the request reader the same bytes whole and in pieces: both must come to the same end, or a proxy and this
// server could be made to see different requests. The sanitizers watch its memory meanwhile.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "../Sources/CBeast/request_reader.hpp"

using namespace verbatim;

namespace {

constexpr RequestLimits limits{1024, 20, 4096};

struct Outcome {
  enum { complete, refused, needs_more } end = needs_more;
  std::string request, body;
  size_t used = 0;
  cb_refusal refusal = cb_refusal_bad_request;
};

void append_field(std::string &text, string_view head, uint32_t offset, uint32_t count) {
  text.append(head.data() + offset, count);
  text += '|';
}

std::string describe(const RequestReader &reader) {
  const auto &head = reader.head();
  const auto bytes = reader.head_bytes();
  std::string text;
  append_field(text, bytes, head.method.offset, head.method.count);
  append_field(text, bytes, head.path.offset, head.path.count);
  append_field(text, bytes, head.query.offset, head.query.count);
  for (const auto &field : head.fields) {
    append_field(text, bytes, field.name, field.name_count);
    append_field(text, bytes, field.value, field.value_count);
  }
  return text + (head.keeps_alive ? "k" : "c") + (head.expects_continue ? "e" : "") + std::to_string(head.version);
}

/// Reads as a session does: what a step leaves is shown again with more behind it. Each step sees a block of exactly its
/// size, so that a read past the end is caught.
Outcome read(const uint8_t *bytes, size_t count, const uint8_t *cuts, size_t cut_count) {
  RequestReader reader(limits);
  Outcome outcome;
  std::string pending;
  size_t shown = 0;
  for (size_t piece = 0; shown < count; ++piece) {
    const size_t size = std::min(count - shown, cut_count ? 1 + cuts[piece % cut_count] % 23 : count);
    pending.append(reinterpret_cast<const char *>(bytes) + shown, size);
    shown += size;
    while (!pending.empty()) {
      const std::unique_ptr<char[]> block(new char[pending.size()]);
      std::memcpy(block.get(), pending.data(), pending.size());
      const auto step = reader.step(block.get(), pending.size());
      reader.keep_head();
      if (step.event == RequestReader::Event::refused) {
        outcome.end = Outcome::refused;
        outcome.refusal = step.refusal;
        return outcome;
      }
      outcome.body.append(step.body.data(), step.body.size());
      outcome.used += step.used;
      pending.erase(0, step.used);
      if (reader.is_head_complete() && reader.is_complete()) {
        outcome.end = Outcome::complete;
        outcome.request = describe(reader);
        return outcome;
      }
      if (step.event == RequestReader::Event::needs_more && step.used == 0) break;
    }
  }
  return outcome;
}

void fail(const char *what) {
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  constexpr size_t cut_count = 8;
  if (size < cut_count) return 0;
  const auto whole = read(data + cut_count, size - cut_count, nullptr, 0);
  const auto pieces = read(data + cut_count, size - cut_count, data, cut_count);
  if (whole.end != pieces.end) fail("whole and in pieces, a request ends differently");
  if (whole.end == Outcome::complete &&
      (whole.request != pieces.request || whole.body != pieces.body || whole.used != pieces.used)) {
    fail("whole and in pieces, a request is different");
  }
  if (whole.body.size() > limits.body) fail("a body passed its limit");
  return 0;
}
