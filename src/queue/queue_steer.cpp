// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What people do to the queue. A page is looked at in a read transaction; only what is meant is looked at again, and
// changed, in a write transaction. Meanwhile the schedule hands out none of it (begin_change).
#include "queue/bounce.hpp"
#include "queue/events.hpp"
#include "queue/queue_impl.hpp"
#include "store/values.hpp"

namespace cas::queue {
namespace {

using store::RecipientState;

constexpr std::size_t messages_at_once = 250;  // one transaction must not hold the writers up
constexpr std::size_t rows_at_once = 2000;     // a page ends with the message that brings it there
constexpr std::size_t most_examples = 10;

bool concerns(Action action, const store::Recipient& row) {
  const bool waiting = row.state == RecipientState::Waiting;
  const bool held = row.state == RecipientState::Held;
  switch (action) {
    case Action::Retry:
    case Action::Hold: return waiting;
    case Action::Release: return held;
    case Action::Admit: return (waiting || held) && !row.screened.empty();
    case Action::Bounce: return waiting || held;
    case Action::Remove: return waiting || held || row.state == RecipientState::Failed;
  }
  return false;
}

std::string_view event_name(Action action) {
  switch (action) {
    case Action::Retry: return "retry";
    case Action::Hold: return "held";
    case Action::Release: return "released";
    case Action::Admit: return "admitted";
    case Action::Bounce: return "returned";
    case Action::Remove: return "discarded";
  }
  return "steered";
}

/// RFC 3463 §3.8: other or undefined security status, the operator's own rule.
Outcome returned(const Steering& steering) {
  const std::string why = steering.reason.empty() ? "" : ": " + steering.reason;
  return {.kind = Outcome::Kind::Failed,
          .reply = smtp::Reply(550, smtp::EnhancedCode{5, 7, 0}, "Returned by the mail administrator" + why),
          .retry_after = {},
          .relay = {},
          .by_operator = true};
}

}  // namespace

std::string_view to_string(Action action) {
  switch (action) {
    case Action::Retry: return "retry";
    case Action::Hold: return "hold";
    case Action::Release: return "release";
    case Action::Admit: return "admit";
    case Action::Bounce: return "bounce";
    case Action::Remove: break;
  }
  return "remove";
}

struct QueueImpl::Found {
  Steered seen;
  std::vector<store::QueueId> ids;
};

struct QueueImpl::Change {
  Steering steering;
  Found found;
  TimePoint at;
  Steered steered;
  std::set<std::string> domains;  // with recipients that are due now
  std::vector<std::unique_ptr<FinishWork>> bounced;
  std::vector<std::pair<store::Message, std::vector<Mailbox>>> told;  // for events
  std::vector<store::Message> gone;
};

// ---- Looking ----

void QueueImpl::steer(Steering steering, store::QueueId after, Callback<Result<Steered>> done) {
  auto ask = [self = shared_from_this(), steering, after = std::move(after)](store::Reader& reader) -> Result<Found> {
    Found found;
    if (steering.filter.ids.empty()) {
      CAS_TRY(auto page, reader.messages(after, messages_at_once));
      found.seen.next = std::move(page.next);
      for (const auto& message : page.rows) {
        const auto looked = self->look_at(reader, steering, message, found);
        // What cannot be understood is passed over: `list` names it.
        if (!looked && looked.error().lasting == Lasting::Transient) return std::unexpected(looked.error());
        if (found.seen.matched < rows_at_once || message.id == page.rows.back().id) continue;
        found.seen.next = message.id;
        break;
      }
      return found;
    }
    auto at = steering.filter.ids.upper_bound(after);
    for (std::size_t n = 0; n < messages_at_once && at != steering.filter.ids.end(); ++n, ++at) {
      CAS_TRY(const auto message, reader.message(*at));
      if (message) CAS_CHECK(self->look_at(reader, steering, *message, found));
      found.seen.next = *at;
    }
    if (at == steering.filter.ids.end()) found.seen.next.clear();
    return found;
  };
  auto use = [self = shared_from_this(), steering, done = std::move(done)](Result<Found> found) mutable {
    if (!found) return done(std::unexpected(std::move(found).error()));
    if (steering.dry_run || found->ids.empty()) return done(std::move(found->seen));
    auto change = std::make_shared<Change>();
    change->steering = std::move(steering);
    change->found = *std::move(found);
    self->change(std::move(change), std::move(done));
  };
  store::read_value<Found>(store_, std::move(ask), std::move(use));
}

Result<void> QueueImpl::look_at(store::Reader& reader, const Steering& steering, const store::Message& message,
                                Found& found) const {
  if (!fits(steering.filter, message, clock_.now())) return {};
  CAS_TRY(const auto rows, reader.recipients(message.id));
  const auto before = found.seen.matched;
  for (const auto& row : rows) {
    const bool tried = leased(message.id, row);
    if (!concerns(steering.action, row) || !fits(steering.filter, row, tried)) continue;
    ++found.seen.matched;
    const bool untold = steering.action == Action::Bounce && !may_tell(message);
    ++(tried ? found.seen.in_flight : untold ? found.seen.untold : found.seen.changed);
    if (tried || untold || found.seen.examples.size() >= most_examples) continue;
    found.seen.examples.push_back({.id = message.id, .sender = message.sender.path(), .recipient = row.address.wire()});
  }
  if (found.seen.matched > before) found.ids.push_back(message.id);
  return {};
}

// ---- Changing ----

void QueueImpl::change(std::shared_ptr<Change> change, Callback<Result<Steered>> done) {
  change->at = clock_.now();
  change->steered.next = change->found.seen.next;
  change->steered.examples = change->found.seen.examples;
  state_.with([&](State& state) {
    for (const auto& id : change->found.ids) state.schedule.begin_change(id);
  });
  auto work = [self = shared_from_this(), change](store::Tx& tx) -> Result<void> {
    for (const auto& id : change->found.ids) CAS_CHECK(self->change_message(tx, id, *change));
    return {};
  };
  store_.write(std::move(work),
               [self = shared_from_this(), change, done = std::move(done)](const Result<void>& result) mutable {
                 if (result) self->changed(*change);
                 self->state_.with([&](State& state) {
                   for (const auto& id : change->found.ids) state.schedule.end_change(id);
                 });
                 self->wake_all();
                 if (!result) return done(std::unexpected(result.error()));
                 done(std::move(change->steered));
               });
}

Result<void> QueueImpl::change_message(store::Tx& tx, const store::QueueId& id, Change& change) {
  const Steering& steering = change.steering;
  CAS_TRY(const auto message, tx.message(id));
  if (!message || !fits(steering.filter, *message, change.at)) return {};
  CAS_TRY(auto rows, tx.recipients(id));
  std::vector<store::Recipient> meant;
  std::vector<Mailbox> whom;
  for (auto& row : rows) {
    const bool tried = leased(id, row);
    if (!concerns(steering.action, row) || !fits(steering.filter, row, tried)) continue;
    ++change.steered.matched;
    const bool untold = steering.action == Action::Bounce && !may_tell(*message);
    ++(tried ? change.steered.in_flight : untold ? change.steered.untold : change.steered.changed);
    if (tried || untold) continue;
    meant.push_back(row);
    whom.push_back(row.address);
    if (steering.action == Action::Remove) row.state = RecipientState::Delivered;
  }
  if (meant.empty()) return {};
  change.told.emplace_back(*message, std::move(whom));
  if (steering.action == Action::Bounce) return bounce_rows(tx, *message, std::move(meant), change);
  if (steering.action == Action::Remove && is_done(*message, rows)) {
    change.gone.push_back(*message);
    return tx.remove_message(id);
  }
  for (auto& row : meant) {
    const bool due = steering.action == Action::Retry || steering.action == Action::Release ||
                     (steering.action == Action::Admit && row.state == RecipientState::Held);
    if (due) change.domains.insert(store::domain_of(row.address));
    // Scans are past the time that held ones were due at. Nobody neglected what is released (settle.cpp): a lifetime
    // that is over ends with the next attempt.
    const bool at_once = row.state == RecipientState::Held || steering.action == Action::Release;
    if (due) row.next_attempt = at_once ? change.at : std::min(row.next_attempt, change.at);
    if (due) row.note.clear();
    if (steering.action == Action::Admit || steering.action == Action::Release) row.screened.clear();
    // Its owner took his time, which is no fault of the mail's.
    if (steering.action == Action::Admit && due) row.admitted = change.at;
    if (due) row.state = RecipientState::Waiting;
    if (steering.action == Action::Hold) row.state = RecipientState::Held;
    if (steering.action == Action::Remove) row.state = RecipientState::Delivered;
    if (!due && steering.action != Action::Admit)
      row.note = steering.reason.empty() ? "by the operator" : steering.reason;
    CAS_CHECK(tx.update_recipient(id, row));
  }
  return {};
}

/// As a failure of an attempt: the notification and the rows in one transaction.
Result<void> QueueImpl::bounce_rows(store::Tx& tx, const store::Message& message, std::vector<store::Recipient> rows,
                                    Change& change) {
  Job job{.message = message, .recipients = std::move(rows)};
  std::vector<Outcome> outcomes(job.recipients.size(), returned(change.steering));
  auto report =
      std::make_shared<const Report>(Report{.job = std::move(job), .outcomes = std::move(outcomes), .at = change.at});
  change.bounced.push_back(std::make_unique<FinishWork>(std::move(report), options_, random_));
  return change.bounced.back()->run(tx);
}

void QueueImpl::changed(const Change& change) {
  const Steering& steering = change.steering;
  for (const auto& [message, whom] : change.told) {
    for (const auto& address : whom) {
      emit_steered(events_, message, address, event_name(steering.action), steering.by, steering.reason);
    }
  }
  for (const auto& message : change.gone) emit_removed(events_, message);
  for (const auto& work : change.bounced) emit_finished(events_, *work);
  state_.with([&](State& state) {
    for (const auto& work : change.bounced) {
      for (const auto& notice : work->notices()) offer(state, notice.entered, nullptr);
    }
    for (const auto& domain : change.domains) state.schedule.wake(domain);
    if (!change.domains.empty()) note(state, change.at);  // only now can a scan see them
  });
}

}  // namespace cas::queue
