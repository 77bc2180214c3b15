#pragma once
#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "session.hpp"

struct cb_server;

namespace verbatim {

/// Work that another thread asks of a loop.
struct Job {
  virtual ~Job() = default;
  virtual void run() = 0;
  Job *next = nullptr;
};

/// A thread's event loop and the connections that live on it.
class Loop {
 public:
  explicit Loop(cb_server &server);
  ~Loop();

  /// Serves until drained.
  void run();

  /// Queues `work` for the loop's thread. Once the loop has ended, it runs at once: every session is gone by then.
  template <class Work>
  void perform(Work &&work) {
    struct Performed final : Job {
      explicit Performed(Work &&work) : work(std::forward<Work>(work)) {}
      void run() override { work(); }
      std::decay_t<Work> work;
    };
    enqueue(std::make_unique<Performed>(std::forward<Work>(work)));
  }

  void add(Socket socket);
  void removed(Session &session);
  /// On the loop's thread.
  void begin_drain(uint64_t deadline);

  std::unique_ptr<Incoming> take_incoming();
  void give_back(std::unique_ptr<Incoming> incoming);

  cb_server &server;
  net::io_context context{1};
  bool is_draining = false;
  /// Milliseconds of a coarse clock, fresh at each event.
  uint64_t now = 0;
  string_view date() const { return {date_.data(), date_length_}; }
  /// What is read lands here first, so that a connection that waits owns no buffer.
  std::vector<char> scratch = std::vector<char>(64 << 10);
  std::string head_scratch;

  void refresh_clock();

 private:
  using Sessions = boost::intrusive::list<Session, boost::intrusive::constant_time_size<false>>;

  void enqueue(std::unique_ptr<Job> job);
  void run_jobs();
  Job *take_jobs();
  /// Ends what is past its deadline. One timer for all connections is cheaper than one each.
  void sweep();
  void end_if_drained();

  Executor executor() { return context.get_executor(); }

  net::executor_work_guard<Executor> work_{executor()};
  Timer sweep_timer_{executor()};
  uint64_t sweep_interval_;
  uint64_t cut_at_ = UINT64_MAX;
  Sessions sessions_;
  std::vector<std::unique_ptr<Incoming>> spare_incoming_;
  time_t date_second_ = 0;
  std::array<char, 40> date_{};
  size_t date_length_ = 0;

  std::mutex mutex_;
  // Guarded by the mutex.
  Job *first_job_ = nullptr;
  Job **last_job_ = &first_job_;
  bool is_wake_posted_ = false;
  bool has_ended_ = false;
};

}
