#include "loop.hpp"

#include <time.h>

#include <algorithm>

#include "server.hpp"

namespace verbatim {
namespace {

constexpr size_t spare_incoming_limit = 256;
constexpr size_t spare_body_capacity = 64 << 10;

/// Deadlines are looked at four times a second, and more often only where a time-out is shorter than a second.
uint64_t interval(const Configuration &configuration) {
  const uint64_t shortest =
      std::min({configuration.head_timeout, configuration.idle_timeout, configuration.body_timeout,
                configuration.write_timeout, configuration.linger_timeout, configuration.half_closed_timeout});
  return std::clamp<uint64_t>(shortest / 4, 10, 250);
}

}

Loop::Loop(cb_server &server) : server(server), sweep_interval_(interval(server.configuration)) {
  refresh_clock();
  sweep();
}

Loop::~Loop() {
  for (Job *job = take_jobs(); job;) delete std::exchange(job, job->next);
}

void Loop::refresh_clock() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  now = static_cast<uint64_t>(time.tv_sec) * 1000 + static_cast<uint64_t>(time.tv_nsec) / 1000000;
}

void Loop::run() {
  context.run();
  {
    std::lock_guard<std::mutex> guard(mutex_);
    has_ended_ = true;
  }
  run_jobs();
}

void Loop::enqueue(std::unique_ptr<Job> job) {
  bool wakes;
  {
    std::lock_guard<std::mutex> guard(mutex_);
    if (!has_ended_) {
      *last_job_ = job.release();
      last_job_ = &(*last_job_)->next;
    }
    wakes = !has_ended_ && !std::exchange(is_wake_posted_, true);
  }
  if (job) return job->run();
  // One post a batch: each takes the scheduler's mutex twice, in competition with the loop.
  if (wakes) net::post(context, [this] { run_jobs(); });
}

Job *Loop::take_jobs() {
  std::lock_guard<std::mutex> guard(mutex_);
  is_wake_posted_ = false;
  last_job_ = &first_job_;
  return std::exchange(first_job_, nullptr);
}

void Loop::run_jobs() {
  refresh_clock();
  Job *job = take_jobs();
  while (job) {
    job->run();
    delete std::exchange(job, job->next);
  }
}

void Loop::add(Socket socket) {
  error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  if (!error) socket.set_option(tcp::no_delay(true), error);
  if (!error) socket.non_blocking(true, error);
  if (error || is_draining) return server.connection_closed();
  auto address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = net::ip::make_address_v4(net::ip::v4_mapped, address.to_v6());
  }
  refresh_clock();
  auto session = server.tls ? make_tls_session(*this, std::move(socket), address.to_string())
                            : make_plain_session(*this, std::move(socket), address.to_string());
  intrusive_ptr_add_ref(session.get());  // the list's; `removed` gives it back
  sessions_.push_back(*session);
  session->begin();
}

void Loop::removed(Session &session) {
  session.unlink();
  server.connection_closed();
  end_if_drained();
  intrusive_ptr_release(&session);
}

std::unique_ptr<Incoming> Loop::take_incoming() {
  if (spare_incoming_.empty()) return std::make_unique<Incoming>(server.configuration.limits);
  auto incoming = std::move(spare_incoming_.back());
  spare_incoming_.pop_back();
  return incoming;
}

void Loop::give_back(std::unique_ptr<Incoming> incoming) {
  if (spare_incoming_.size() >= spare_incoming_limit) return;
  incoming->reader.reset();
  incoming->body.clear();
  if (incoming->body.capacity() > spare_body_capacity) incoming->body.shrink_to_fit();
  incoming->body_received = incoming->body_started = incoming->paused_at = 0;
  spare_incoming_.push_back(std::move(incoming));
}

void Loop::begin_drain(uint64_t deadline) {
  cut_at_ = std::min(cut_at_, now + deadline);
  is_draining = true;
  std::vector<Session::Pointer> sessions;
  for (auto &session : sessions_) sessions.emplace_back(&session);
  for (auto &session : sessions) {
    if (deadline == 0) {
      session->cut();
    } else {
      session->drain();
    }
  }
  end_if_drained();
}

void Loop::end_if_drained() {
  if (!is_draining || !sessions_.empty()) return;
  work_.reset();
  sweep_timer_.cancel();
}

void Loop::sweep() {
  refresh_clock();
  const time_t second = time(nullptr);
  if (second != date_second_) {
    date_second_ = second;
    tm parts;
    gmtime_r(&second, &parts);
    date_length_ = strftime(date_.data(), date_.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  }
  const bool cuts = cut_at_ <= now;
  std::vector<Session::Pointer> late;
  for (auto &session : sessions_) {
    if (cuts || session.is_late(now)) late.emplace_back(&session);
  }
  for (auto &session : late) {
    if (cuts) {
      session->cut();
    } else {
      session->check_deadlines();
    }
  }
  if (is_draining && sessions_.empty()) return;
  sweep_timer_.expires_after(std::chrono::milliseconds(sweep_interval_));
  sweep_timer_.async_wait([this](error_code error) {
    if (!error) sweep();
  });
}

}
