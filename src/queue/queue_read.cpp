// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Reading ahead: which flows have become due (a scan over time), and the next rows of one flow (a load). One read at a
// time; takes that found nothing wait for it.
#include <limits>

#include "queue/events.hpp"
#include "queue/queue_impl.hpp"

namespace cas::queue {
namespace {

constexpr std::size_t moments_at_once = Schedule::findings;
constexpr std::size_t most_damaged = 1000;

/// Rows of one group together, the groups in the order of their first rows.
std::vector<Work> works_of(std::vector<store::Reader::Due> rows) {
  std::vector<Work> works;
  std::map<GroupKey, std::size_t> places;
  for (auto& [message, recipient] : rows) {
    const auto [at, first] = places.emplace(group_of(message.id, recipient), works.size());
    if (first) {
      works.emplace_back();
      works.back().message = std::make_shared<const store::Message>(std::move(message));
      works.back().loaded = true;
    }
    works[at->second].recipients.push_back(std::move(recipient));
  }
  for (auto& work : works) std::ranges::sort(work.recipients, {}, &store::Recipient::index);
  return works;
}

}  // namespace

/// A recipient waits until `next`: no scan may have passed it.
void QueueImpl::note(State& state, TimePoint next) {
  if (state.reading) state.noted = std::min(state.noted.value_or(next), next);
  if (next <= state.scanned.next) {
    state.scanned = {.next = next - milliseconds(1), .flow = std::numeric_limits<store::FlowId>::max()};
  }
  state.scan_at = std::min(state.scan_at.value_or(next), next);
}

bool QueueImpl::can_read(const State& state, TimePoint now) {
  const bool scan = state.scan_at && *state.scan_at <= now && state.schedule.room_for_findings();
  return scan || state.schedule.wants_load();
}

std::optional<QueueImpl::Read> QueueImpl::plan_read(State& state, TimePoint now) {
  if (state.reading) return std::nullopt;
  const bool can_scan = state.scan_at && *state.scan_at <= now && state.schedule.room_for_findings();
  std::optional<Schedule::Load> load;
  if (!can_scan || !state.scan_next) load = state.schedule.begin_load(now);
  if (!load && !can_scan) return std::nullopt;
  state.reading = true;
  state.scan_next = load.has_value();
  state.noted.reset();
  return Read{.load = load, .after = state.scanned, .until = now};
}

void QueueImpl::read_ahead() {
  std::vector<Parked> in_vain;
  const auto read = state_.with([&](State& state) {
    auto planned = plan_read(state, clock_.now());
    const bool writing = state.recording > 0 || state.retried != nullptr;
    if (!planned && !state.reading && !writing) in_vain = std::exchange(state.parked, {});
    return planned;
  });
  for (auto& [route, done] : in_vain) done(std::optional<Job>());
  if (!read) return;
  if (read->load) {
    load(*read);
  } else {
    scan(*read);
  }
}

void QueueImpl::scan(const Read& read) {
  struct Found {
    std::vector<store::Reader::Moment> moments;
    std::optional<TimePoint> next;
  };
  auto found = std::make_shared<Found>();
  auto work = [found, read](store::Reader& reader) -> Result<void> {
    CAS_TRY(found->moments, reader.moments(read.after, read.until, moments_at_once));
    if (found->moments.size() == moments_at_once) return {};
    CAS_TRY(found->next, reader.next_moment(read.until));
    return {};
  };
  store_.read(std::move(work), [self = shared_from_this(), found, read](const Result<void>& result) {
    self->state_.with([&](State& state) {
      if (!result) return;
      for (const auto& moment : found->moments) {
        state.schedule.found(moment.flow);
        state.scanned = moment;
      }
      if (found->moments.size() < moments_at_once) {
        state.scanned = {.next = read.until, .flow = std::numeric_limits<store::FlowId>::max()};
        state.scan_at = found->next;
      }
      if (const auto noted = std::exchange(state.noted, std::nullopt)) note(state, *noted);
    });
    self->read_done(result);
  });
}

void QueueImpl::load(const Read& read) {
  auto found = std::make_shared<store::Reader::Dues>();
  auto work = [found, read](store::Reader& reader) -> Result<void> {
    CAS_TRY(*found, reader.due(read.load->flow, read.until, read.load->limit));
    return {};
  };
  store_.read(std::move(work), [self = shared_from_this(), found, read](const Result<void>& result) {
    self->tell_damaged(found->damaged);
    self->state_.with([&](State& state) {
      if (!result) return state.schedule.load_failed();
      const bool full = found->rows.size() == read.load->limit;
      state.schedule.loaded(works_of(std::move(found->rows)), full);
    });
    self->read_done(result);
  });
}

void QueueImpl::read_done(const Result<void>& result) {
  auto parked = state_.with([&](State& state) {
    state.reading = false;
    return result ? std::vector<Parked>() : std::exchange(state.parked, {});
  });
  for (auto& [route, done] : parked) done(std::unexpected(result.error()));
  ask_again();
}

/// Those who waited take: what they find missing begins the next read.
void QueueImpl::ask_again() {
  auto parked = state_.with([&](State& state) { return std::exchange(state.parked, {}); });
  for (auto& [route, done] : parked) take(route, std::move(done));
}

/// Such rows rest: what cannot be understood cannot be delivered. Told once.
void QueueImpl::tell_damaged(const std::vector<std::pair<store::QueueId, Error>>& damaged) {
  for (const auto& [id, error] : damaged) {
    const bool first = state_.with(
        [&](State& state) { return state.damaged.size() < most_damaged && state.damaged.insert(id).second; });
    if (!first) continue;
    store::Message unreadable;
    unreadable.id = id;
    emit_trouble(events_, unreadable, "damaged", error);
  }
}

}  // namespace cas::queue
