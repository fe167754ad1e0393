// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The durable state of the server behind one interface. Twins: sqlite.hpp (the default), memory.hpp (tests); all of
// them pass the same contract test. Work is a function that runs inside a transaction on a thread of the store:
//
//   store.write([row](Tx& tx) { return tx.add_message(row, recipients); }, [](Result<void> r) { ... });
//
// Concurrent writes share one commit (group commit): each runs under a savepoint of its own, so one that fails undoes
// only itself, and `done` is called after the commit reached the disk. Never lose mail: who answers 250 does so from
// `done`, with success.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "store/rows.hpp"

namespace cas::store {

/// Reading inside a transaction: a consistent view. Errors are transient; only a row that cannot be understood is a
/// permanent one, whose private reason names the row.
class Reader {
 public:
  virtual ~Reader() = default;

  [[nodiscard]] virtual Result<std::optional<Message>> message(const QueueId& id) = 0;
  /// By index.
  [[nodiscard]] virtual Result<std::vector<Recipient>> recipients(const QueueId& id) = 0;
  /// Waiting recipients of the flow with next_attempt <= `until`, earliest first, then by id and index; at most
  /// `limit`. Rows that cannot be understood are passed over and named in `damaged`.
  struct Due {
    Message message;
    Recipient recipient;
  };
  struct Dues {
    std::vector<Due> rows;
    std::vector<std::pair<QueueId, Error>> damaged;
  };
  [[nodiscard]] virtual Result<Dues> due(FlowId flow, TimePoint until, std::size_t limit) = 0;
  /// Which flows have recipients that wait, by time: each pair of next_attempt and flow once, behind `after`
  /// (exclusive) up to `until` (inclusive), at most `limit`.
  struct Moment {
    TimePoint next;
    FlowId flow = 0;
    auto operator<=>(const Moment&) const = default;
  };
  [[nodiscard]] virtual Result<std::vector<Moment>> moments(Moment after, TimePoint until, std::size_t limit) = 0;
  /// The earliest next_attempt of waiting recipients behind `after`.
  [[nodiscard]] virtual Result<std::optional<TimePoint>> next_moment(TimePoint after) = 0;
  /// Messages after `after` (exclusive; empty: from the first) in the order of their ids. Of at most `limit` that are
  /// looked at, those that cannot be understood are passed over and named in `damaged`.
  struct Page {
    std::vector<Message> rows;
    std::vector<std::pair<QueueId, Error>> damaged;
    QueueId next;  // go on behind this one; empty: that was all
  };
  [[nodiscard]] virtual Result<Page> messages(const QueueId& after, std::size_t limit) = 0;
  /// How much there is, for those who watch. It takes a while where there is much.
  [[nodiscard]] virtual Result<Tally> tally() = 0;
  /// The n-th chunk as it was appended, from 0; empty past the last.
  [[nodiscard]] virtual Result<std::string> body_chunk(BodyId body, std::uint32_t n) = 0;
  [[nodiscard]] virtual Result<std::optional<confirm::LedgerRow>> ledger(const confirm::LedgerKey& key) = 0;
  /// The keys behind `after` (exclusive; empty: from the first) in their order, at most `limit`.
  [[nodiscard]] virtual Result<std::vector<confirm::LedgerKey>> ledger_keys(const confirm::LedgerKey& after,
                                                                            std::size_t limit) = 0;
  /// Small named values, such as the installation's secret.
  [[nodiscard]] virtual Result<std::optional<std::string>> setting(std::string_view name) = 0;
  /// What is kept in mind under `kind` and `name`; also what is over and was not removed yet.
  [[nodiscard]] virtual Result<std::optional<Memory>> recall(std::string_view kind, std::string_view name) = 0;
  /// All of a kind behind `after` (exclusive; empty: from the first) by name, at most `limit`.
  [[nodiscard]] virtual Result<std::vector<Memory>> memories(std::string_view kind, std::string_view after,
                                                             std::size_t limit) = 0;
  /// Audit entries below `before` (exclusive; 0: from the newest), newest first, at most `limit`.
  [[nodiscard]] virtual Result<std::vector<AuditEntry>> audit(std::int64_t before, std::size_t limit) = 0;
};

/// The octets of a body on their way in. They lie in the store and are nobody's: a crash forgets them, and so does the
/// last owner of this. A transaction makes a body of them.
class Draft {
 public:
  virtual ~Draft() = default;
};

/// Reading and writing inside a write transaction.
class Tx : public Reader {
 public:
  /// A new body without chunks. Until a message names it, recovery removes it.
  [[nodiscard]] virtual Result<BodyId> create_body() = 0;
  /// A new body of what was appended to a draft of this store; once for each. Transient error: the disk lost some of
  /// it.
  [[nodiscard]] virtual Result<BodyId> create_body(const Draft& draft) = 0;
  /// Chunks are kept as given. No such body, an empty chunk, one longer than max_chunk: permanent error.
  [[nodiscard]] virtual Result<void> append_body(BodyId body, std::string_view chunk) = 0;
  /// No such body: nothing. A message names it: permanent error.
  [[nodiscard]] virtual Result<void> remove_body(BodyId body) = 0;

