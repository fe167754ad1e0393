// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Task groups, sleeping and bells. The only long-lived coroutines of the program start here, in TaskGroup::spawn.
#include "net/task.hpp"

#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <utility>

#include "net/await.hpp"
#include "net/gate.hpp"

namespace cas::net {

namespace asio = boost::asio;
using std::chrono::steady_clock;

struct TaskGroup::State {
  // One signal a task: it owns the memory of the task's cancellation state, so it goes only when the task has gone.
  using Signals = std::list<asio::cancellation_signal>;

  State(Executor group_executor, std::function<void(std::string)> handler)
      : executor(group_executor), on_exception(std::move(handler)), empty(group_executor) {
    empty.expires_at(steady_clock::time_point::max());
  }

  void left(Signals::iterator task) {
    running.erase(task);
    if (running.empty()) empty.cancel();
  }

  void report(const std::exception_ptr& failure) const;

  Executor executor;
  std::function<void(std::string)> on_exception;
  Signals running;
  asio::steady_timer empty;  // never expires; cancelled when the last task has left
};

void TaskGroup::State::report(const std::exception_ptr& failure) const {
  if (!failure || !on_exception) return;
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& e) {
    // A task that was cancelled before its first step never ran: that is no fault.
    if (e.code() != asio::error::operation_aborted) on_exception(e.what());
  } catch (const std::exception& e) {
    on_exception(e.what());
  } catch (...) {
    on_exception("unknown exception");
  }
}

namespace {

/// Ends a task's membership: when it has finished, or when its frames are torn down with their io_context.
template <class State, class Iterator>
class Membership {
 public:
  Membership(std::shared_ptr<State> state, Iterator task) : state_(std::move(state)), task_(task) {}
  Membership(Membership&& other) noexcept : state_(std::move(other.state_)), task_(other.task_) {}
  Membership& operator=(Membership&&) = delete;
  ~Membership() {
    if (state_) state_->left(task_);
  }

  void operator()(const std::exception_ptr& failure) { state_->report(failure); }

 private:
  std::shared_ptr<State> state_;
  Iterator task_;
};

Task<void> run_task(Task<void> task) {
  // Cancellation shows as an error of what is awaited, so that completion() is never torn away from its callback.
  co_await asio::this_coro::throw_if_cancelled(false);
  // spawn() returns before the task's first step: the spawner's lists do not change under its feet.
  const auto executor = co_await asio::this_coro::executor;
  co_await asio::post(executor, asio::use_awaitable);
  co_await std::move(task);
}

}  // namespace

TaskGroup::TaskGroup(Executor executor, std::function<void(std::string)> on_exception)
    : state_(std::make_shared<State>(std::move(executor), std::move(on_exception))) {}

TaskGroup::~TaskGroup() = default;

void TaskGroup::spawn(Task<void> task) {
  const auto place = state_->running.emplace(state_->running.end());
  const auto slot = place->slot();
  Membership<State, State::Signals::iterator> membership(state_, place);
  asio::co_spawn(state_->executor, run_task(std::move(task)),
                 asio::bind_cancellation_slot(slot, std::move(membership)));
}

std::size_t TaskGroup::size() const {
  return state_->running.size();
}

Executor TaskGroup::executor() const {
  return state_->executor;
}

void TaskGroup::cancel() {
  // Asio's cancellation handlers post what they end, so no task leaves during the loop; the iterator moves on before
  // the signal all the same.
  for (auto task = state_->running.begin(); task != state_->running.end();) {
    auto& signal = *task++;
    signal.emit(asio::cancellation_type::terminal);
  }
}

Task<void> TaskGroup::join() {
  const auto state = state_;
  while (!state->running.empty()) {
    [[maybe_unused]] auto [ec] = co_await state->empty.async_wait(as_values);
    if (cancelled(co_await asio::this_coro::cancellation_state)) co_return;
  }
}

Task<void> TaskGroup::finish() {
  cancel();
  const auto state = state_;
  while (!state->running.empty()) {
    [[maybe_unused]] auto [ec] = co_await state->empty.async_wait(as_values);
  }
}

Task<bool> is_cancelled() {
  const auto state = co_await asio::this_coro::cancellation_state;
  co_return cancelled(state);
}

Task<bool> sleep_for(std::chrono::milliseconds duration) {
  if (cancelled(co_await asio::this_coro::cancellation_state)) co_return false;
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, duration);
  auto [ec] = co_await timer.async_wait(as_values);
  co_return !ec;
}

struct Bell::State {
  explicit State(const Executor& bell_executor)
      : gate(gate_of(bell_executor)), executor(bell_executor), timer(bell_executor) {}

  std::shared_ptr<Gate> gate;
  Executor executor;
  asio::steady_timer timer;  // touched on the executor's thread alone
  std::atomic<bool> rung = false;
};

Bell::Bell(Executor executor) : state_(std::make_shared<State>(executor)) {}

void Bell::ring() {
  const Passage passage(state_->gate);
  if (state_->rung.exchange(true)) return;  // whoever rang before has seen to the waking
  asio::post(state_->executor, [state = state_] { state->timer.cancel(); });
}

Task<bool> Bell::wait(std::chrono::milliseconds at_most) {
  const auto state = state_;
  const auto deadline = steady_clock::now() + at_most;
  while (!state->rung.exchange(false)) {
    if (cancelled(co_await asio::this_coro::cancellation_state)) co_return false;
    if (steady_clock::now() >= deadline) co_return false;
    // A ring that an earlier wait consumed may still cancel this timer: then the loop goes round.
    state->timer.expires_at(deadline);
    [[maybe_unused]] auto [ec] = co_await state->timer.async_wait(as_values);
  }
  co_return true;
}

}  // namespace cas::net
