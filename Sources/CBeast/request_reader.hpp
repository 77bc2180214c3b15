#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "boost.hpp"
#include "head_scanner.hpp"
#include "include/CBeast.h"

namespace verbatim {

struct RequestLimits {
  size_t head, fields;
  uint64_t body;
};

/// Where a part of the head lies.
struct Extent {
  uint32_t offset = 0, count = 0;
};

/// What a request's head says.
struct RequestHead {
  Extent method, path, query;
  std::vector<cb_field> fields;
  /// An absolute target without a path.
  bool is_path_root = false;
  bool has_query = false;
  bool is_head_method = false;
  bool keeps_alive = false;
  bool expects_continue = false;
  int version = 11;
  /// Nothing for a chunked body.
  std::optional<uint64_t> length = 0;
};

/// Beast's parser with what it lets through and this server refuses.
///
/// Beast checks syntax, limits, and that Content-Length and Transfer-Encoding do not come together. It accepts equal or
/// listed repetitions of Content-Length, ignores codings that it does not know (the body would be read as the next
/// request), takes chunked in HTTP/1.0, and shows trailers as fields.
class PolicyParser final : public http::basic_parser<true> {
 public:
  PolicyParser(RequestHead &head, const RequestLimits &limits);

  /// The parser's input begins here; fields are kept as offsets from it.
  const char *base = nullptr;
  /// The body's bytes found by the last `put`.
  string_view part;
  /// What is to come of the chunk in hand.
  uint64_t chunk_left = 0;
  bool is_head_complete = false;
  bool is_complete = false;
  std::optional<cb_refusal> refusal;

 private:
  void on_request_impl(http::verb, string_view, string_view, int, error_code &) override;
  void on_response_impl(int, string_view, int, error_code &) override {}
  void on_field_impl(http::field, string_view, string_view, error_code &) override;
  void on_header_impl(error_code &) override;
  void on_body_init_impl(const boost::optional<uint64_t> &, error_code &) override {}
  size_t on_body_impl(string_view, error_code &) override;
  void on_chunk_header_impl(uint64_t, string_view, error_code &) override;
  size_t on_chunk_body_impl(uint64_t, string_view, error_code &) override;
  void on_finish_impl(error_code &) override;

  void refuse(cb_refusal, error_code &);
  Extent extent(string_view) const;
  bool split_target(string_view target, http::verb);

  RequestHead &head_;
  const size_t field_limit_;
  unsigned hosts_ = 0, lengths_ = 0, codings_ = 0;
};

/// Reads one request from bytes as they arrive.
class RequestReader {
 public:
  enum class Event { needs_more, head, body, refused };

  struct Step {
    Event event;
    size_t used = 0;
    string_view body = {};
    cb_refusal refusal = cb_refusal_bad_request;
  };

  explicit RequestReader(const RequestLimits &limits) : limits_(limits) { parser_.emplace(head_, limits_); }

  /// Takes one thing (the head, a part of the body) from the bytes. What it did not use is to be shown again, with more
  /// behind it.
  Step step(const char *bytes, size_t count);
  /// The request is read to its end.
  bool is_complete() const { return parser_->is_complete; }
  bool is_head_complete() const { return parser_->is_head_complete; }
  const RequestHead &head() const { return head_; }
  /// The head's bytes: the caller's until `keep_head`.
  string_view head_bytes() const { return head_bytes_; }
  void keep_head();
  void reset();

 private:
  Step read_head(const char *bytes, size_t count);
  Step read_body(const char *bytes, size_t count);
  std::optional<size_t> chunk_line_length(string_view bytes) const;
  Step refused(cb_refusal refusal) const { return {Event::refused, 0, {}, refusal}; }
  cb_refusal refusal_of(error_code error) const;

  const RequestLimits limits_;
  RequestHead head_;
  std::optional<PolicyParser> parser_;
  HeadScanner scanner_;
  string_view head_bytes_;
  std::string kept_head_;
  bool has_skipped_line_ = false, has_read_chunk_line_ = false;
  uint64_t body_bytes_ = 0, framing_bytes_ = 0;
};

}
