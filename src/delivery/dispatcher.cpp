// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The lanes: each takes jobs on its own thread until it has its share, then waits for the bell or the next due time.
#include "delivery/dispatcher.hpp"

#include <algorithm>

#include "net/completion.hpp"
#include "net/runtime.hpp"

namespace cas::delivery {

namespace {

constexpr std::chrono::milliseconds longest_wait{60000};
constexpr std::chrono::milliseconds fault_pause{1000};

std::vector<queue::Outcome> all_deferred(const queue::Job& job, const std::string& text) {
  queue::Outcome outcome;
  outcome.reply = smtp::Reply(451, smtp::EnhancedCode{4, 3, 0}, text);
  return std::vector<queue::Outcome>(job.recipients.size(), outcome);
}

}  // namespace

struct Dispatcher::Lane {
  Lane(net::Executor lane_executor, queue::Queue& lane_queue, const Clock& lane_clock, EventSink& lane_events,
       DispatcherOptions lane_options, Attempt lane_attempt)
      : executor(lane_executor),
        queue(lane_queue),
        clock(lane_clock),
        events(lane_events),
        options(lane_options),
        attempt(std::move(lane_attempt)),
        bell(lane_executor),
        running(lane_executor, [this](std::string what) { report(std::move(what)); }),
        loop(lane_executor, [this](std::string what) { report(std::move(what)); }) {}

  void report(std::string what) {
    Event event{.level = Level::Error, .trace = {}, .queue_id = {}, .name = "delivery-fault", .fields = {}};
    event.fields.emplace_back("reason", std::move(what));
    events.emit(std::move(event));
  }
  void report_or_not(const char* what) noexcept {
    try {
      report(what);
    } catch (...) {
    }
  }

  net::Task<void> run();
  net::Task<bool> step_or_stumble();
  net::Task<void> step();
  net::Task<bool> start_one();
  net::Task<void> work(queue::Job job);
  net::Task<void> finish_up(std::chrono::milliseconds grace);
  [[nodiscard]] std::chrono::milliseconds until_due() const;

  net::Executor executor;
  queue::Queue& queue;
  const Clock& clock;
  EventSink& events;
  DispatcherOptions options;
  Attempt attempt;
  net::Bell bell;
  net::TaskGroup running;
  net::TaskGroup loop;
  bool stopping = false;
};

net::Task<void> Dispatcher::Lane::run() {
  while (!stopping) {
    const bool went = co_await step_or_stumble();
    if (!went) co_await net::sleep_for(fault_pause);
  }
}

// A lane that ended would leave its mail until the next start: no memory for a moment is no reason.
net::Task<bool> Dispatcher::Lane::step_or_stumble() {
  try {
    co_await step();
    co_return true;
  } catch (const std::exception& e) {
    report_or_not(e.what());
  } catch (...) {
    report_or_not("unknown exception");
  }
  co_return false;
}

net::Task<void> Dispatcher::Lane::step() {
  bool took = false;
  if (running.size() < options.concurrency) took = co_await start_one();
  if (took || stopping) co_return;
  // At full load an attempt's end rings the bell; otherwise so does whatever becomes due.
  const auto wait = running.size() < options.concurrency ? until_due() : longest_wait;
  co_await bell.wait(wait);
}

std::chrono::milliseconds Dispatcher::Lane::until_due() const {
  const auto due = queue.next_due(options.route);
  if (!due) return longest_wait;
  return std::clamp(*due - clock.now(), milliseconds{1}, longest_wait);
}

net::Task<bool> Dispatcher::Lane::start_one() {
  auto start = [this](auto done) { queue.take(options.route, std::move(done)); };
  auto job = co_await net::completion<Result<std::optional<queue::Job>>>(std::move(start));
  if (!job) {
    report(job.error().private_reason);
    co_await net::sleep_for(fault_pause);
    co_return false;
  }
  if (!*job) co_return false;
  running.spawn(work(std::move(**job)));
  co_return true;
}

net::Task<void> Dispatcher::Lane::work(queue::Job job) {
  std::vector<queue::Outcome> outcomes;
  const auto begun = clock.now();
  try {
    outcomes = co_await attempt(job);
  } catch (const std::exception& e) {
    report(e.what());
  }
  if (outcomes.size() != job.recipients.size()) outcomes = all_deferred(job, "delivery was interrupted");
  for (auto& outcome : outcomes) {
    if (outcome.connecting + outcome.talking == milliseconds(0)) outcome.talking = clock.now() - begun;
  }
  // Not waited for: the next attempt need not wait for the disk. What cannot be recorded the queue tells as an event.
  queue.finish(std::move(job), std::move(outcomes), [](const Result<void>&) {});
  bell.ring();
}

net::Task<void> Dispatcher::Lane::finish_up(std::chrono::milliseconds grace) {
  stopping = true;
  bell.ring();
  co_await loop.join();
  const auto deadline = std::chrono::steady_clock::now() + grace;
  while (running.size() > 0 && std::chrono::steady_clock::now() < deadline) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
    co_await bell.wait(left);
  }
  running.cancel();
  co_await running.join();
}

Dispatcher::Dispatcher(const std::vector<net::Executor>& executors, queue::Queue& queue, const Clock& clock,
                       EventSink& events, DispatcherOptions options, Attempt attempt) {
  DispatcherOptions share = options;
  share.concurrency = std::max<std::size_t>(1, options.concurrency / std::max<std::size_t>(1, executors.size()));
  for (const auto& executor : executors) {
    lanes_.push_back(std::make_unique<Lane>(executor, queue, clock, events, share, attempt));
  }
  auto wake = [bells = [this] {
    std::vector<net::Bell> all;
    for (const auto& lane : lanes_) all.push_back(lane->bell);
    return all;
  }()]() mutable {
    for (auto& bell : bells) bell.ring();
  };
  queue.on_due(options.route, std::move(wake));
}

Dispatcher::~Dispatcher() = default;

void Dispatcher::start() {
  for (auto& lane : lanes_) {
    Lane* self = lane.get();
    boost::asio::post(self->executor, [self] { self->loop.spawn(self->run()); });
  }
}

void Dispatcher::stop(std::chrono::milliseconds grace) {
  for (auto& lane : lanes_) {
    Lane* self = lane.get();
    net::run_and_wait(self->executor, [self, grace] { return self->finish_up(grace); });
  }
}

}  // namespace cas::delivery
