#include "server.hpp"

#include <algorithm>
#include <boost/asio/ip/v6_only.hpp>
#include <stdexcept>

namespace verbatim {
namespace {

/// HTTP/1.1 is all that is spoken; a client that offers other protocols alone learns so at once.
int select_protocol(SSL *, const unsigned char **chosen, unsigned char *chosen_length, const unsigned char *offered,
                    unsigned offered_length, void *) {
  static const unsigned char own[] = "\x08http/1.1";
  return SSL_select_next_proto(const_cast<unsigned char **>(chosen), chosen_length, own, sizeof own - 1, offered,
                               offered_length) == OPENSSL_NPN_NEGOTIATED
             ? SSL_TLSEXT_ERR_OK
             : SSL_TLSEXT_ERR_ALERT_FATAL;
}

net::ssl::context make_tls(const Configuration &configuration) {
  net::ssl::context tls(net::ssl::context::tls_server);
  tls.set_options(net::ssl::context::default_workarounds | net::ssl::context::no_tlsv1 |
                  net::ssl::context::no_tlsv1_1 | net::ssl::context::no_compression | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_mode(tls.native_handle(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(tls.native_handle(), select_protocol, nullptr);
  error_code error;
  tls.use_certificate_chain_file(configuration.tls_certificate, error);
  if (error) {
    throw std::runtime_error("cannot use the TLS certificate " + configuration.tls_certificate + ": " +
                             error.message());
  }
  // Fails too when the key does not belong to the certificate.
  tls.use_private_key_file(configuration.tls_key, net::ssl::context::pem, error);
  if (error) throw std::runtime_error("cannot use the TLS key " + configuration.tls_key + ": " + error.message());
  return tls;
}

}

Configuration::Configuration(const cb_configuration &given)
    : host(given.host),
      port(given.port),
      loops(std::max<size_t>(given.loops, 1)),
      connection_limit(std::max<size_t>(given.connection_limit, 1)),
      small_body_limit(given.small_body_limit),
      body_buffer_limit(std::max<size_t>(given.body_buffer_limit, 1)),
      limits{given.head_limit, given.field_limit, given.body_limit},
      head_timeout(given.head_timeout_ms),
      idle_timeout(given.idle_timeout_ms),
      body_timeout(given.body_timeout_ms),
      write_timeout(given.write_timeout_ms),
      linger_timeout(given.linger_timeout_ms),
      half_closed_timeout(given.half_closed_timeout_ms),
      minimum_body_rate(std::max<uint32_t>(given.minimum_body_rate, 1)),
      tls_certificate(given.tls_certificate ? given.tls_certificate : ""),
      tls_key(given.tls_key ? given.tls_key : "") {}

}

using namespace verbatim;

struct cb_server::Listener {
  explicit Listener(net::io_context &context) : acceptor(context), retry(context) {}

  Acceptor acceptor;
  Timer retry;
  bool is_accepting = false;
};

cb_server::cb_server(const cb_configuration &given) : configuration(given) {
  if (!configuration.tls_certificate.empty()) tls.emplace(make_tls(configuration));
  for (size_t index = 0; index < configuration.loops; ++index) loops.push_back(std::make_unique<Loop>(*this));
}

cb_server::~cb_server() { join(); }

uint16_t cb_server::port() const {
  error_code ignored;
  return listeners_.empty() ? 0 : listeners_.front()->acceptor.local_endpoint(ignored).port();
}

// MARK: listening

void cb_server::listen() {
  auto host = configuration.host;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  error_code error;
  tcp::resolver resolver(loops.front()->context);
  const auto found = resolver.resolve(host, "0", tcp::resolver::passive, error);
  if (error || host.empty()) {
    throw std::runtime_error("cannot find the address " + configuration.host + (error ? ": " + error.message() : ""));
  }
  uint16_t port = configuration.port;
  std::vector<tcp::endpoint> endpoints;
  for (const auto &entry : found) {
    const tcp::endpoint endpoint(entry.endpoint().address(), 0);
    if (std::find(endpoints.begin(), endpoints.end(), endpoint) == endpoints.end()) endpoints.push_back(endpoint);
  }
  for (auto endpoint : endpoints) {
    endpoint.port(port);
    try {
      bind(endpoint);
    } catch (const boost::system::system_error &failure) {
      // A name such as localhost may have an address of a family that this machine does not have.
      const bool is_optional = failure.code() == net::error::address_family_not_supported ||
                               failure.code() == boost::system::errc::address_not_available;
      if (is_optional && endpoints.size() > 1) continue;
      const auto where = configuration.host + ":" + std::to_string(port);
      if (failure.code() == net::error::address_in_use) {
        throw std::runtime_error("cannot listen on " + where + ": port in use");
      }
      throw std::runtime_error("cannot listen on " + where + ": " + failure.code().message());
    }
    if (port == 0) port = this->port();
  }
  if (listeners_.empty()) throw std::runtime_error("cannot listen on " + configuration.host + ": no usable address");
}

void cb_server::bind(const tcp::endpoint &endpoint) {
  auto listener = std::make_unique<Listener>(loops.front()->context);
  auto &acceptor = listener->acceptor;
  acceptor.open(endpoint.protocol());
  acceptor.set_option(tcp::acceptor::reuse_address(true));
  if (endpoint.protocol() == tcp::v6()) {
    acceptor.set_option(net::ip::v6_only(!endpoint.address().is_unspecified()));
  }
  acceptor.bind(endpoint);
  acceptor.listen(4096);
  acceptor.non_blocking(true);
  listeners_.push_back(std::move(listener));
}

void cb_server::accept(Listener &listener) {
  if (loops.front()->is_draining || listener.is_accepting) return;
  if (open_connections.load() >= configuration.connection_limit) {
    is_full_.store(true);
    // A connection may have closed in between, and nobody else would wake us.
    if (open_connections.load() >= configuration.connection_limit) return;
  }
  listener.is_accepting = true;
  auto &loop = *loops[next_loop_++ % loops.size()];
  listener.acceptor.async_accept(loop.context, [this, &listener, &loop](error_code error, auto socket) {
    accepted(listener, loop, error, std::move(socket));
  });
}

void cb_server::accepted(Listener &listener, Loop &loop, error_code error, Socket socket) {
  listener.is_accepting = false;
  if (error == net::error::operation_aborted || loops.front()->is_draining) return;
  if (error == net::error::connection_aborted) return accept(listener);
  if (error) {
    // No file descriptor or memory left: trying again at once would spin.
    listener.is_accepting = true;
    listener.retry.expires_after(std::chrono::milliseconds(50));
    listener.retry.async_wait([this, &listener](error_code) {
      listener.is_accepting = false;
      accept(listener);
    });
    return;
  }
  open_connections.fetch_add(1);
  accepted_connections.fetch_add(1, std::memory_order_relaxed);
  if (&loop == loops.front().get()) {
    loop.add(std::move(socket));
  } else {
    net::post(loop.context, [&loop, socket = std::move(socket)]() mutable { loop.add(std::move(socket)); });
  }
  accept(listener);
}

void cb_server::connection_closed() {
  open_connections.fetch_sub(1);
  if (is_full_.load() && is_full_.exchange(false)) loops.front()->perform([this] { resume_accepting(); });
}

void cb_server::resume_accepting() {
  for (auto &listener : listeners_) accept(*listener);
}

void cb_server::stop_accepting() {
  for (auto &listener : listeners_) {
    error_code ignored;
    listener->acceptor.close(ignored);
    listener->retry.cancel();
  }
}

// MARK: running

void cb_server::start(cb_callbacks given) {
  callbacks = given;
  running_loops_.store(loops.size());
  loops.front()->perform([this] { resume_accepting(); });
  try {
    for (auto &loop : loops) {
      threads_.emplace_back([this, &loop] {
        loop->run();
        if (running_loops_.fetch_sub(1) == 1) callbacks.on_stopped(callbacks.application);
      });
    }
  } catch (...) {
    drain(0);
    join();
    throw;
  }
}

void cb_server::drain(uint64_t deadline) {
  loops.front()->perform([this] { stop_accepting(); });
  for (auto &loop : loops) {
    loop->perform([&loop = *loop, deadline] { loop.begin_drain(deadline); });
  }
}

void cb_server::join() {
  for (auto &thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}
