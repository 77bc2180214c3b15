// The C functions of CBeast.h: each turns into work on a loop's thread.

#include <cstdio>
#include <exception>

#include "server.hpp"

using namespace verbatim;

namespace {

void tell(const std::exception &failure, char *error, size_t error_size) {
  std::snprintf(error, error_size, "%s", failure.what());
}

/// An answer's bytes, copied into one block to cross to the loop.
class OwnedAnswer {
 public:
  explicit OwnedAnswer(const cb_answer &answer) : answer_(answer) {
    bytes_.reserve(answer.fields.count + answer.body.count);
    append(answer.fields);
    append(answer.body);
  }

  cb_answer get() const {
    auto answer = answer_;
    answer.fields.bytes = reinterpret_cast<const uint8_t *>(bytes_.data());
    answer.body.bytes = answer.fields.bytes + answer.fields.count;
    return answer;
  }

 private:
  void append(cb_slice slice) {
    if (slice.count) bytes_.append(reinterpret_cast<const char *>(slice.bytes), slice.count);
  }

  cb_answer answer_;
  std::string bytes_;
};

/// Runs `work` with the request's session on its loop, or `otherwise` if the request has ended.
template <class Work, class Otherwise>
void with_session(cb_request *request, Work work, Otherwise otherwise) {
  request->loop.perform([request = RequestPointer(request), work = std::move(work), otherwise] {
    if (request->session) {
      const Session::Pointer session(request->session);
      work(*session);
    } else {
      otherwise();
    }
  });
}

template <class Work>
void with_session(cb_request *request, Work work) {
  with_session(request, std::move(work), [] {});
}

}

cb_server *cb_server_create(const cb_configuration *configuration, char *error, size_t error_size) {
  try {
    auto server = std::make_unique<cb_server>(*configuration);
    server->listen();
    return server.release();
  } catch (const std::exception &failure) {
    tell(failure, error, error_size);
    return nullptr;
  }
}

uint16_t cb_server_port(const cb_server *server) { return server->port(); }

cb_counters cb_server_counters(const cb_server *server) {
  return {server->open_connections.load(), server->accepted_connections.load(), server->requests.load(),
          server->refusals.load()};
}

bool cb_server_start(cb_server *server, cb_callbacks callbacks, char *error, size_t error_size) {
  try {
    server->start(callbacks);
    return true;
  } catch (const std::exception &failure) {
    tell(failure, error, error_size);
    return false;
  }
}

void cb_server_drain(cb_server *server, uint64_t deadline_ms) { server->drain(deadline_ms); }
void cb_server_join(cb_server *server) { server->join(); }
void cb_server_destroy(cb_server *server) { delete server; }

void cb_refuse(void *sink, const cb_answer *answer) { static_cast<Session *>(sink)->answer_refusal(*answer); }

void cb_request_respond(cb_request *request, const cb_answer *answer) {
  with_session(request, [answer = OwnedAnswer(*answer)](Session &session) { session.respond(answer.get()); });
}

void cb_request_start(cb_request *request, const cb_answer *answer, int64_t length) {
  with_session(request,
               [answer = OwnedAnswer(*answer), length](Session &session) { session.start(answer.get(), length); });
}

void cb_request_write(cb_request *request, const uint8_t *bytes, size_t count, cb_on_written callback, void *context) {
  with_session(
      request,
      [copy = count ? std::string(reinterpret_cast<const char *>(bytes), count) : std::string(), callback,
       context](Session &session) {
        session.write(copy.data(), copy.size(), callback, context);
      },
      [callback, context] { callback(context, false); });
}

void cb_request_finish(cb_request *request) {
  with_session(request, [](Session &session) { session.finish(); });
}

void cb_request_abort(cb_request *request) {
  with_session(request, [](Session &session) { session.abort(); });
}

void cb_request_read(cb_request *request, cb_on_part callback, void *context) {
  with_session(
      request, [callback, context](Session &session) { session.read(callback, context); },
      [callback, context] { callback(context, cb_body_gone, nullptr, 0); });
}

void cb_request_cancel_read(cb_request *request) {
  with_session(request, [](Session &session) { session.cancel_read(); });
}

void cb_request_release(cb_request *request) { intrusive_ptr_release(request); }
