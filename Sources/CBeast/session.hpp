#pragma once
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "request_reader.hpp"

namespace verbatim {
class Loop;
class Session;
}

/// A request that the application answers. The session and the application hold one reference each.
struct cb_request {
  explicit cb_request(verbatim::Loop &loop, verbatim::Session &session) : loop(loop), session(&session) {}

  std::atomic<int> references{2};
  verbatim::Loop &loop;
  // The rest belongs to the loop's thread.
  verbatim::Session *session;  ///< null once the answer is out or the peer is gone
  void *exchange = nullptr;
  cb_on_part on_part = nullptr;
  void *part_context = nullptr;
  cb_on_written on_written = nullptr;
  void *written_context = nullptr;
};

inline void intrusive_ptr_add_ref(cb_request *request) { request->references.fetch_add(1, std::memory_order_relaxed); }
inline void intrusive_ptr_release(cb_request *request) {
  if (request->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete request;
}

namespace verbatim {

using RequestPointer = boost::intrusive_ptr<cb_request>;

/// What a connection needs only while a request is in progress; pooled by the loop.
struct Incoming {
  explicit Incoming(const RequestLimits &limits) : reader(limits) {}

  RequestReader reader;
  /// Bytes of the body that the application has not taken yet.
  std::string body;
  uint64_t body_received = 0;
  /// When the body's clock started; moved on by the time that the application kept it from arriving.
  uint64_t body_started = 0;
  uint64_t paused_at = 0;
};

/// A connection: reads requests, one at a time, and writes their answers. Lives on its loop's thread.
class Session : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>,
                public boost::intrusive_ref_counter<Session, boost::thread_unsafe_counter> {
 public:
  using Pointer = boost::intrusive_ptr<Session>;

  Session(Loop &loop, std::string peer);
  virtual ~Session() = default;

  virtual void begin() = 0;

  // What the application asks, by way of its request.
  void respond(const cb_answer &answer);
  void start(const cb_answer &answer, int64_t length);
  void write(const char *bytes, size_t count, cb_on_written callback, void *context);
  void finish();
  void abort();
  void read(cb_on_part callback, void *context);
  void cancel_read();
  /// The answer to a refused request.
  void answer_refusal(const cb_answer &answer);

  bool is_late(uint64_t now) const {
    return (read_deadline_ != 0 && read_deadline_ < now) || (write_deadline_ != 0 && write_deadline_ < now);
  }
  /// Ends what has taken too long.
  void check_deadlines();
  /// Closes at once if nothing is in progress.
  void drain();
  void cut() { gone(); }

 protected:
  enum class Phase : uint8_t {
    handshake,
    idle,       // between requests
    head,       // reading a head
    body,       // reading a body
    complete,   // the request is read, its answer awaited
    broken,     // the request cannot be read on: what comes is dropped until the answer is out
    lingering,  // answered for the last time: what comes is dropped so that the answer arrives
    dead,
  };
  enum class Answer : uint8_t { none, started, ended };

  struct Pieces {
    string_view head, body, tail;
    size_t size() const { return head.size() + body.size() + tail.size(); }
    void drop(size_t count);
  };

  virtual bool is_secure() const = 0;
  /// One read, or a wait for bytes, that ends in `took`, `peer_closed` or `gone`.
  virtual void begin_read() = 0;
  /// Writes what goes without waiting.
  virtual size_t write_now(const Pieces &pieces, error_code &error) = 0;
  /// Writes some of `out_`; ends in `wrote`.
  virtual void begin_write() = 0;
  virtual void shut_down() = 0;
  virtual void close(bool resets) = 0;

  bool wants_bytes() const;
  void arm_read();
  void took(const char *bytes, size_t count);
  void peer_closed();
  void wrote(error_code error, size_t count);
  void gone(bool resets = false);
  void become_idle();
  void expect_within(uint64_t milliseconds);

  Loop &loop_;
  Phase phase_ = Phase::idle;
  bool is_reading_ = false;
  /// What is being written or waits to be, from `out_used_` on.
  std::string out_;
  size_t out_used_ = 0;

 private:
  size_t consume(const char *bytes, size_t count);
  void consume_pending();
  void begin_request();
  void took_head(bool is_more_there);
  void took_body(string_view part);
  void deliver(string_view part);
  cb_head described_head() const;
  void dispatch(string_view body);
  void refuse(cb_refusal refusal);
  void break_body(cb_body_event reason);
  void refresh_body_deadline();
  void resume_body();
  bool is_discarding() const { return phase_ == Phase::body && has_dispatched_ && !request_; }
  bool can_keep_alive() const;

  void compose_head(const cb_answer &answer, int64_t length);
  void send(Pieces pieces);
  void flush();
  void drained();
  void end_request();
  void detach(bool is_aborted);
  void begin_linger();

  const std::string peer_;
  std::unique_ptr<Incoming> incoming_;
  /// Bytes behind those in use: the beginnings of a head or a chunk, or the next requests.
  std::string pending_;
  /// What came while `out_` was being written and must not move.
  std::string out_next_;
  cb_request *request_ = nullptr;
  Answer answer_ = Answer::none;
  cb_body_event body_error_ = cb_body_part;
  bool has_dispatched_ = false;
  bool keeps_alive_ = true;
  bool is_chunked_answer_ = false;
  bool omits_body_ = false;
  bool awaits_continue_ = false;
  bool wants_stream_ = false;
  bool has_peer_closed_ = false;
  bool is_writing_ = false;
  /// Milliseconds of the loop's clock; 0: none.
  uint64_t read_deadline_ = 0, write_deadline_ = 0;
};

Session::Pointer make_plain_session(Loop &loop, Socket socket, std::string peer);
Session::Pointer make_tls_session(Loop &loop, Socket socket, std::string peer);

}
