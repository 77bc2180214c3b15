#include "request_reader.hpp"

#include <algorithm>
#include <cstring>

namespace verbatim {
namespace {

/// A chunk's line with its extensions, with the trailers for the last one.
constexpr size_t chunk_line_limit = 4096;
/// Framing may outweigh the body by so much: clients do send one byte a chunk, but not a book of extensions with it.
constexpr uint64_t framing_allowance = 16 << 10, framing_per_body_byte = 16;

bool is_digit(char character) { return character >= '0' && character <= '9'; }

bool is_all_digits(string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_digit); }

bool is_host_character(char character) {
  return is_digit(character) || (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
         (character != 0 && std::strchr("-._~%!$&'()*+;=", character));
}

/// `uri-host [ ":" port ]` (RFC 9110, 7.2); no user, no comma, which is how two hosts look when a proxy joined them.
bool is_host(string_view text) {
  size_t end;
  if (!text.empty() && text[0] == '[') {
    end = text.find(']');
    if (end == string_view::npos || end < 3) return false;
    const auto address = text.substr(1, end - 1);
    if (address.find_first_not_of("0123456789abcdefABCDEF:.vV") != string_view::npos) return false;
    end += 1;
  } else {
    end = std::find_if_not(text.begin(), text.end(), is_host_character) - text.begin();
  }
  if (end == text.size()) return true;
  const auto port = text.substr(end + 1);
  return text[end] == ':' && port.size() <= 5 && std::all_of(port.begin(), port.end(), is_digit);
}

/// Whether the first line ends as `HTTP/1.1` would, but with other numbers.
bool names_other_version(string_view head) {
  const auto line = head.substr(0, head.find('\r'));
  if (line.size() < 9) return false;
  const auto version = line.substr(line.size() - 9);
  return version.starts_with(" HTTP/") && is_digit(version[6]) && version[7] == '.' && is_digit(version[8]) &&
         version != " HTTP/1.1" && version != " HTTP/1.0";
}

/// Whether a chunk's line, its size and extensions, is that of the last one.
bool is_last_chunk(string_view line) {
  const auto size = line.substr(0, line.find_first_of("; \t"));
  return !size.empty() && size.find_first_not_of('0') == string_view::npos;
}

}

PolicyParser::PolicyParser(RequestHead &head, const RequestLimits &limits) : head_(head), field_limit_(limits.fields) {
  // The scanner has already held the head to its limit.
  header_limit(UINT32_MAX);
  body_limit(limits.body);
}

void PolicyParser::refuse(cb_refusal reason, error_code &error) {
  refusal = reason;
  error = http::error::bad_value;
}

Extent PolicyParser::extent(string_view text) const {
  if (text.empty()) return {};  // Beast's empty values point nowhere
  return {static_cast<uint32_t>(text.data() - base), static_cast<uint32_t>(text.size())};
}

/// Origin-form, absolute-form, or `*` for OPTIONS.
bool PolicyParser::split_target(string_view target, http::verb method) {
  if (target == "*" && method == http::verb::options) {
    head_.path = extent(target);
    return true;
  }
  if (target.find('#') != string_view::npos) return false;
  if (target[0] != '/') {
    size_t scheme = 0;
    for (const char *name : {"http://", "https://"}) {
      const size_t count = std::strlen(name);
      if (target.size() > count && boost::beast::iequals(target.substr(0, count), name)) scheme = count;
    }
    if (scheme == 0) return false;
    target.remove_prefix(scheme);
    const size_t end = std::min(target.find_first_of("/?"), target.size());
    if (end == 0 || !is_host(target.substr(0, end))) return false;
    target.remove_prefix(end);
    head_.is_path_root = target.empty() || target[0] != '/';
  }
  const size_t mark = target.find('?');
  head_.path = extent(target.substr(0, mark));
  head_.has_query = mark != string_view::npos;
  if (head_.has_query) head_.query = extent(target.substr(mark + 1));
  return true;
}

void PolicyParser::on_request_impl(http::verb verb, string_view method, string_view target, int version,
                                   error_code &error) {
  head_.version = version;
  head_.method = extent(method);
  head_.is_head_method = verb == http::verb::head;
  if (!split_target(target, verb)) refuse(cb_refusal_bad_target, error);
}

void PolicyParser::on_field_impl(http::field field, string_view name, string_view value, error_code &error) {
  if (is_head_complete) return;  // a trailer must never pass for a field
  if (head_.fields.size() >= field_limit_) return refuse(cb_refusal_too_many_fields, error);
  switch (field) {
    case http::field::host:
      if (hosts_++ || !is_host(value)) return refuse(cb_refusal_bad_host, error);
      break;
    case http::field::content_length:
      if (lengths_++ || !is_all_digits(value)) return refuse(cb_refusal_bad_framing, error);
      break;
    case http::field::transfer_encoding:
      if (codings_++ || head_.version < 11) return refuse(cb_refusal_bad_framing, error);
      if (!boost::beast::iequals(value, "chunked")) return refuse(cb_refusal_unsupported_coding, error);
      break;
    case http::field::expect:
      if (!boost::beast::iequals(value, "100-continue")) return refuse(cb_refusal_unsupported_expectation, error);
      head_.expects_continue = head_.version >= 11;
      break;
    default:
      break;
  }
  const Extent name_at = extent(name), value_at = extent(value);
  head_.fields.push_back({name_at.offset, name_at.count, value_at.offset, value_at.count});
}

void PolicyParser::on_header_impl(error_code &error) {
  is_head_complete = true;
  if (head_.version >= 11 && hosts_ == 0) return refuse(cb_refusal_bad_host, error);
  // Asked for now, since a trailer may still change Beast's mind.
  head_.keeps_alive = keep_alive();
  if (chunked()) {
    head_.length.reset();
  } else {
    const auto length = content_length();
    head_.length = length ? *length : 0;
  }
}

size_t PolicyParser::on_body_impl(string_view bytes, error_code &) {
  part = bytes;
  return bytes.size();
}

void PolicyParser::on_chunk_header_impl(uint64_t size, string_view, error_code &) { chunk_left = size; }

size_t PolicyParser::on_chunk_body_impl(uint64_t, string_view bytes, error_code &) {
  part = bytes;
  chunk_left -= bytes.size();
  return bytes.size();
}

void PolicyParser::on_finish_impl(error_code &) { is_complete = true; }

RequestReader::Step RequestReader::step(const char *bytes, size_t count) {
  return parser_->is_head_complete ? read_body(bytes, count) : read_head(bytes, count);
}

RequestReader::Step RequestReader::read_head(const char *bytes, size_t count) {
  // One empty line before a request is forgiven (RFC 9112, 2.2).
  if (!has_skipped_line_ && scanner_.length() == 0 && bytes[0] == '\r') {
    if (count < 2) return {Event::needs_more};
    if (bytes[1] != '\n') return refused(cb_refusal_bad_request);
    has_skipped_line_ = true;
    return {Event::needs_more, 2};
  }
  const auto result = scanner_.scan(bytes, std::min(count, limits_.head));
  if (result == HeadScanner::Result::malformed) return refused(cb_refusal_bad_request);
  if (result == HeadScanner::Result::needs_more) {
    return count >= limits_.head ? refused(cb_refusal_head_too_large) : Step{Event::needs_more};
  }
  head_bytes_ = {bytes, scanner_.length()};
  parser_->base = bytes;
  error_code error;
  const size_t used = parser_->put({bytes, scanner_.length()}, error);
  if (error) return refused(refusal_of(error));
  if (!parser_->is_head_complete || used != scanner_.length()) return refused(cb_refusal_bad_request);
  return {Event::head, used};
}

RequestReader::Step RequestReader::read_body(const char *bytes, size_t count) {
  const bool is_chunk_line = parser_->chunked() && parser_->chunk_left == 0;
  if (is_chunk_line) {
    const auto length = chunk_line_length({bytes, count});
    if (!length) return refused(cb_refusal_bad_framing);
    if (*length == 0) return {Event::needs_more};
    count = *length;
    has_read_chunk_line_ = true;
  }
  parser_->part = {};
  error_code error;
  const size_t used = parser_->put({bytes, count}, error);
  if (error) return refused(refusal_of(error));
  const size_t framing = used - parser_->part.size();
  body_bytes_ += parser_->part.size();
  framing_bytes_ += framing;
  if (framing_bytes_ > framing_allowance + framing_per_body_byte * body_bytes_) return refused(cb_refusal_bad_framing);
  return {Event::body, used, parser_->part};
}

/// The length of a chunk's line, with the end of the chunk before it and the trailers behind the last one. 0: not all is
/// there yet. Nothing: no such line.
///
/// Beast is shown whole lines alone: an extension's quoted string that runs over the line's end is otherwise refused or
/// waited for, depending on where the packets are cut.
std::optional<size_t> RequestReader::chunk_line_length(string_view bytes) const {
  const size_t start = has_read_chunk_line_ ? 2 : 0;
  if (bytes.size() < start) return 0;
  const auto rest = bytes.substr(start, chunk_line_limit);
  const auto not_all_there = rest.size() == chunk_line_limit ? std::nullopt : std::optional<size_t>(0);
  const size_t end = rest.find('\r');
  const auto line = rest.substr(0, end);
  if (std::any_of(line.begin(), line.end(), [](char c) { return (c >= 0 && c < ' ' && c != '\t'); })) {
    return std::nullopt;
  }
  if (end == string_view::npos || end + 1 == rest.size()) return not_all_there;
  if (rest[end + 1] != '\n') return std::nullopt;
  if (!is_last_chunk(line)) return start + end + 2;
  HeadScanner trailers;
  switch (trailers.scan(rest.data(), rest.size())) {
    case HeadScanner::Result::malformed: return std::nullopt;
    case HeadScanner::Result::needs_more: return not_all_there;
    case HeadScanner::Result::complete: return start + trailers.length();
  }
  return std::nullopt;
}

cb_refusal RequestReader::refusal_of(error_code error) const {
  if (parser_->refusal) return *parser_->refusal;
  if (error == http::error::body_limit) return cb_refusal_body_too_large;
  if (error == http::error::bad_version && names_other_version(head_bytes_)) return cb_refusal_unsupported_version;
  if (error == http::error::bad_content_length || error == http::error::multiple_content_length ||
      error == http::error::bad_transfer_encoding || error == http::error::bad_chunk ||
      error == http::error::bad_chunk_extension || error == http::error::need_more) {
    return cb_refusal_bad_framing;
  }
  if (error == http::error::bad_target) return cb_refusal_bad_target;
  return cb_refusal_bad_request;
}

void RequestReader::keep_head() {
  if (!parser_->is_head_complete || head_bytes_.data() == kept_head_.data()) return;
  kept_head_.assign(head_bytes_.data(), head_bytes_.size());
  head_bytes_ = kept_head_;
}

void RequestReader::reset() {
  auto fields = std::move(head_.fields);
  fields.clear();
  head_ = RequestHead();
  head_.fields = std::move(fields);
  parser_.emplace(head_, limits_);
  scanner_ = HeadScanner();
  head_bytes_ = {};
  has_skipped_line_ = has_read_chunk_line_ = false;
  body_bytes_ = framing_bytes_ = 0;
}

}
