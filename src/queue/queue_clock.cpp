// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A system clock that is set back. What waits is stored with the time of its next attempt, so it would wait as much
// longer; here it is brought back by as much. A clock that is set forward needs nothing: everything is due (settle.cpp
// says why nothing expires by that alone).
#include "queue/events.hpp"
#include "queue/queue_impl.hpp"

namespace cas::queue {
namespace {

constexpr std::chrono::seconds noticed{30};  // less is no matter
constexpr std::size_t messages_at_once = 100;
constexpr std::chrono::hours longest_hint{24};  // CAS §9.4

/// No attempt is placed further ahead than this.
milliseconds furthest(const Options& options) {
  const milliseconds longest = std::max<milliseconds>(options.max_retry, longest_hint);
  return longest + longest / 10;
}

}  // namespace

void QueueImpl::watch_clock() {
  const TimePoint now = clock_.now();
  const auto back = state_.with([&](State& state) {
    const TimePoint seen = std::exchange(state.clock_seen, now);
    if (seen <= now + noticed) return milliseconds(0);
    state.scanned = {};
    state.record_at = now;
    state.schedule.wake_all();
    return seen - now;
  });
  if (back == milliseconds(0)) return;
  emit_clock_set_back(events_, back);
  bring_back({.now = now, .by = back, .latest = now + furthest(options_)}, {});
}

/// What a clock of before has placed further ahead than anything could be.
Result<void> QueueImpl::look_at_clock() {
  const TimePoint now = clock_.now();
  const TimePoint latest = now + furthest(options_);
  state_.with([&](State& state) { state.clock_seen = now; });
  bool is_behind = false;
  CAS_CHECK(store::read_and_wait(store_, [&](store::Reader& reader) -> Result<void> {
    CAS_TRY(const auto later, reader.next_moment(latest));
    is_behind = later.has_value();
    return {};
  }));
  if (is_behind) bring_back({.now = now, .by = milliseconds(0), .latest = latest}, {});
  return {};
}

/// Page by page, so that the writers are not held up.
void QueueImpl::bring_back(const SetBack& clock, store::QueueId after) {
  auto next = std::make_shared<store::QueueId>();
  auto work = [next, clock, after = std::move(after)](store::Tx& tx) -> Result<void> {
    CAS_TRY(const auto found, tx.messages(after, messages_at_once));
    *next = found.next;
    for (const auto& message : found.rows) {
      CAS_TRY(auto rows, tx.recipients(message.id));
      for (auto& row : rows) {
        if (row.state != store::RecipientState::Waiting || row.next_attempt <= clock.now) continue;
        row.next_attempt = std::clamp(row.next_attempt - clock.by, clock.now, clock.latest);
        CAS_CHECK(tx.update_recipient(message.id, row));
      }
    }
    return {};
  };
  store_.write(std::move(work), [self = weak_from_this(), next, clock](const Result<void>& result) {
    const auto queue = self.lock();
    if (!queue) return;
    if (!result) return emit_trouble(queue->events_, {}, "clock-not-followed", result.error());
    queue->state_.with([&](State& state) { note(state, clock.now); });
    queue->wake_all();
    if (!next->empty()) queue->bring_back(clock, std::move(*next));
  });
}

}  // namespace cas::queue