  /// Permanent error when the id exists, when there is no such body, or when another message names it already.
  [[nodiscard]] virtual Result<void> add_message(const Message& message, const std::vector<Recipient>& recipients) = 0;
  /// State, attempts, next attempt, last reply, relay, doubt, warned, note, screened, admitted; the rest of the row
  /// stays. No such recipient: permanent error.
  [[nodiscard]] virtual Result<void> update_recipient(const QueueId& id, const Recipient& recipient) = 0;
  /// With its recipients and its body. No such message: nothing.
  [[nodiscard]] virtual Result<void> remove_message(const QueueId& id) = 0;

  /// Permanent error when the key exists (CAS §21, I3: committed at most once).
  [[nodiscard]] virtual Result<void> add_ledger(const confirm::LedgerKey& key, const confirm::LedgerRow& row) = 0;
  /// Removes at most `limit` rows with keep_until < now; how many it removed.
  [[nodiscard]] virtual Result<std::size_t> expire_ledger(UnixTime now, std::size_t limit) = 0;
  [[nodiscard]] virtual Result<void> set_setting(std::string_view name, std::string_view value) = 0;
  /// In place of what was under that kind and name.
  [[nodiscard]] virtual Result<void> remember(std::string_view kind, const Memory& memory) = 0;
  /// Nothing there: nothing.
  [[nodiscard]] virtual Result<void> forget(std::string_view kind, std::string_view name) = 0;
  /// Removes at most `limit` with keep_until < now, of all kinds; how many it removed.
  [[nodiscard]] virtual Result<std::size_t> expire_memories(UnixTime now, std::size_t limit) = 0;
  /// Nothing removes or changes an entry. Its number is given here.
  [[nodiscard]] virtual Result<void> add_audit(const AuditEntry& entry) = 0;
  /// Removes bodies that no message names: left by sessions that ended half-way. Only while no session is under way.
  [[nodiscard]] virtual Result<std::size_t> remove_orphan_bodies() = 0;
};

inline constexpr std::size_t max_chunk = 1 << 20;

/// Thread-safe. Callbacks run on a thread of the store and must not block; those of writes come in the order in which
/// the writes were given.
class Store {
 public:
  using ReadWork = std::move_only_function<Result<void>(Reader&)>;
  using WriteWork = std::move_only_function<Result<void>(Tx&)>;
  using Done = std::move_only_function<void(Result<void>)>;

  /// Finishes what was given, then ends its threads.
  virtual ~Store() = default;

  /// Atomic and durable before `done(success)`. An error from the work, or an exception in it, undoes all of it. An
  /// error of the commit itself (disk full) is given to every write of the group.
  virtual void write(WriteWork work, Done done) = 0;
  /// Any thread.
  [[nodiscard]] virtual std::shared_ptr<Draft> draft() = 0;
  /// Appends a chunk to a draft of this store, after those given before; a transaction that wants it waits for `done`.
  /// It is synced only by the commit that makes a body of it: a large message costs no more syncs than a small one. A
  /// forbidden chunk: permanent error.
  virtual void append(std::shared_ptr<Draft> draft, std::string chunk, Done done) = 0;
  virtual void read(ReadWork work, Done done) = 0;
};

/// The same, waiting: for start-up, tools and tests; never on an I/O thread.
[[nodiscard]] Result<void> write_and_wait(Store& store, Store::WriteWork work);
[[nodiscard]] Result<void> read_and_wait(Store& store, Store::ReadWork work);

}  // namespace cas::store
