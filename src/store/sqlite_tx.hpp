// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The store's operations as SQL on one connection. Who uses it opens and ends the transaction. Bodies:
// sqlite_bodies.cpp, the rest: sqlite_tx.cpp.
#pragma once

#include "store/segments.hpp"
#include "store/sqlite_database.hpp"
#include "store/store.hpp"

namespace cas::store {

class SqliteTx final : public Tx {
 public:
  /// For reading. The view was taken before the transaction began.
  SqliteTx(Database& db, Segments::View view) : db_(db), view_(std::move(view)) {}
  /// For writing. Chunks above `small_chunk` octets go into `segments`: sync them before the commit.
  SqliteTx(Database& db, Segments& segments, std::size_t small_chunk)
      : db_(db), view_(segments.view()), segments_(&segments), small_chunk_(small_chunk) {}

  Result<std::optional<Message>> message(const QueueId& id) override;
  Result<std::vector<Recipient>> recipients(const QueueId& id) override;
  Result<Dues> due(FlowId flow, TimePoint until, std::size_t limit) override;
  Result<std::vector<Moment>> moments(Moment after, TimePoint until, std::size_t limit) override;
  Result<std::optional<TimePoint>> next_moment(TimePoint after) override;
  Result<Page> messages(const QueueId& after, std::size_t limit) override;
  Result<Tally> tally() override;
  Result<std::string> body_chunk(BodyId body, std::uint32_t n) override;
  Result<std::optional<confirm::LedgerRow>> ledger(const confirm::LedgerKey& key) override;
  Result<std::vector<confirm::LedgerKey>> ledger_keys(const confirm::LedgerKey& after, std::size_t limit) override;
  Result<std::optional<std::string>> setting(std::string_view name) override;

  Result<std::optional<Memory>> recall(std::string_view kind, std::string_view name) override;
  Result<std::vector<Memory>> memories(std::string_view kind, std::string_view after, std::size_t limit) override;
  Result<std::vector<AuditEntry>> audit(std::int64_t before, std::size_t limit) override;

  Result<BodyId> create_body() override;
  Result<BodyId> create_body(const Draft& draft) override;
  Result<void> append_body(BodyId body, std::string_view chunk) override;
  Result<void> remove_body(BodyId body) override;
  Result<void> add_message(const Message& message, const std::vector<Recipient>& recipients) override;
  Result<void> update_recipient(const QueueId& id, const Recipient& recipient) override;
  Result<void> remove_message(const QueueId& id) override;
  Result<void> add_ledger(const confirm::LedgerKey& key, const confirm::LedgerRow& row) override;
  Result<std::size_t> expire_ledger(UnixTime now, std::size_t limit) override;
  Result<void> set_setting(std::string_view name, std::string_view value) override;
  Result<void> remember(std::string_view kind, const Memory& memory) override;
  Result<void> forget(std::string_view kind, std::string_view name) override;
  Result<std::size_t> expire_memories(UnixTime now, std::size_t limit) override;
  Result<void> add_audit(const AuditEntry& entry) override;
  Result<std::size_t> remove_orphan_bodies() override;

 private:
  [[nodiscard]] Result<bool> exists(BodyId body);
  [[nodiscard]] Result<std::int64_t> next_chunk(BodyId body);
  [[nodiscard]] Result<void> insert_chunk(std::int64_t id, std::string_view chunk);
  [[nodiscard]] Result<void> insert_place(std::int64_t id, const Place& place);
  [[nodiscard]] Error about(Error error, BodyId body, std::uint32_t n);
  Database& db_;
  Segments::View view_;
  Segments* segments_ = nullptr;
  std::size_t small_chunk_ = 0;
  BodyId growing_ = 0;     // appended to last
  std::int64_t next_ = 0;  // its next chunk
};

}  // namespace cas::store
