// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Behind queue.hpp: what the callbacks share. They keep it alive until the last of them ran.
#pragma once

#include <deque>

#include "base/guarded.hpp"
#include "queue/work.hpp"

namespace cas::queue {

class QueueImpl : public std::enable_shared_from_this<QueueImpl> {
 public:
  QueueImpl(store::Store& store, const Clock& clock, Random& random, EventSink& events, Options options)
      : store_(store), clock_(clock), random_(random), events_(events), options_(std::move(options)) {}

  [[nodiscard]] Result<void> recover();
  void append(store::BodyId body, std::string chunk, Callback<Result<store::BodyId>> done);
  void discard(store::BodyId body);
  void commit(NewMessage message, Callback<Result<Queue::Committed>> done);
  void ledger(std::vector<confirm::LedgerKey> keys,
              Callback<Result<std::vector<std::optional<confirm::LedgerRow>>>> done);
  void on_due(store::Route route, std::function<void()> wake);
  void forget_wakes();
  void take(store::Route route, Callback<Result<std::optional<Job>>> done);
  [[nodiscard]] std::optional<TimePoint> next_due(store::Route route) const;
  void finish(Job job, std::vector<Outcome> outcomes, Callback<Result<void>> done);
  void body_chunk(store::BodyId body, std::uint32_t n, Callback<Result<std::string>> done);
  void list(store::QueueId after, std::size_t limit, Callback<Result<std::vector<Queue::Entry>>> done);
  void retry(store::QueueId id, Callback<Result<std::size_t>> done);
  [[nodiscard]] const std::string& secret() const { return secret_; }

 private:
  using ReportPtr = std::shared_ptr<const Report>;
  struct State {
    Schedule schedule;
    std::deque<ReportPtr> unrecorded;  // finish() could not write them
    TimePoint record_at;               // not before
    TimePoint ledger_expired_at;
  };
  /// What a take() does next.
  struct Next {
    ReportPtr record;
    std::optional<Schedule::Lease> lease;
  };

  // queue_recover.cpp
  [[nodiscard]] Result<void> load_secret();
  [[nodiscard]] Result<void> load_schedule();
  void expire_ledger_now_and_then();
  void expire_ledger();

  // queue_out.cpp
  [[nodiscard]] Next next_step(store::Route route);
  void load_job(Schedule::Lease lease, store::Route route, Callback<Result<std::optional<Job>>> done);

  void record(ReportPtr report, Callback<Result<void>> done);
  void recorded(const FinishWork& work);
  void not_recorded(const ReportPtr& report, const Error& error);

  void schedule_entered(const Entered& entered);
  void wake(store::Route route) const;
  void wake_all() const;

  store::Store& store_;
  const Clock& clock_;
  Random& random_;
  EventSink& events_;
  const Options options_;
  std::string secret_;  // written by recover(), before any session
  Guarded<State> state_;
  Guarded<std::array<std::function<void()>, 2>> wakes_;
};

}  // namespace cas::queue
