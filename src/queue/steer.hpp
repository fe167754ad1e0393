// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What people do to the queue, and what they see of it, as values.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "queue/filter.hpp"
#include "queue/schedule.hpp"

namespace cas::queue {

enum class Action : std::uint8_t {
  Retry,    // waiting recipients are due now; destinations rest no longer
  Hold,     // waiting ones are not tried, and do not expire, until they are released
  Release,  // held ones are due now; a lifetime that is over ends with their next attempt
  Admit,    // those that the Screener keeps go to the inbox; where they are held for it they are due now
  Bounce,   // waiting and held ones fail, and the sender is told; nothing happens where nobody may be told
  Remove,   // waiting, held and failed ones are gone without a word
};
/// "retry", "hold", "release", "bounce", "remove".
[[nodiscard]] std::string_view to_string(Action action);

struct Steering {
  Action action = Action::Retry;
  Filter filter = {};
  std::string reason = {};  // Hold, Bounce, Remove: why, in the operator's words
  std::string by = {};      // who, for the log
  bool dry_run = false;
};

/// What became of one page of the queue; recipients are counted. What an action does not concern is not counted.
struct Steered {
  std::size_t matched = 0;
  std::size_t changed = 0;    // with a dry run: would be
  std::size_t in_flight = 0;  // being tried right now: left alone
  std::size_t untold = 0;     // Bounce: left alone, for nobody may be told
  struct Example {
    store::QueueId id;
    std::string sender, recipient;
  };
  std::vector<Example> examples;  // the first of them
  store::QueueId next;            // go on behind this one; empty: that was all
};

/// A domain that gets no mail for now.
struct Suspended {
  std::string domain;
  std::string reason;
};

/// What is cheap to know.
struct Numbers {
  store::Tally tally;
  std::size_t in_flight = 0;
  std::size_t destinations = 0;  // remote ones that the schedule knows
  std::size_t resting = 0;       // of them
  std::size_t suspended = 0;
  bool paused = false;
};

struct Stats {
  struct Destination {
    std::size_t waiting = 0, in_flight = 0, held = 0, failed = 0;
    std::optional<TimePoint> oldest;
    std::optional<std::size_t> window;
    std::optional<TimePoint> rests_until;
  };
  std::size_t messages = 0;
  std::size_t damaged = 0;  // messages that cannot be understood; nothing else counts them
  std::uint64_t octets = 0;
  std::optional<TimePoint> oldest;
  std::map<Standing, std::size_t> recipients;
  std::map<std::string, Destination> destinations;  // at most 10,000; the rest is "(others)"
  std::map<std::string, std::size_t> reasons;       // at most 1,000; the rest is "(others)"
  std::vector<Suspended> suspended;
  std::optional<std::string> paused;  // why
};

}  // namespace cas::queue
