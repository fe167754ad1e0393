// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The queue's way out: leases, attempts, and the record of what became of them.
#include "queue/events.hpp"
#include "queue/queue_impl.hpp"

namespace cas::queue {
namespace {

constexpr std::chrono::seconds record_pause{5};  // until a report that could not be written is tried again
constexpr std::chrono::seconds read_pause{60};   // until a job that could not be read is

/// Of all rows of a message those that the lease names, while they wait.
std::vector<store::Recipient> leased(std::vector<store::Recipient> rows, const Schedule::Lease& lease) {
  std::erase_if(rows, [&](const store::Recipient& row) {
    return row.state != store::RecipientState::Waiting || !std::ranges::binary_search(lease.recipients, row.index);
  });
  return rows;
}

}  // namespace

// ---- Taking ----

QueueImpl::Next QueueImpl::next_step(store::Route route) {
  const TimePoint now = clock_.now();
  return state_.with([&](State& state) -> Next {
    if (state.unrecorded.empty()) return {.record = {}, .lease = state.schedule.take(route, now)};
    if (now < state.record_at) return {};
    Next next{.record = std::move(state.unrecorded.front()), .lease = {}};
    state.unrecorded.pop_front();
    return next;
  });
}

void QueueImpl::take(store::Route route, Callback<Result<std::optional<Job>>> done) {
  Next next = next_step(route);
  if (next.lease) return load_job(*std::move(next.lease), route, std::move(done));
  if (!next.record) return done(std::optional<Job>());
  record(std::move(next.record),
         [self = shared_from_this(), route, done = std::move(done)](Result<void> result) mutable {
           if (!result && result.error().lasting == Lasting::Transient)
             return done(std::unexpected(std::move(result).error()));
           self->take(route, std::move(done));
         });
}

void QueueImpl::load_job(Schedule::Lease lease, store::Route route, Callback<Result<std::optional<Job>>> done) {
  struct Loaded {
    Schedule::Lease lease;
    std::optional<Job> job;
  };
  auto loaded = std::make_shared<Loaded>(Loaded{.lease = std::move(lease), .job = {}});
  auto work = [loaded](store::Reader& reader) -> Result<void> {
    const store::QueueId& id = loaded->lease.group.id;
    CAS_TRY(auto message, reader.message(id));
    if (!message) return {};
    CAS_TRY(auto rows, reader.recipients(id));
    rows = leased(std::move(rows), loaded->lease);
    if (rows.empty()) return {};
    loaded->job =
        Job{.message = *std::move(message), .recipients = std::move(rows), .recovered = loaded->lease.recovered};
    return {};
  };
  store_.read(std::move(work),
              [self = shared_from_this(), loaded, route, done = std::move(done)](Result<void> result) mutable {
                if (result && loaded->job) return done(std::move(loaded->job));
                const auto& group = loaded->lease.group;
                const bool again = !result && result.error().lasting == Lasting::Transient;
                self->state_.with([&](State& state) {
                  const TimePoint later = self->clock_.now() + read_pause;
                  for (const auto index : loaded->lease.recipients) {
                    if (again) state.schedule.add(group, index, later, loaded->lease.recovered);
                  }
                  state.schedule.end(group);
                });
                if (again) return done(std::unexpected(std::move(result).error()));
                if (!result) {  // it rests until the next start
                  store::Message unreadable;
                  unreadable.id = group.id;
                  emit_trouble(self->events_, unreadable, "damaged", result.error());
                }
                self->take(route, std::move(done));
              });
}

std::optional<TimePoint> QueueImpl::next_due(store::Route route) const {
  return state_.with([&](const State& state) {
    return state.unrecorded.empty() ? state.schedule.next_due(route) : std::optional(state.record_at);
  });
}

// ---- Finishing ----

void QueueImpl::finish(Job job, std::vector<Outcome> outcomes, Callback<Result<void>> done) {
  if (job.recipients.empty()) return done(Result<void>());
  outcomes.resize(job.recipients.size());  // nothing said about a recipient: deferred
  auto report = std::make_shared<const Report>(
      Report{.job = std::move(job), .outcomes = std::move(outcomes), .at = clock_.now()});
  record(std::move(report), std::move(done));
}

void QueueImpl::record(ReportPtr report, Callback<Result<void>> done) {
  auto work = std::make_shared<FinishWork>(report, options_, random_);
  store_.write([work](store::Tx& tx) { return work->run(tx); },
               [self = shared_from_this(), work, report, done = std::move(done)](Result<void> result) mutable {
                 if (result) {
                   self->recorded(*work);
                 } else {
                   self->not_recorded(report, result.error());
                 }
                 done(std::move(result));
               });
}

void QueueImpl::recorded(const FinishWork& work) {
  emit_finished(events_, work);
  const GroupKey group = group_of(work.report().job);
  state_.with([&](State& state) {
    for (const auto& recipient : work.settled()) {
      if (recipient.state != store::RecipientState::Waiting) continue;
      state.schedule.add(group, recipient.index, recipient.next_attempt);
    }
    state.schedule.end(group);
    if (!work.bounce()) return;
    for (const auto& recipient : work.bounce()->recipients) {
      state.schedule.add(group_of(work.bounce()->message.id, recipient), recipient.index, recipient.next_attempt);
    }
  });
  wake_all();
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
