// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Who comes next. The store knows all that waits; here is only what is about to be tried, a bounded part of what is
// due. Its unit is the group: the due recipients of one message, one route and one domain. Turns are taken on three
// levels, so that nobody's flood starves another: destinations, the senders to one destination, and a sender's flows
// (one for each domain; they differ where one next hop takes the mail of many). In a flow new mail and mail that was
// loaded take turns too.
//
// A destination is what has a pace (pace.hpp). When it rests, what is known of its groups is dropped; the flow is
// remembered as having more in the store, and loaded again when the rest is over.
//
//   offer() what was committed; take(), released(), end(); begin_load() -> the store -> loaded(); found() what a scan
//   saw
//
// Pure; not thread-safe.
#pragma once

#include <array>
#include <compare>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "queue/pace.hpp"
#include "queue/ring.hpp"
#include "store/rows.hpp"

namespace cas::queue {

/// Of what a job is made: recipients that go the same way.
struct GroupKey {
  store::QueueId id;
  store::Route route = store::Route::Local;
  std::string domain;  // an address literal stands in brackets
  auto operator<=>(const GroupKey&) const = default;
};
[[nodiscard]] GroupKey group_of(const store::QueueId& id, const store::Recipient& recipient);

/// A group with all that an attempt needs.
struct Work {
  std::shared_ptr<const store::Message> message;
  std::vector<store::Recipient> recipients;  // by index; at least one
  std::shared_ptr<const std::string> body;   // where it is in memory still
  bool whole = false;                        // these are all recipients of the message
  bool loaded = false;                       // it comes from the store
};

struct ScheduleOptions {
  std::size_t capacity = 20'000;                  // groups known at once
  std::size_t per_sender = 128;                   // of them to one destination from one sender
  std::size_t per_load = 128;                     // rows asked for at once
  std::size_t first_load = 2;                     // of a flow nothing is known of; one row: that was all
  std::size_t most_probes = 20;                   // attempts at once to destinations that failed last
  PaceLimits local{.initial = 256, .most = 256};  // of one domain of ours
  /// The name of a domain's destination, and its limits; called under a lock, on any thread. None: the domain itself,
  /// as PaceLimits say.
  struct Destination {
    std::string name;
    PaceLimits limits;
  };
  std::function<Destination(const std::string& domain)> destination_for = {};
};

class Schedule {
 public:
  explicit Schedule(ScheduleOptions options);
  ~Schedule();
  Schedule(const Schedule&) = delete;
  Schedule& operator=(const Schedule&) = delete;

  // ---- What is due ----
  /// One group that was committed just now. Without room its flow is noted as having more in the store.
  void offer(Work work);
  /// The store has due rows of this flow. At most `findings` of them once there is room for findings.
  static constexpr std::size_t findings = 2000;
  void found(store::FlowId flow);
  [[nodiscard]] bool room_for_findings() const { return unknown_.size() < most_unknown / 2; }
  /// A flow whose due rows should be loaded, and how many at most; one at a time: loaded() ends it.
  struct Load {
    store::FlowId flow = 0;
    std::size_t limit = 0;
  };
  [[nodiscard]] std::optional<Load> begin_load(TimePoint now);
  /// Whether begin_load() would give one, if no load is under way and but for destinations whose rest is over.
  [[nodiscard]] bool wants_load() const {
    return waiting_ < options_.capacity && (!unknown_.empty() || !hungry_.empty());
  }
  /// What the store gave, in its order; fewer than the limit: there was no more. Groups that are known, leased or ended
  /// meanwhile are passed over.
  void loaded(std::vector<Work> works, bool full);
  /// The store failed; the flow is asked for again.
  void load_failed();

  // ---- Turns ----
  /// A group that nobody else gets until end(); none: nothing is known to be due, or may begin now.
  [[nodiscard]] std::optional<Work> take(store::Route route, TimePoint now);
  /// The attempt is over, its outcome not yet in the store. True: the destination begins to rest.
  bool released(const GroupKey& group, Feedback feedback, TimePoint now, std::uint64_t lot);
  /// The outcome is in the store. After released().
  void end(const GroupKey& group);
  /// When take() gives something for what is known here; in the past: at once. None: never, as things stand.
  [[nodiscard]] std::optional<TimePoint> next(store::Route route, TimePoint now) const;

