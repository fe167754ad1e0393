// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See work.hpp.
#include "queue/work.hpp"

#include <set>

#include "queue/bounce.hpp"
#include "queue/settle.hpp"

namespace cas::queue {
namespace {

using store::RecipientState;

Result<store::BodyId> store_body(store::Tx& tx, std::string_view octets) {
  CAS_TRY(const store::BodyId body, tx.create_body());
  for (; !octets.empty(); octets.remove_prefix(std::min(octets.size(), store::max_chunk))) {
    CAS_CHECK(tx.append_body(body, octets.substr(0, store::max_chunk)));
  }
  return body;
}

std::vector<store::Recipient> rows_of(const store::Message& message, const std::vector<NewRecipient>& recipients,
                                      TimePoint now) {
  const std::string origin = store::origin_of(message);
  std::vector<store::Recipient> rows;
  for (const NewRecipient& recipient : recipients) {
    rows.push_back({.index = static_cast<std::uint32_t>(rows.size()),
                    .address = recipient.address,
                    .route = recipient.route,
                    .quarantined = recipient.quarantined,
                    .state = recipient.held ? RecipientState::Held : RecipientState::Waiting,
                    .next_attempt = now,
                    .last_reply = {},
                    .notify = recipient.notify,
                    .orcpt = recipient.orcpt,
                    .note = recipient.note,
                    .screened = recipient.screened,
                    .flow = store::flow_of(recipient.route, store::domain_of(recipient.address), origin)});
  }
  return rows;
}

}  // namespace

// ---- commit() ----

Result<void> CommitWork::run(store::Tx& tx) {
  if (given_.recipients.empty()) return permanent("no recipients", "commit of a message without recipients");
  std::vector<NewRecipient> remaining;
  LedgerRows added;
  std::set<Mailbox> named;
  for (const NewRecipient& recipient : given_.recipients) {
    if (!recipient.ledgers.empty()) {
      CAS_TRY(const auto verdict, ask_ledgers(tx, recipient, added));
      if (verdict == confirm::LedgerVerdict::Conflict) return drop(CommitOutcome::Conflict);
      if (verdict == confirm::LedgerVerdict::Swallow) continue;  // CAS §21, I3, I10: it has its copy
      if (!named.insert(recipient.address).second) continue;
    }
    remaining.push_back(recipient);
  }
  if (remaining.empty()) return drop(CommitOutcome::Swallowed);
  entered_.recipients = rows_of(given_.message, remaining, now_);
  return store_entry(tx, added);
}

Result<confirm::LedgerVerdict> CommitWork::ask_ledgers(store::Tx& tx, const NewRecipient& recipient,
                                                       LedgerRows& added) {
  auto gravest = confirm::LedgerVerdict::Swallow;
  for (const auto& wanted : recipient.ledgers) {
    CAS_TRY(const auto verdict, ask_ledger(tx, wanted, added));
    if (verdict == confirm::LedgerVerdict::Conflict) return verdict;
    if (verdict == confirm::LedgerVerdict::Proceed) gravest = verdict;
  }
  return gravest;
}

/// Proceed: the row is noted in `added`, to be written with the entry; so it is for whoever else shares it.
Result<confirm::LedgerVerdict> CommitWork::ask_ledger(store::Tx& tx, const NewRecipient::Ledger& wanted,
                                                      LedgerRows& added) {
  if (const auto own = added.find(wanted.key); own != added.end()) {
    const bool same = own->second.m == wanted.m;
    return same ? confirm::LedgerVerdict::Proceed : confirm::LedgerVerdict::Conflict;
  }
  CAS_TRY(auto row, tx.ledger(wanted.key));
  const auto state = row ? confirm::LedgerState::Committed : confirm::LedgerState::Absent;
  const auto verdict = confirm::judge_ledger(state, row, wanted.m);
  if (verdict == confirm::LedgerVerdict::Proceed) {
    added.insert({wanted.key, {.m = wanted.m, .keep_until = wanted.keep_until, .queue_id = given_.message.id}});
  } else if (id_.empty() && row) {
    id_ = row->queue_id;
  }
  return verdict;
}

std::vector<confirm::IntentId> CommitWork::intents() const {
  std::vector<confirm::IntentId> ids;
  for (const NewRecipient& recipient : given_.recipients) {
    for (const auto& ledger : recipient.ledgers) {
      if (ids.empty() || ids.back() != ledger.key.i) ids.push_back(ledger.key.i);
    }
  }
  return ids;
}

Result<void> CommitWork::drop(CommitOutcome outcome) {
  outcome_ = outcome;
  return {};
}

Result<void> CommitWork::store_entry(store::Tx& tx, const LedgerRows& added) {
  entered_.message = given_.message;
  if (given_.draft) {
    CAS_TRY(entered_.message.body, tx.create_body(*given_.draft));
  } else {
    CAS_TRY(entered_.message.body, store_body(tx, given_.small_body));
    entered_.message.body_size = given_.small_body.size();
  }
  CAS_CHECK(tx.add_message(entered_.message, entered_.recipients));
  for (const auto& [key, row] : added) CAS_CHECK(tx.add_ledger(key, row));
  if (given_.alongside) {
    for (const auto& row : entered_.recipients) CAS_CHECK(given_.alongside(tx, entered_.message, row));
  }
  outcome_ = CommitOutcome::Queued;
  id_ = entered_.message.id;
  return {};
}

// ---- finish() ----

GroupKey group_of(const Job& job) {
  return group_of(job.message.id, job.recipients.front());
}

Result<void> FinishWork::run(store::Tx& tx) {
  const auto& [job, outcomes, at] = *report_;
  const std::uint64_t lot = draw(random_);
  for (std::size_t n = 0; n < job.recipients.size(); ++n) {
    settled_.push_back(settle(job.message, job.recipients[n], outcomes[n], options_, at, lot));
  }
  CAS_CHECK(add_notices(tx));
  CAS_CHECK(suppress_gone(tx));
  CAS_TRY(removed_, is_done(tx));
  if (removed_) return tx.remove_message(job.message.id);
  for (const auto& recipient : settled_) CAS_CHECK(tx.update_recipient(job.message.id, recipient));
  return {};
}

Result<void> FinishWork::add_notices(store::Tx& tx) {
  const auto& [job, outcomes, at] = *report_;
  for (std::size_t n = 0; n < settled_.size(); ++n) {
    const auto action = notice_due(job.message, settled_[n], outcomes[n], options_, at);
    if (!action) continue;
    if (*action == DsnAction::Delayed) settled_[n].warned = true;
    auto same = std::ranges::find(notices_, *action, &Notice::action);
    if (same == notices_.end()) same = notices_.insert(same, Notice{.action = *action, .about = {}, .entered = {}});
    same->about.push_back(n);
  }
  for (Notice& notice : notices_) CAS_CHECK(add_notice(tx, notice));
  return {};
}

Result<void> FinishWork::add_notice(store::Tx& tx, Notice& notice) {
  const auto& [job, outcomes, at] = *report_;
  auto read = read_original(tx, returns_whole(job.message, notice.action));
  // The sender is told all the same, without a quotation; what became of the others must not wait for one bad sector.
  if (!read) unreadable_ = read.error();
  const std::string original = std::move(read).value_or(std::string());
  std::vector<Concerned> recipients;
  for (const auto n : notice.about) recipients.push_back({.recipient = settled_[n], .outcome = outcomes[n]});
  const auto made = make_notice(notice.action, job.message, original, recipients, options_, at, random_);
  notice.entered = {.message = made.message, .recipients = rows_of(made.message, made.recipients, at)};
  CAS_TRY(notice.entered.message.body, store_body(tx, made.small_body));
  return tx.add_message(notice.entered.message, notice.entered.recipients);
}

/// The message as it came, or its beginning.
Result<std::string> FinishWork::read_original(store::Tx& tx, bool whole) const {
  const store::Message& message = report_->job.message;
  CAS_TRY(auto text, tx.body_chunk(message.body, 0));
  for (std::uint32_t n = 1; whole && text.size() < message.body_size; ++n) {
    CAS_TRY(const auto chunk, tx.body_chunk(message.body, n));
    if (chunk.empty()) break;
    text += chunk;
  }
  return text;
}

/// A mailbox elsewhere that is gone, as its server says, to which own people wrote.
Result<void> FinishWork::suppress_gone(store::Tx& tx) const {
  const auto& [job, outcomes, at] = *report_;
  if (!options_.suppression.enabled || !may_tell(job.message)) return {};
  for (std::size_t n = 0; n < settled_.size(); ++n) {
    const bool failed = outcomes[n].kind == Outcome::Kind::Failed && settled_[n].route == store::Route::Remote;
    if (!failed || !is_peers(outcomes[n]) || !mailbox_is_gone(outcomes[n].reply)) continue;
    CAS_CHECK(suppress(tx, settled_[n].address, outcomes[n].reply.summary(), to_unix(at), options_.suppression));
  }
  return {};
}

const FinishWork::Notice* FinishWork::notice_about(std::size_t n) const {
  const auto tells = [n](const Notice& notice) { return std::ranges::find(notice.about, n) != notice.about.end(); };
  const auto found = std::ranges::find_if(notices_, tells);
  return found == notices_.end() ? nullptr : &*found;
}

Result<bool> FinishWork::is_done(store::Tx& tx) {
  std::vector<store::Recipient> rows = settled_;
  if (!report_->job.whole) {
    CAS_TRY(rows, tx.recipients(report_->job.message.id));
  }
  for (auto& row : rows) {
    const auto now = std::ranges::find(settled_, row.index, &store::Recipient::index);
    if (now != settled_.end()) row.state = now->state;
  }
  return queue::is_done(report_->job.message, rows);
}

bool is_done(const store::Message& message, const std::vector<store::Recipient>& rows) {
  return std::ranges::none_of(rows, [&](const store::Recipient& row) {
    return row.state == RecipientState::Waiting || row.state == RecipientState::Held || is_kept(message, row);
  });
}

}  // namespace cas::queue
