#include "session.hpp"

#include <algorithm>
#include <cstdio>

#include "reason_phrase.hpp"
#include "server.hpp"

namespace verbatim {
namespace {

/// Pipelined bytes kept while an answer is awaited; beyond, the peer waits.
constexpr size_t pipeline_limit = 64 << 10;
/// What is left of an unread body up to this size is read and dropped to keep the connection.
constexpr uint64_t discard_limit = 64 << 10;

void release_memory(std::string &bytes) { std::string().swap(bytes); }

cb_slice slice(string_view bytes) { return {reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()}; }

string_view view(cb_slice slice) { return {reinterpret_cast<const char *>(slice.bytes), slice.count}; }

void append(std::string &to, string_view bytes) { to.append(bytes.data(), bytes.size()); }

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

Session::Session(Loop &loop, std::string peer) : loop_(loop), peer_(std::move(peer)) {}

// MARK: reading

bool Session::wants_bytes() const {
  switch (phase_) {
    case Phase::idle:
    case Phase::head:
      return true;
    case Phase::body:
      return incoming_->paused_at == 0;
    case Phase::complete:
      // Read on although nothing is needed: this is how a peer that leaves is noticed.
      return !has_peer_closed_ && pending_.size() <= pipeline_limit;
    case Phase::broken:
    case Phase::lingering:
      return !has_peer_closed_;
    case Phase::handshake:
    case Phase::dead:
      return false;
  }
  return false;
}

void Session::arm_read() {
  if (is_reading_ || !wants_bytes()) return;
  is_reading_ = true;
  begin_read();
}

void Session::took(const char *bytes, size_t count) {
  if (phase_ == Phase::broken || phase_ == Phase::lingering || phase_ == Phase::dead) return;
  if (phase_ == Phase::complete) {
    pending_.append(bytes, count);
    return;
  }
  Pointer self(this);
  if (!pending_.empty()) {
    pending_.append(bytes, count);
    return consume_pending();
  }
  const size_t used = consume(bytes, count);
  if (used < count) pending_.assign(bytes + used, count - used);
}

void Session::consume_pending() {
  const size_t used = consume(pending_.data(), pending_.size());
  if (used >= pending_.size()) {
    release_memory(pending_);
  } else {
    pending_.erase(0, used);
  }
}

/// Reads what is wanted of the bytes and gives how many were used.
size_t Session::consume(const char *bytes, size_t count) {
  size_t used = 0;
  while (used < count && (phase_ == Phase::idle || phase_ == Phase::head || phase_ == Phase::body)) {
    if (phase_ == Phase::idle) begin_request();
    const auto step = incoming_->reader.step(bytes + used, count - used);
    used += step.used;
    if (step.event == RequestReader::Event::needs_more) {
      if (step.used == 0) break;
    } else if (step.event == RequestReader::Event::head) {
      took_head(used < count);
    } else if (step.event == RequestReader::Event::body) {
      took_body(step.body);
    } else {
      refuse(step.refusal);
    }
  }
  if (phase_ == Phase::body && !has_dispatched_) {
    if (wants_stream_) {
      dispatch(incoming_->body);
    } else {
      incoming_->reader.keep_head();
    }
  }
  // Nothing is kept of what follows a request that ends the connection.
  return phase_ == Phase::broken || phase_ == Phase::lingering || phase_ == Phase::dead ? count : used;
}

void Session::begin_request() {
  phase_ = Phase::head;
  incoming_ = loop_.take_incoming();
  expect_within(loop_.server.configuration.head_timeout);
}

void Session::took_head(bool is_more_there) {
  const auto &head = incoming_->reader.head();
  keeps_alive_ = head.keeps_alive;
  if (incoming_->reader.is_complete()) {
    phase_ = Phase::complete;
    return dispatch({});
  }
  phase_ = Phase::body;
  incoming_->body_started = loop_.now;
  awaits_continue_ = head.expects_continue && !is_more_there;
  wants_stream_ = awaits_continue_ || (head.length && *head.length > loop_.server.configuration.small_body_limit);
  refresh_body_deadline();
}

void Session::took_body(string_view part) {
  auto &incoming = *incoming_;
  const bool is_last = incoming.reader.is_complete();
  incoming.body_received += part.size();
  if (!part.empty()) awaits_continue_ = false;
  if (is_last) {
    if (is_discarding()) return become_idle();
    phase_ = Phase::complete;
    read_deadline_ = 0;
  } else {
    refresh_body_deadline();
  }
  if (has_dispatched_) {
    if (request_) deliver(part);
  } else if (is_last && incoming.body.empty()) {
    dispatch(part);
  } else {
    append(incoming.body, part);
    if (is_last) return dispatch(incoming.body);
    if (incoming.body.size() > loop_.server.configuration.small_body_limit) wants_stream_ = true;
  }
}

/// Gives a part to the application that waits for it, or keeps it until it does.
void Session::deliver(string_view part) {
  const bool is_last = phase_ == Phase::complete;
  auto &body = incoming_->body;
  if (request_->on_part && body.empty() && (is_last || !part.empty())) {
    const auto callback = std::exchange(request_->on_part, nullptr);
    callback(request_->part_context, is_last ? cb_body_last_part : cb_body_part, slice(part).bytes, part.size());
    return;
  }
  append(body, part);
  if (!is_last && body.size() >= loop_.server.configuration.body_buffer_limit && incoming_->paused_at == 0) {
    incoming_->paused_at = loop_.now;
    refresh_body_deadline();
  }
}

void Session::read(cb_on_part callback, void *context) {
  if (request_->on_part) return callback(context, cb_body_cancelled, nullptr, 0);
  if (body_error_ != cb_body_part) return callback(context, body_error_, nullptr, 0);
  auto &body = incoming_->body;
  if (!body.empty() || phase_ == Phase::complete) {
    callback(context, phase_ == Phase::complete ? cb_body_last_part : cb_body_part, slice(body).bytes, body.size());
    body.clear();
    resume_body();
    return;
  }
  request_->on_part = callback;
  request_->part_context = context;
  if (awaits_continue_) {
    awaits_continue_ = false;
    incoming_->body_started = loop_.now;
    refresh_body_deadline();
    if (answer_ == Answer::none) send({"HTTP/1.1 100 Continue\r\n\r\n", {}, {}});
  }
}

void Session::cancel_read() {
  if (const auto callback = std::exchange(request_->on_part, nullptr)) {
    callback(request_->part_context, cb_body_cancelled, nullptr, 0);
  }
}

/// The body's clock stands still while the application is the slow one.
void Session::resume_body() {
  if (phase_ != Phase::body || incoming_->paused_at == 0) return;
  incoming_->body_started += loop_.now - incoming_->paused_at;
  incoming_->paused_at = 0;
  refresh_body_deadline();
  arm_read();
}

/// A body must keep up its rate on the whole, and may never stand still for longer than the time-out.
void Session::refresh_body_deadline() {
  const auto &configuration = loop_.server.configuration;
  if (awaits_continue_ || incoming_->paused_at != 0) {
    read_deadline_ = 0;
    return;
  }
  const uint64_t earned = incoming_->body_received * 1000 / configuration.minimum_body_rate;
  read_deadline_ = std::min(incoming_->body_started + earned, loop_.now) + configuration.body_timeout;
}

/// The peer sends no more, but may still read: it has a moment to take the answer of a request that it sent whole.
void Session::peer_closed() {
  if ((phase_ != Phase::complete && phase_ != Phase::broken) || has_peer_closed_) return gone();
  has_peer_closed_ = true;
  expect_within(loop_.server.configuration.half_closed_timeout);
}

// MARK: the application

void Session::dispatch(string_view body) {
  const auto &reader = incoming_->reader;
  const auto &head = reader.head();
  const auto text = reader.head_bytes();
  const auto part = [&](Extent extent) { return slice(text.substr(extent.offset, extent.count)); };
  cb_head given{};
  given.method = part(head.method);
  given.path = head.is_path_root ? slice("/") : part(head.path);
  if (head.has_query) given.query = part(head.query);
  given.head = slice(text);
  given.fields = head.fields.data();
  given.field_count = head.fields.size();
  given.body = slice(body);
  given.is_body_complete = phase_ == Phase::complete;
  given.is_head_method = head.is_head_method;
  given.is_secure = is_secure();
  given.peer = slice(peer_);

  auto *request = new cb_request(loop_, *this);
  const auto &callbacks = loop_.server.callbacks;
  request->exchange = callbacks.on_request(callbacks.application, request, &given);
  if (!request->exchange) {
    delete request;
    return refuse(cb_refusal_bad_target);
  }
  loop_.server.requests.fetch_add(1, std::memory_order_relaxed);
  request_ = request;
  has_dispatched_ = true;
  if (phase_ == Phase::complete) read_deadline_ = 0;
  incoming_->body.clear();
}

void Session::refuse(cb_refusal refusal) {
  if (request_) return break_body(refusal == cb_refusal_body_too_large ? cb_body_too_large : cb_body_broken);
  if (has_dispatched_) return begin_linger();
  phase_ = Phase::broken;
  read_deadline_ = 0;
  keeps_alive_ = false;
  loop_.server.refusals.fetch_add(1, std::memory_order_relaxed);
  const auto &callbacks = loop_.server.callbacks;
  callbacks.on_refusal(callbacks.application, refusal, this);
  if (answer_ == Answer::none && phase_ == Phase::broken) gone();
}

void Session::answer_refusal(const cb_answer &answer) { respond(answer); }

void Session::break_body(cb_body_event reason) {
  phase_ = Phase::broken;
  body_error_ = reason;
  keeps_alive_ = false;
  read_deadline_ = 0;
  incoming_->paused_at = 0;
  if (const auto callback = std::exchange(request_->on_part, nullptr)) {
    callback(request_->part_context, reason, nullptr, 0);
  }
  arm_read();
}

// MARK: answering

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

void Session::end_request() {
  detach(false);
  if (!keeps_alive_) return begin_linger();
  if (phase_ == Phase::body) {
    // What is left of the body is dropped as it comes.
    answer_ = Answer::none;
    incoming_->body.clear();
    resume_body();
    return arm_read();
  }
  become_idle();
  if (!pending_.empty()) consume_pending();
  if (has_peer_closed_ && (phase_ == Phase::idle || phase_ == Phase::head || phase_ == Phase::body)) return gone();
  if (loop_.is_draining && phase_ == Phase::idle) return begin_linger();
  arm_read();
}

/// An idle connection owns no buffers.
void Session::become_idle() {
  phase_ = Phase::idle;
  if (incoming_) loop_.give_back(std::move(incoming_));
  release_memory(out_);
  release_memory(out_next_);
  answer_ = Answer::none;
  body_error_ = cb_body_part;
  has_dispatched_ = awaits_continue_ = wants_stream_ = is_chunked_answer_ = omits_body_ = false;
  keeps_alive_ = true;
  expect_within(loop_.server.configuration.idle_timeout);
}

void Session::expect_within(uint64_t milliseconds) { read_deadline_ = loop_.now + milliseconds; }

/// Closes in such a way that the answer still arrives: closing with unread bytes would reset the connection, and the
/// reset may overtake the answer.
void Session::begin_linger() {
  if (has_peer_closed_) return gone();
  phase_ = Phase::lingering;
  if (incoming_) loop_.give_back(std::move(incoming_));
  release_memory(pending_);
  answer_ = Answer::none;
  expect_within(loop_.server.configuration.linger_timeout);
  shut_down();
  arm_read();
}

void Session::detach(bool is_aborted) {
  const RequestPointer request(std::exchange(request_, nullptr), false);
  if (!request) return;
  request->session = nullptr;
  if (const auto callback = std::exchange(request->on_part, nullptr)) {
    callback(request->part_context, cb_body_gone, nullptr, 0);
  }
  if (const auto callback = std::exchange(request->on_written, nullptr)) callback(request->written_context, false);
  loop_.server.callbacks.on_end(request->exchange, is_aborted);
}

void Session::gone(bool resets) {
  if (phase_ == Phase::dead) return;
  Pointer self(this);
  phase_ = Phase::dead;
  read_deadline_ = write_deadline_ = 0;
  close(resets);
  detach(true);
  if (incoming_) loop_.give_back(std::move(incoming_));
  loop_.removed(*this);
}

void Session::drain() {
  if (phase_ == Phase::handshake) return gone();
  if (phase_ == Phase::idle) begin_linger();
}

void Session::check_deadlines() {
  const uint64_t now = loop_.now;
  if (write_deadline_ != 0 && write_deadline_ < now) return gone();
  if (read_deadline_ == 0 || read_deadline_ >= now) return;
  if (phase_ == Phase::head || (phase_ == Phase::body && !has_dispatched_)) {
    refuse(cb_refusal_timeout);
    arm_read();
  } else if (phase_ == Phase::body && request_) {
    break_body(cb_body_too_slow);
  } else {
    gone();
  }
}

}
