// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Turns due jobs of one route into running attempts: as many at once as allowed, woken when something becomes due.
// What an attempt is, the drivers say; what follows from its outcome, the queue says.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "net/task.hpp"
#include "queue/queue.hpp"

namespace cas::delivery {

struct DispatcherOptions {
  store::Route route = store::Route::Local;
  std::size_t concurrency = 16;  // attempts at once, over all executors
};

/// Runs on the given executors, one lane each. An attempt that throws counts as deferred.
class Dispatcher {
 public:
  /// Gives one outcome for each recipient of the job, in order. Owned by the dispatcher; called on a lane's thread.
  using Attempt = std::function<net::Task<std::vector<queue::Outcome>>(const queue::Job&)>;

  Dispatcher(const std::vector<net::Executor>& executors, queue::Queue& queue, const Clock& clock, EventSink& events,
             DispatcherOptions options, Attempt attempt);
  ~Dispatcher();
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  void start();
  /// Takes no further job, cancels running attempts (their recipients stay in the queue) when `grace` is over, and
  /// waits for their end. From a thread that is none of the executors'.
  void stop(std::chrono::milliseconds grace);

 private:
  struct Lane;
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace cas::delivery