  // ---- Steering ----
  /// Forgets the groups of a message that are not leased: their rows changed, or are about to.
  void forget(const store::QueueId& id);
  [[nodiscard]] bool leased(const GroupKey& group) const;
  /// Until end_change() no group of this message is handed out that is not leased already: its rows are about to
  /// change, or to go. May nest.
  void begin_change(const store::QueueId& id);
  /// After the commit. What was passed over is looked for again.
  void end_change(const store::QueueId& id);
  /// Nothing for this domain is taken until resume().
  void suspend(const std::string& domain);
  void resume(const std::string& domain);
  /// No destination of this domain rests any longer.
  void wake(const std::string& domain);
  /// destination_for gives other names or limits: what waits goes where its domain's mail goes now, what is being tried
  /// ends first.
  void reroute();
  /// None at all does: the clock was set back.
  void wake_all();

  // ---- Seeing ----
  [[nodiscard]] std::size_t size() const { return groups_.size(); }
  struct DestinationState {
    std::string name;
    store::Route route = store::Route::Local;
    std::size_t known = 0;
    std::size_t in_flight = 0;
    std::size_t window = 0;
    std::optional<TimePoint> rests_until;
  };
  [[nodiscard]] std::vector<DestinationState> destinations(TimePoint now) const;

 private:
  static constexpr std::size_t most_unknown = 2 * findings;
  static constexpr std::size_t most_failed = 10'000;
  struct Flow;
  struct Sender;
  struct Destination;
  struct Entry {
    Work work;
    Flow* flow = nullptr;
    bool leased = false;
    std::vector<std::uint32_t> rows;  // leased: which recipients of the group are known
    bool more = false;                // leased, and the store has further rows of the group
  };
  using Groups = std::map<GroupKey, Entry>;

  // How flows come and go.
  Flow& known(const store::Message& message, const store::Recipient& recipient);
  void attach(Flow& flow, const store::Message& message, const store::Recipient& recipient);
  [[nodiscard]] ScheduleOptions::Destination destination_of(const std::string& domain, store::Route route) const;
  void detach(Flow& flow);
  void lose_flow(Sender& sender);
  void tidy(Flow& flow);
  void tidy(Destination& destination);

  // How groups come and go.
  [[nodiscard]] bool has_room(const Flow& flow, std::size_t capacity) const;
  void insert(Flow& flow, GroupKey key, Work work, bool fresh);
  static void merge(Entry& entry, Work work);
  void erase(Groups::iterator at);
  void drop_known(Flow& flow);

  // Turns.
  void join_ready(Destination& destination);
  void rest(Destination& destination, TimePoint until);
  void wake_rested(store::Route route, TimePoint now);
  void wake(Destination& destination);
  [[nodiscard]] std::optional<Groups::iterator> next_group(Destination& destination);
  void mark_more(Flow& flow);
  void make_hungry(Flow& flow);
  void make_hungry(Sender& sender);
  void make_hungry(Destination& destination);
  [[nodiscard]] static bool may_load(const Destination& destination);
  [[nodiscard]] bool is_suspended(const Flow& flow) const;
  [[nodiscard]] std::optional<Load> load_of(Flow& flow);

  ScheduleOptions options_;
  Groups groups_;
  std::unordered_map<store::FlowId, std::unique_ptr<Flow>> flows_;
  std::map<std::pair<store::Route, std::string>, std::unique_ptr<Destination>> destinations_;
  std::array<Ring<Destination>, 2> ready_;                               // by route
  std::array<std::set<std::pair<TimePoint, Destination*>>, 2> resting_;  // by route
  Ring<Destination> failed_;  // without mail that is due, remembered because they failed last
  Ring<Flow> unknown_;        // found, never loaded
  Ring<Destination> hungry_;  // some flow of theirs has more in the store
  std::set<std::string, std::less<>> suspended_;
  Flow* loading_ = nullptr;
  bool dirty_ = false;        // rows of the flow in loading_ were committed or found meanwhile
  std::set<GroupKey> ended_;  // since the load began
  struct Changing {
    std::size_t times = 0;
    std::set<store::FlowId> passed_over;
  };
  std::map<store::QueueId, Changing> changing_;
  std::set<store::QueueId> changed_;  // since the load began
  std::size_t waiting_ = 0;           // groups known and not leased
  std::size_t probes_ = 0;
};

}  // namespace cas::queue
