#include <array>

#include "server.hpp"

namespace verbatim {
namespace {

std::array<net::const_buffer, 3> buffers(string_view head, string_view body, string_view tail) {
  return {net::const_buffer(head.data(), head.size()), net::const_buffer(body.data(), body.size()),
          net::const_buffer(tail.data(), tail.size())};
}

void reset_on_close(Socket &socket) {
  error_code ignored;
  socket.set_option(net::socket_base::linger(true, 0), ignored);
}

class PlainSession final : public Session {
 public:
  PlainSession(Loop &loop, Socket socket, std::string peer)
      : Session(loop, std::move(peer)), socket_(std::move(socket)) {}

  void begin() override {
    become_idle();
    arm_read();
  }

 private:
  bool is_secure() const override { return false; }

  void begin_read() override {
    socket_.async_wait(Socket::wait_read, [self = Pointer(this), this](error_code error) {
      is_reading_ = false;
      if (phase_ == Phase::dead) return;
      if (error) return gone();
      loop_.refresh_clock();
      read_what_is_there();
    });
  }

  void read_what_is_there() {
    // A few rounds save waits for a large body; not more, for the loop's other connections wait meanwhile.
    for (int round = 0; round < 4 && wants_bytes(); ++round) {
      error_code error;
      auto &scratch = loop_.scratch;
      const size_t count = socket_.read_some(net::buffer(scratch), error);
      if (error == net::error::would_block) break;
      if (error == net::error::eof) {
        peer_closed();
        break;
      }
      if (error) return gone();
      took(scratch.data(), count);
      if (count < scratch.size()) break;
    }
    arm_read();
  }

  size_t write_now(const Pieces &pieces, error_code &error) override {
    const size_t count = socket_.write_some(buffers(pieces.head, pieces.body, pieces.tail), error);
    if (error == net::error::would_block) error = {};
    return count;
  }

  void begin_write() override {
    socket_.async_write_some(net::buffer(out_.data() + out_used_, out_.size() - out_used_),
                             [self = Pointer(this), this](error_code error, size_t count) { wrote(error, count); });
  }

  void shut_down() override {
    error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
  }

  void close(bool resets) override {
    if (resets) reset_on_close(socket_);
    error_code ignored;
    socket_.close(ignored);
  }

  Socket socket_;
};

class TLSSession final : public Session {
 public:
  TLSSession(Loop &loop, Socket socket, std::string peer)
      : Session(loop, std::move(peer)), stream_(std::move(socket), *loop.server.tls) {
    phase_ = Phase::handshake;
  }

  void begin() override {
    expect_within(loop_.server.configuration.head_timeout);
    stream_.async_handshake(net::ssl::stream_base::server, [self = Pointer(this), this](error_code error) {
      if (phase_ == Phase::dead) return;
      if (error) return gone();
      loop_.refresh_clock();
      become_idle();
      if (loop_.is_draining) return drain();
      arm_read();
    });
  }

 private:
  bool is_secure() const override { return true; }

  void begin_read() override {
    stream_.async_read_some(net::buffer(buffer_), [self = Pointer(this), this](error_code error, size_t count) {
      is_reading_ = false;
      if (phase_ == Phase::dead) return;
      loop_.refresh_clock();
      if (error == net::error::eof) return peer_closed();
      if (error) return gone();
      took(buffer_.data(), count);
      arm_read();
    });
  }

  // Records are made by the asynchronous path alone, of the whole answer: one write for head and body.
  size_t write_now(const Pieces &, error_code &) override { return 0; }

  void begin_write() override {
    stream_.async_write_some(net::buffer(out_.data() + out_used_, out_.size() - out_used_),
                             [self = Pointer(this), this](error_code error, size_t count) { wrote(error, count); });
  }

  void shut_down() override {
    stream_.async_shutdown([self = Pointer(this), this](error_code) { gone(); });
  }

  void close(bool resets) override {
    if (resets) reset_on_close(stream_.next_layer());
    error_code ignored;
    stream_.next_layer().close(ignored);
  }

  net::ssl::stream<Socket> stream_;
  std::vector<char> buffer_ = std::vector<char>(16 << 10);
};

}

Session::Pointer make_plain_session(Loop &loop, Socket socket, std::string peer) {
  return new PlainSession(loop, std::move(socket), std::move(peer));
}

Session::Pointer make_tls_session(Loop &loop, Socket socket, std::string peer) {
  return new TLSSession(loop, std::move(socket), std::move(peer));
}

}
