#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "loop.hpp"

namespace verbatim {

/// `cb_configuration` with its strings kept.
struct Configuration {
  explicit Configuration(const cb_configuration &configuration);

  std::string host;
  uint16_t port;
  size_t loops, connection_limit, small_body_limit, body_buffer_limit;
  RequestLimits limits;
  uint64_t head_timeout, idle_timeout, body_timeout, write_timeout, linger_timeout, half_closed_timeout;
  uint64_t minimum_body_rate;
  std::string tls_certificate, tls_key;
};

}

struct cb_server {
  explicit cb_server(const cb_configuration &configuration);
  ~cb_server();

  void listen();
  void start(cb_callbacks callbacks);
  void drain(uint64_t deadline);
  void join();
  uint16_t port() const;

  /// A session has ended: there may be room for another.
  void connection_closed();

  const verbatim::Configuration configuration;
  cb_callbacks callbacks{};
  std::optional<verbatim::net::ssl::context> tls;
  std::vector<std::unique_ptr<verbatim::Loop>> loops;
  std::atomic<uint64_t> open_connections{0}, accepted_connections{0}, requests{0}, refusals{0};

 private:
  struct Listener;

  void accept(Listener &listener);
  void accepted(Listener &listener, verbatim::Loop &loop, verbatim::error_code error, verbatim::Socket socket);
  void resume_accepting();
  void stop_accepting();
  void bind(const verbatim::tcp::endpoint &endpoint);

  // Touched by the first loop alone once the server runs: it accepts for all and hands connections round. A listener a
  // loop with SO_REUSEPORT would let a second server take half of the connections without noticing.
  std::vector<std::unique_ptr<Listener>> listeners_;
  size_t next_loop_ = 0;
  std::atomic<bool> is_full_{false};
  std::atomic<size_t> running_loops_{0};
  std::vector<std::thread> threads_;
};
