// How a session writes its answers; `session.cpp` reads their requests.

#include <algorithm>
#include <cstdio>

#include "bytes.hpp"
#include "reason_phrase.hpp"
#include "server.hpp"

namespace verbatim {
namespace {

/// What is left of an unread body up to this size is read and dropped to keep the connection.
constexpr uint64_t discard_limit = 64 << 10;

/// Whether an answer of this status has a body at all (RFC 9110, 6.4.1).
bool allows_body(int status) { return status >= 200 && status != 204 && status != 304; }

}

void Session::Pieces::drop(size_t count) {
  for (string_view *piece : {&head, &body, &tail}) {
    const size_t part = std::min(count, piece->size());
    piece->remove_prefix(part);
    count -= part;
  }
}

/// Whether the next request can be reached: a long rest of this one's body is not worth reading.
bool Session::can_keep_alive() const {
  if (phase_ == Phase::complete) return true;
  const auto &length = incoming_->reader.head().length;
  return phase_ == Phase::body && !awaits_continue_ && length &&
         *length - incoming_->body_received <= discard_limit;
}

/// Writes the head into the loop's scratch string. A negative length: chunked, or up to the connection's end.
void Session::compose_head(const cb_answer &answer, int64_t length) {
  const auto &request = incoming_->reader.head();
  keeps_alive_ = keeps_alive_ && !answer.closes && !loop_.is_draining && can_keep_alive();
  omits_body_ = request.is_head_method || !allows_body(answer.status);

  auto &head = loop_.head_scratch;
  head.clear();
  char number[32];
  head.append("HTTP/1.1 ");
  head.append(number, std::snprintf(number, sizeof number, "%03d ", answer.status));
  head.append(reason_phrase(answer.status));
  head.append("\r\nDate: ");
  append(head, loop_.date());
  head.append("\r\n");
  append(head, view(answer.fields));
  if (allows_body(answer.status)) {
    if (length >= 0) {
      head.append("Content-Length: ");
      head.append(number, std::snprintf(number, sizeof number, "%lld\r\n", static_cast<long long>(length)));
    } else if (request.version >= 11) {
      is_chunked_answer_ = true;
      head.append("Transfer-Encoding: chunked\r\n");
    } else {
      keeps_alive_ = false;
    }
  }
  if (!keeps_alive_) {
    head.append("Connection: close\r\n");
  } else if (request.version < 11) {
    head.append("Connection: keep-alive\r\n");
  }
  head.append("\r\n");
}

void Session::respond(const cb_answer &answer) {
  if (answer_ != Answer::none) return;
  answer_ = Answer::ended;
  compose_head(answer, static_cast<int64_t>(answer.body.count));
  send({loop_.head_scratch, omits_body_ ? string_view() : view(answer.body), {}});
}

void Session::start(const cb_answer &answer, int64_t length) {
  if (answer_ != Answer::none) return;
  answer_ = Answer::started;
  compose_head(answer, length);
  (is_writing_ ? out_next_ : out_).append(loop_.head_scratch);
}

void Session::write(const char *bytes, size_t count, cb_on_written callback, void *context) {
  if (answer_ != Answer::started || request_->on_written) return callback(context, false);
  request_->on_written = callback;
  request_->written_context = context;
  if (omits_body_ || count == 0) return flush();
  char size[24];
  const int digits = is_chunked_answer_ ? std::snprintf(size, sizeof size, "%zx\r\n", count) : 0;
  send({{size, static_cast<size_t>(digits)}, {bytes, count}, is_chunked_answer_ ? "\r\n" : ""});
}

void Session::finish() {
  if (answer_ != Answer::started) return;
  answer_ = Answer::ended;
  if (is_chunked_answer_ && !omits_body_) return send({"0\r\n\r\n", {}, {}});
  flush();
}

/// The peer must be able to tell a cut answer from a whole one. Where the connection's end ends the body, only a reset
/// says so.
void Session::abort() {
  const bool is_end_by_close = answer_ != Answer::none && !is_chunked_answer_ && incoming_->reader.head().version < 11;
  gone(is_end_by_close);
}

void Session::send(Pieces pieces) {
  if (is_writing_) {
    for (const auto &piece : {pieces.head, pieces.body, pieces.tail}) append(out_next_, piece);
    return;
  }
  if (out_.empty()) {
    error_code error;
    pieces.drop(write_now(pieces, error));
    if (error) return gone();
    if (pieces.size() == 0) return drained();
  }
  for (const auto &piece : {pieces.head, pieces.body, pieces.tail}) append(out_, piece);
  flush();
}

/// Writes what waits; `drained` follows.
void Session::flush() {
  if (is_writing_) return;
  if (out_used_ == out_.size()) return drained();
  is_writing_ = true;
  write_deadline_ = loop_.now + loop_.server.configuration.write_timeout;
  begin_write();
}

void Session::wrote(error_code error, size_t count) {
  if (phase_ == Phase::dead) return;
  if (error) return gone();
  loop_.refresh_clock();
  is_writing_ = false;
  out_used_ += count;
  if (has_peer_closed_) expect_within(loop_.server.configuration.half_closed_timeout);
  if (out_used_ == out_.size()) {
    out_.clear();
    out_used_ = 0;
    out_.swap(out_next_);
  }
  flush();
}

void Session::drained() {
  write_deadline_ = 0;
  Pointer self(this);
  if (request_) {
    if (const auto callback = std::exchange(request_->on_written, nullptr)) callback(request_->written_context, true);
  }
  if (answer_ == Answer::ended) end_request();
}

}
