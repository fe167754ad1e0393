// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// How those who send to us behaved, in a memory that fades and does not grow: counts of good and bad deeds that halve
// with time, and when a name was first seen. Handed the time. A full table forgets those with least to say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "policy/slot_table.hpp"

namespace cas::policy {

/// Good: mail that a mailbox took. Bad: blocked, forged, or not what its intent said. Miss: told of a mailbox that does
/// not exist.
enum class Deed { Good, Bad, Miss };

struct History {
  double good = 0;
  double bad = 0;
  double misses = 0;
  TimePoint first{};  // when the name was first seen
  TimePoint at{};     // of the counts
};

struct ReputationOptions {
  std::size_t capacity = 50000;                 // names; about 200 octets each, 400 at most
  std::chrono::hours half_life{7 * 24};         // of good and bad deeds
  std::chrono::seconds miss_memory{24 * 3600};  // n misses in each of these read n
};

/// Not thread-safe.
class Reputation {
 public:
  /// `seed`: keeps who chooses the names from choosing collisions.
  explicit Reputation(ReputationOptions options, std::uint64_t seed = 0) : options_(options), seed_(seed) {}

  /// A name longer than 255 octets is nobody's.
  void note(std::string_view name, Deed deed, TimePoint now);
  /// As the counts are now; a clock that was set back fades nothing. None: nothing is known.
  [[nodiscard]] std::optional<History> find(std::string_view name, TimePoint now) const;
  /// What was kept elsewhere, in place of what is known. Numbers that are none count as 0.
  void restore(std::string_view name, const History& history, TimePoint now);
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  /// How many good deeds an interval of that length has, by the average of the last weeks.
  [[nodiscard]] double good_in(const History& history, std::chrono::seconds interval) const;

  /// Calls `visit(name, history)` for each; the counts as of History::at.
  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& entry : entries_) visit(std::string_view(entry.name), entry.history);
  }

 private:
  struct Entry {
    std::string name;
    std::uint32_t hash = 0;
    History history;
  };
  [[nodiscard]] History faded(const History& history, TimePoint now) const;
  [[nodiscard]] std::optional<std::uint32_t> slot_of(std::string_view name, std::uint32_t hash) const;
  Entry* place_for(std::string_view name, TimePoint now);
  void make_room(TimePoint now);

  ReputationOptions options_;
  std::uint64_t seed_;
  std::vector<Entry> entries_;
  SlotTable slots_;
};

}  // namespace cas::policy
