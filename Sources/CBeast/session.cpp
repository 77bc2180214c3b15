#include "session.hpp"

#include <algorithm>

#include "bytes.hpp"
#include "server.hpp"

namespace verbatim {
namespace {

/// Pipelined bytes kept while an answer is awaited; beyond, the peer waits.
constexpr size_t pipeline_limit = 64 << 10;

void release_memory(std::string &bytes) { std::string().swap(bytes); }

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
    if (is_discarding()) {
      become_idle();
      if (loop_.is_draining) begin_linger();
      return;
    }
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

/// The request's head as far as it has been read.
cb_head Session::described_head() const {
  cb_head given{};
  given.peer = slice(peer_);
  given.is_secure = is_secure();
  if (!incoming_) return given;
  const auto &head = incoming_->reader.head();
  const auto text = incoming_->reader.head_bytes();
  const auto part = [&](Extent extent) { return slice(text.substr(extent.offset, extent.count)); };
  given.method = part(head.method);
  given.path = head.is_path_root ? slice("/") : part(head.path);
  if (head.has_query) given.query = part(head.query);
  given.head = slice(text);
  given.fields = head.fields.data();
  given.field_count = head.fields.size();
  given.is_head_method = head.is_head_method;
  return given;
}

void Session::dispatch(string_view body) {
  auto given = described_head();
  given.body = slice(body);
  given.is_body_complete = phase_ == Phase::complete;

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
  const auto head = described_head();
  callbacks.on_refusal(callbacks.application, refusal, &head, this);
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

// MARK: ends

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
