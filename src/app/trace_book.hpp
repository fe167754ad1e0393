// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The last events in memory, found by trace id or queue id: what `cas trace` shows.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/guarded.hpp"
#include "http/admin_api.hpp"

namespace cas::app {

struct TraceBookOptions {
  std::size_t max_events = 20000;
  std::size_t max_octets = std::size_t{32} << 20;  // of all texts kept
  std::size_t max_answer = 2000;                   // events in one answer; the newest
};

/// Thread-safe. The oldest events go first. Events that belong to no message are not kept.
class TraceBook {
 public:
  explicit TraceBook(TraceBookOptions options = {}) : options_(options) {}

  void record(TimePoint at, Event event);
  /// The events of one message, in the order they happened: those with this trace id or queue id, and, since a message
  /// gets its queue id in mid-life, those of every trace id that goes with it.
  [[nodiscard]] std::vector<http::RecordedEvent> find(std::string_view id) const;
  [[nodiscard]] std::size_t size() const;

 private:
  using Serial = std::uint64_t;
  static constexpr Serial none = ~Serial{0};
  /// An event, and the next one that has its trace id, and its queue id.
  struct Kept {
    http::RecordedEvent recorded;
    std::size_t octets = 0;
    Serial next_of_trace = none;
    Serial next_of_queue_id = none;
  };
  struct Chain {
    Serial oldest = none;
    Serial newest = none;
  };
  struct State {
    std::deque<Kept> events;
    Serial first = 0;  // of events.front()
    std::size_t octets = 0;
    std::unordered_map<std::string, Chain> by_id;
  };
  template <class AnyState>
  [[nodiscard]] static auto& next(AnyState& state, Serial serial, const std::string& id);
  static void append(State& state, const std::string& id, Serial serial);
  static void drop_oldest(State& state);
  static void forget(State& state, const std::string& id);

  TraceBookOptions options_;
  Guarded<State> state_;
};

}  // namespace cas::app
