// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The queue's two transactions as objects: run() on the writer's thread, the results read after the commit.
#pragma once

#include "message/dsn.hpp"
#include "queue/queue.hpp"
#include "queue/schedule.hpp"

namespace cas::queue {

/// A message that entered the queue.
struct Entered {
  store::Message message;
  std::vector<store::Recipient> recipients;
};

/// commit(): the ledger's word, then body, entry and ledger rows (CAS §10.2).
class CommitWork {
 public:
  CommitWork(NewMessage given, TimePoint now) : given_(std::move(given)), now_(now) {}
  [[nodiscard]] Result<void> run(store::Tx& tx);

  [[nodiscard]] CommitOutcome outcome() const { return outcome_; }
  [[nodiscard]] const store::QueueId& id() const { return id_; }
  [[nodiscard]] const Entered& entered() const { return entered_; }
  /// The intents that the ledger knows now.
  [[nodiscard]] std::vector<confirm::IntentId> intents() const;
  /// The body, where it was given with the message; after the commit.
  [[nodiscard]] std::string take_small_body() { return std::move(given_.small_body); }

 private:
  using LedgerRows = std::map<confirm::LedgerKey, confirm::LedgerRow>;
  /// The gravest for a message: conflict, else that one row is new.
  [[nodiscard]] Result<confirm::LedgerVerdict> ask_ledgers(store::Tx& tx, const NewRecipient& recipient,
                                                           LedgerRows& added);
  [[nodiscard]] Result<confirm::LedgerVerdict> ask_ledger(store::Tx& tx, const NewRecipient::Ledger& wanted,
                                                          LedgerRows& added);
  [[nodiscard]] Result<void> drop(CommitOutcome outcome);
  [[nodiscard]] Result<void> store_entry(store::Tx& tx, const LedgerRows& added);

  NewMessage given_;
  TimePoint now_;
  CommitOutcome outcome_ = CommitOutcome::Queued;
  store::QueueId id_;
  Entered entered_;
};

/// What drivers reported about a job, until it is recorded.
struct Report {
  Job job;
  std::vector<Outcome> outcomes;  // one for each recipient
  TimePoint at;                   // when it was reported
};
[[nodiscard]] GroupKey group_of(const Job& job);
/// Whether nobody waits or is held any more, and every failure was told to somebody.
[[nodiscard]] bool is_done(const store::Message& message, const std::vector<store::Recipient>& rows);

/// finish(): the recipients' new rows, notifications, and the end of a message that is done.
class FinishWork {
 public:
  FinishWork(std::shared_ptr<const Report> report, const Options& options, Random& random)
      : report_(std::move(report)), options_(options), random_(random) {}
  [[nodiscard]] Result<void> run(store::Tx& tx);

  [[nodiscard]] const Report& report() const { return *report_; }
  /// The job's recipients as they stand now, in order.
  [[nodiscard]] const std::vector<store::Recipient>& settled() const { return settled_; }
  /// What the sender is told, one notification for each action.
  struct Notice {
    DsnAction action;
    std::vector<std::size_t> about;  // places in settled()
    Entered entered;
  };
  [[nodiscard]] const std::vector<Notice>& notices() const { return notices_; }
  /// That about a recipient, by its place in settled().
  [[nodiscard]] const Notice* notice_about(std::size_t n) const;
  [[nodiscard]] bool removed() const { return removed_; }
  /// Why a notification quotes nothing of the message.
  [[nodiscard]] const std::optional<Error>& unreadable() const { return unreadable_; }

 private:
  [[nodiscard]] Result<void> add_notices(store::Tx& tx);
  [[nodiscard]] Result<void> add_notice(store::Tx& tx, Notice& notice);
  [[nodiscard]] Result<std::string> read_original(store::Tx& tx, bool whole) const;
  [[nodiscard]] Result<void> suppress_gone(store::Tx& tx) const;
  [[nodiscard]] Result<bool> is_done(store::Tx& tx);

  std::shared_ptr<const Report> report_;
  const Options& options_;
  Random& random_;
  std::vector<store::Recipient> settled_;
  std::vector<Notice> notices_;
  bool removed_ = false;
  std::optional<Error> unreadable_;
};

}  // namespace cas::queue
