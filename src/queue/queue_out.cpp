// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The queue's way out: leases, attempts, and the record of what became of them.
#include <new>

#include "queue/events.hpp"
#include "queue/queue_impl.hpp"
#include "queue/settle.hpp"

namespace cas::queue {
namespace {

constexpr std::chrono::seconds record_pause{5};  // until a report that could not be written is tried again

// Attempts that fail at once come faster than the disk can take them; mail that comes in needs it too.
constexpr std::size_t most_recording = 400;

Job job_of(Work work) {
  const bool loaded = work.loaded;
  return Job{.message = *work.message,
             .recipients = std::move(work.recipients),
             .body = std::move(work.body),
             .whole = work.whole,
             .recovered = loaded};
}

/// An exception is a bug, which comes again with the same report: nobody else may wait for it.
Result<void> run_record(FinishWork& work, store::Tx& tx) {
  try {
    return work.run(tx);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& e) {
    return permanent("internal error", std::string("exception in the record of an attempt: ") + e.what());
  }
}

}  // namespace

// ---- Taking ----

/// Takes `done` when the take has to wait.
QueueImpl::Next QueueImpl::next_step(store::Route route, TakeDone& done) {
  const TimePoint now = clock_.now();
  return state_.with([&](State& state) -> Next {
    if (state.retried != nullptr) {
      state.parked.push_back({.route = route, .done = std::move(done)});
      return {.record = {}, .work = {}, .parked = true};
    }
    if (!state.unrecorded.empty()) {
      if (now < state.record_at) return {};
      Next next{.record = std::move(state.unrecorded.front()), .work = {}};
      state.unrecorded.pop_front();
      state.retried = next.record.get();
      return next;
    }
    if (state.paused) return {};
    const bool busy = state.recording >= most_recording;
    std::optional<Work> work;
    if (!busy) work = state.schedule.take(route, now);
    const bool park = !work && (busy || state.reading || can_read(state, now));
    if (park) state.parked.push_back({.route = route, .done = std::move(done)});
    return {.record = {}, .work = std::move(work), .parked = park};
  });
}

void QueueImpl::take(store::Route route, TakeDone done) {
  watch_clock();
  Next next = next_step(route, done);
  if (next.work) {
    read_ahead();
    return done(std::optional(job_of(*std::move(next.work))));
  }
  if (next.record) {
    return record(std::move(next.record),
                  [self = shared_from_this(), route, done = std::move(done)](Result<void> result) mutable {
                    if (!result && result.error().lasting == Lasting::Transient)
                      return done(std::unexpected(std::move(result).error()));
                    self->take(route, std::move(done));
                  });
  }
  if (!next.parked) return done(std::optional<Job>());
  read_ahead();
}

std::optional<TimePoint> QueueImpl::next_due(store::Route route) const {
  const TimePoint now = clock_.now();
  return state_.with([&](const State& state) -> std::optional<TimePoint> {
    if (!state.unrecorded.empty()) return state.record_at;
    if (state.paused) return std::nullopt;
    auto next = state.schedule.next(route, now);
    if (state.scan_at && state.schedule.room_for_findings())
      next = std::min(next.value_or(*state.scan_at), *state.scan_at);
    return next;
  });
}

// ---- Finishing ----

void QueueImpl::finish(Job job, std::vector<Outcome> outcomes, Callback<Result<void>> done) {
  if (job.recipients.empty()) return done(Result<void>());
  outcomes.resize(job.recipients.size());  // nothing said about a recipient: deferred
  job.body.reset();
  auto report = std::make_shared<const Report>(
      Report{.job = std::move(job), .outcomes = std::move(outcomes), .at = clock_.now()});
  release(*report);
  record(std::move(report), std::move(done));
}

/// The destination may have the next one while this outcome is being written.
void QueueImpl::release(const Report& report) {
  const GroupKey group = group_of(report.job);
  const std::uint64_t lot = draw(random_);
  const bool rests = state_.with(
      [&](State& state) { return state.schedule.released(group, feedback_of(report.outcomes), report.at, lot); });
  if (rests) emit_resting(events_, group.domain, report.outcomes.front());
  ask_again();
  wake(group.route);
}

void QueueImpl::record(ReportPtr report, Callback<Result<void>> done) {
  auto work = std::make_shared<FinishWork>(report, options_, random_);
  state_.with([](State& state) { ++state.recording; });
  store_.write([work](store::Tx& tx) { return run_record(*work, tx); },
               [self = shared_from_this(), work, report, done = std::move(done)](Result<void> result) mutable {
                 self->state_.with([&](State& state) {
                   --state.recording;
                   if (state.retried == report.get()) state.retried = nullptr;
                 });
                 if (result) {
                   self->recorded(*work);
                 } else {
                   self->not_recorded(report, result.error());
                 }
                 self->ask_again();
                 done(std::move(result));
               });
}

void QueueImpl::recorded(const FinishWork& work) {
  emit_finished(events_, work);
  const bool earlier = state_.with([&](State& state) {
    const auto before = state.scan_at;
    for (const auto& recipient : work.settled()) {
      if (recipient.state == store::RecipientState::Waiting) note(state, recipient.next_attempt);
    }
    state.schedule.end(group_of(work.report().job));
    for (const auto& notice : work.notices()) offer(state, notice.entered, nullptr);
    // Rows of this group that fell due while it was tried can be loaded only now.
    return state.scan_at != before || !work.notices().empty() || state.schedule.wants_load();
  });
  if (earlier) wake_all();
}

/// The lease goes on: nobody tries again what was tried, until the record stands.
void QueueImpl::not_recorded(const ReportPtr& report, const Error& error) {
  emit_trouble(events_, report->job.message, error.lasting == Lasting::Permanent ? "damaged" : "unrecorded", error);
  if (error.lasting == Lasting::Permanent) return;  // it rests until the next start
  state_.with([&](State& state) {
    state.unrecorded.push_back(report);
    state.record_at = clock_.now() + record_pause;
  });
  wake_all();  // next_due() has changed
}

}  // namespace cas::queue
