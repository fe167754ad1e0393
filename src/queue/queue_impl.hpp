// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Behind queue.hpp: what the callbacks share. They keep it alive until the last of them ran.
#pragma once

#include <deque>

#include "base/guarded.hpp"
#include "queue/body_cache.hpp"
#include "queue/known_intents.hpp"
#include "queue/work.hpp"

namespace cas::queue {

class QueueImpl : public std::enable_shared_from_this<QueueImpl> {
 public:
  QueueImpl(store::Store& store, const Clock& clock, Random& random, EventSink& events, Options options);

  [[nodiscard]] Result<void> recover();
  [[nodiscard]] std::shared_ptr<store::Draft> draft() { return store_.draft(); }
  void append(std::shared_ptr<store::Draft> draft, std::string chunk, Callback<Result<void>> done);
  void commit(NewMessage message, Callback<Result<Queue::Committed>> done);
  void ledger(std::vector<confirm::LedgerKey> keys,
              Callback<Result<std::vector<std::optional<confirm::LedgerRow>>>> done);
  void on_due(store::Route route, std::function<void()> wake);
  void forget_wakes();
  void reroute();
  void take(store::Route route, Callback<Result<std::optional<Job>>> done);
  [[nodiscard]] std::optional<TimePoint> next_due(store::Route route) const;
  void finish(Job job, std::vector<Outcome> outcomes, Callback<Result<void>> done);
  void body_chunk(store::BodyId body, std::uint32_t n, Callback<Result<std::string>> done);
  void list(Filter filter, store::QueueId after, std::size_t limit, Callback<Result<Queue::Page>> done);
  void show(store::QueueId id, Callback<Result<std::optional<Queue::Entry>>> done);
  void stats(Callback<Result<Stats>> done);
  void numbers(Callback<Result<Numbers>> done);
  void steer(Steering steering, store::QueueId after, Callback<Result<Steered>> done);
  void suspend(Domain domain, std::string reason, std::string by, Callback<Result<void>> done);
  void resume(Domain domain, std::string by, Callback<Result<bool>> done);
  void pause_all(std::string reason, std::string by, Callback<Result<void>> done);
  void resume_all(std::string by, Callback<Result<bool>> done);
  [[nodiscard]] const std::string& secret() const { return secret_; }

 private:
  using ReportPtr = std::shared_ptr<const Report>;
  using TakeDone = Callback<Result<std::optional<Job>>>;
  struct Parked {
    store::Route route;
    TakeDone done;
  };
  struct State {
    explicit State(ScheduleOptions options) : schedule(std::move(options)) {}

    Schedule schedule;
    std::deque<ReportPtr> unrecorded;  // finish() could not write them
    TimePoint record_at;               // not before
    const Report* retried = nullptr;   // the one of them that is being written again
    std::size_t recording = 0;         // reports that are being written
    TimePoint clock_seen;              // by the last take
    TimePoint ledger_expired_at;
    TimePoint kept_looked_at{};  // the last look for what was kept long enough

    // Reading ahead (queue_read.cpp).
    store::Reader::Moment scanned{};     // what is due until then is known to the schedule
    std::optional<TimePoint> scan_at{};  // when there is more to scan; none: nothing waits
    bool reading = false;                // one read at a time
    bool scan_next = true;               // scans and loads take turns
    std::optional<TimePoint> noted{};    // the earliest time noted while a scan was under way
    std::vector<Parked> parked;          // takes that wait for what is being read
    std::set<store::QueueId> damaged;    // told already

    std::map<std::string, std::string> suspended;  // domain, and why
    std::optional<std::string> paused;             // why
  };
  /// What a take() does next.
  struct Next {
    ReportPtr record;
    std::optional<Work> work;
    bool parked = false;
  };
  struct Read {
    std::optional<Schedule::Load> load;  // otherwise a scan
    store::Reader::Moment after{};
    TimePoint until;
  };

  // queue_recover.cpp
  [[nodiscard]] Result<void> load_secret();
  void load_known_intents();
  void load_known_intents(confirm::LedgerKey after);
  [[nodiscard]] bool is_time(TimePoint State::* last, milliseconds pause);
  void expire_now_and_then();
  void expire();

  // queue_clock.cpp
  struct SetBack {
    TimePoint now;
    milliseconds by;   // what waits is due so much earlier
    TimePoint latest;  // and not later than this
  };
  void watch_clock();
  [[nodiscard]] Result<void> look_at_clock();
  void bring_back(const SetBack& clock, store::QueueId after);

  // queue_kept.cpp
  void remove_kept_now_and_then();
  void look_for_kept(store::QueueId after, TimePoint before);
  void remove_kept(std::vector<store::Message> messages);

  // queue_read.cpp
  static void note(State& state, TimePoint next);
  [[nodiscard]] static bool can_read(const State& state, TimePoint now);
  [[nodiscard]] static std::optional<Read> plan_read(State& state, TimePoint now);
  void read_ahead();
  void scan(const Read& read);
  void load(const Read& read);
  void read_done(const Result<void>& result);
  void ask_again();
  void tell_damaged(const std::vector<std::pair<store::QueueId, Error>>& damaged);

  // queue_see.cpp
  [[nodiscard]] bool leased(const store::QueueId& id, const store::Recipient& recipient) const;
  [[nodiscard]] Queue::Entry entry_of(store::Message message, std::vector<store::Recipient> recipients) const;
  void stats_page(std::shared_ptr<Stats> stats, store::QueueId after, Callback<Result<Stats>> done);
  void count(const Queue::Entry& entry, Stats& stats) const;
  void add_schedule(Stats& stats) const;

  // queue_steer.cpp
  struct Found;
  struct Change;
  [[nodiscard]] Result<void> look_at(store::Reader& reader, const Steering& steering, const store::Message& message,
                                     Found& found) const;
  void change(std::shared_ptr<Change> change, Callback<Result<Steered>> done);
  [[nodiscard]] Result<void> change_message(store::Tx& tx, const store::QueueId& id, Change& change);
  [[nodiscard]] Result<void> bounce_rows(store::Tx& tx, const store::Message& message,
                                         std::vector<store::Recipient> rows, Change& change);
  void changed(const Change& change);

  // queue_pause.cpp
  [[nodiscard]] Result<void> load_suspended();
  void keep(std::string_view kind, std::string name, std::string value, Callback<Result<void>> done);
  void forget(std::string_view kind, std::string name, Callback<Result<bool>> done);

  // queue_out.cpp
  [[nodiscard]] Next next_step(store::Route route, TakeDone& done);
  void release(const Report& report);
  void record(ReportPtr report, Callback<Result<void>> done);
  void recorded(const FinishWork& work);
  void not_recorded(const ReportPtr& report, const Error& error);

  void schedule_entered(const Entered& entered, std::string body);
  static void offer(State& state, const Entered& entered, const BodyCache::Held& body);
  void wake(store::Route route) const;
  void wake_all() const;

  store::Store& store_;
  const Clock& clock_;
  Random& random_;
  EventSink& events_;
  const Options options_;
  std::string secret_;  // written by recover(), before any session
  std::shared_ptr<BodyCache> bodies_;
  KnownIntents known_intents_;
  Guarded<State> state_;
  Guarded<std::array<std::function<void()>, 2>> wakes_;
};

}  // namespace cas::queue
