// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// When to try what next, in memory: the store knows it too, but is not asked for every job. Its unit is the group: the
// waiting recipients of one message, one route and one domain. Some 300 octets a group, 16 for each recipient in it.
// Pure; not thread-safe.
#pragma once

#include <array>
#include <compare>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

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

class Schedule {
 public:
  /// Recipients that somebody works on. The group gives no other lease until end().
  struct Lease {
    GroupKey group;
    std::vector<std::uint32_t> recipients;  // ascending
    bool recovered = false;                 // the first lease of a group that was added as recovered
  };

  void add(const GroupKey& group, std::uint32_t recipient, TimePoint next, bool recovered = false);
  /// The due recipients of the group that waits longest; none when nothing is due.
  [[nodiscard]] std::optional<Lease> take(store::Route route, TimePoint now);
  /// Recipients that go on waiting are added before.
  void end(const GroupKey& group);
  /// When the next take() gives something; none when nothing waits.
  [[nodiscard]] std::optional<TimePoint> next_due(store::Route route) const;
  /// Makes the waiting recipients of a message (of all when empty) due at `now` where they were due later; how many
  /// wait.
  std::size_t make_due(const store::QueueId& id, TimePoint now);
  /// None when it is leased or unknown.
  [[nodiscard]] std::optional<TimePoint> next_attempt(const GroupKey& group, std::uint32_t recipient) const;

 private:
  struct Slot {
    TimePoint next;
    std::uint32_t recipient;
  };
  struct Group {
    std::vector<Slot> waiting;
    bool leased = false;
    bool recovered = false;
  };
  using Groups = std::map<GroupKey, Group>;
  struct Turn {
    TimePoint next;
    const GroupKey* group;  // in groups_
    std::strong_ordering operator<=>(const Turn& other) const;
  };

  [[nodiscard]] static TimePoint earliest(const Group& group);
  [[nodiscard]] std::set<Turn>& turns(const GroupKey& group) { return turns_[static_cast<std::size_t>(group.route)]; }
  void enter(Groups::const_iterator at);
  void leave(Groups::const_iterator at);
  std::size_t make_due(Groups::iterator at, TimePoint now);

  Groups groups_;
  std::array<std::set<Turn>, 2> turns_;  // by route; groups that wait and are not leased
};

}  // namespace cas::queue
