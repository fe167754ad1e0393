// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See sqlite_tx.hpp.
#include "store/sqlite_tx.hpp"

#include "store/sqlite_rows.hpp"

namespace cas::store {
namespace {

std::int64_t seconds_of(UnixTime time) {
  return time.time_since_epoch().count();
}
std::int64_t limit_of(std::size_t limit) {
  return static_cast<std::int64_t>(limit);
}

}  // namespace

// ---- Reading ----

Result<std::optional<Message>> SqliteTx::message(const QueueId& id) {
  Query query = db_.query("SELECT " CAS_MESSAGE_COLUMNS " FROM message WHERE id = ?");
  query.text(id);
  CAS_TRY(const bool row, query.step());
  if (!row) return std::optional<Message>();
  CAS_TRY(auto message, read_message(query));
  return std::optional(std::move(message));
}

Result<std::vector<Recipient>> SqliteTx::recipients(const QueueId& id) {
  Query query = db_.query("SELECT " CAS_RECIPIENT_COLUMNS " FROM recipient WHERE message = ? ORDER BY number");
  query.text(id);
  std::vector<Recipient> found;
  for (;;) {
    CAS_TRY(const bool row, query.step());
    if (!row) return found;
    CAS_TRY(auto recipient, read_recipient(query));
    found.push_back(std::move(recipient));
  }
}

Result<std::vector<Reader::Due>> SqliteTx::read_due(Query& query) {
  std::vector<Due> found;
  for (;;) {
    CAS_TRY(const bool row, query.step());
    if (!row) return found;
    CAS_TRY(auto recipient, read_recipient(query));
    found.push_back({.id = query.text_at(0), .recipient = std::move(recipient)});
  }
}

Result<std::vector<Reader::Due>> SqliteTx::due(TimePoint until, std::size_t limit) {
  Query query = db_.query("SELECT " CAS_RECIPIENT_COLUMNS
                          " FROM recipient WHERE state = 0 AND next_attempt <= ?"
                          " ORDER BY next_attempt, message, number LIMIT ?");
  query.integer(until.time_since_epoch().count()).integer(limit_of(limit));
  return read_due(query);
}

Result<std::vector<Reader::Due>> SqliteTx::waiting(const QueueId& after, std::uint32_t index, std::size_t limit) {
  Query query = db_.query("SELECT " CAS_RECIPIENT_COLUMNS
                          " FROM recipient WHERE state = 0 AND (message, number) > (?, ?)"
                          " ORDER BY message, number LIMIT ?");
  query.text(after).integer(index).integer(limit_of(limit));
  return read_due(query);
}

Result<std::vector<Message>> SqliteTx::messages(const QueueId& after, std::size_t limit) {
  Query query = db_.query("SELECT " CAS_MESSAGE_COLUMNS " FROM message WHERE id > ? ORDER BY id LIMIT ?");
  query.text(after).integer(limit_of(limit));
  std::vector<Message> found;
  for (;;) {
    CAS_TRY(const bool row, query.step());
    if (!row) return found;
    CAS_TRY(auto message, read_message(query));
    found.push_back(std::move(message));
  }
}

Result<std::optional<confirm::LedgerRow>> SqliteTx::ledger(const confirm::LedgerKey& key) {
  Query query = db_.query("SELECT m, keep_until, queue_id FROM ledger WHERE d = ? AND i = ? AND recipient = ?");
  query.text(key.d).blob(octets_of(key.i)).text(key.recipient);
  CAS_TRY(const bool found, query.step());
  if (!found) return std::optional<confirm::LedgerRow>();
  confirm::LedgerRow row;
  if (!octets_into(row.m, query.text_at(0))) {
    return permanent("the ledger is damaged", "the ledger row of " + key.recipient + " from " + key.d +
                                                  " has a digest "
                                                  "of another length");
  }
  row.keep_until = UnixTime(seconds(query.integer_at(1)));
  row.queue_id = query.text_at(2);
  return std::optional(std::move(row));
}

Result<std::optional<std::string>> SqliteTx::setting(std::string_view name) {
  Query query = db_.query("SELECT value FROM setting WHERE name = ?");
  query.text(name);
  CAS_TRY(const bool row, query.step());
  return row ? std::optional(query.text_at(0)) : std::nullopt;
}

// ---- Messages ----

Result<void> SqliteTx::add_message(const Message& message, const std::vector<Recipient>& recipients) {
  {
    Query query = db_.query("INSERT INTO message (" CAS_MESSAGE_COLUMNS
                            ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    bind_message(query, message);
    CAS_CHECK(query.run());
  }
  for (const Recipient& recipient : recipients) {
    Query query = db_.query("INSERT INTO recipient (" CAS_RECIPIENT_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    bind_recipient(query, message.id, recipient);
    CAS_CHECK(query.run());
  }
  return {};
}

Result<void> SqliteTx::update_recipient(const QueueId& id, const Recipient& recipient) {
  Query query = db_.query(
      "UPDATE recipient SET state = ?, attempts = ?, next_attempt = ?, last_reply = ? WHERE message = ? AND number = "
      "?");
  query.integer(static_cast<std::int64_t>(recipient.state))
      .integer(recipient.attempts)
      .integer(recipient.next_attempt.time_since_epoch().count())
      .text(recipient.last_reply)
      .text(id)
      .integer(recipient.index);
  CAS_CHECK(query.run());
  if (db_.changes() == 1) return {};
  return permanent("internal error", "no recipient " + std::to_string(recipient.index) + " of message " + id);
}

Result<void> SqliteTx::remove_message(const QueueId& id) {
  BodyId body = 0;
  {
    Query query = db_.query("SELECT body FROM message WHERE id = ?");
    query.text(id);
    CAS_TRY(const bool row, query.step());
    if (!row) return {};
    body = query.integer_at(0);
  }
  {
    Query query = db_.query("DELETE FROM message WHERE id = ?");  // and its recipients: ON DELETE CASCADE
    CAS_CHECK(query.text(id).run());
  }
  return remove_body(body);
}

// ---- Ledger and settings ----

Result<void> SqliteTx::add_ledger(const confirm::LedgerKey& key, const confirm::LedgerRow& row) {
  Query query = db_.query("INSERT INTO ledger (d, i, recipient, m, keep_until, queue_id) VALUES (?, ?, ?, ?, ?, ?)");
  return query.text(key.d)
      .blob(octets_of(key.i))
      .text(key.recipient)
      .blob(octets_of(row.m))
      .integer(seconds_of(row.keep_until))
      .text(row.queue_id)
      .run();
}

Result<std::size_t> SqliteTx::expire_ledger(UnixTime now, std::size_t limit) {
  Query query = db_.query(
      "DELETE FROM ledger WHERE (d, i, recipient) IN "
      "(SELECT d, i, recipient FROM ledger WHERE keep_until < ? ORDER BY keep_until LIMIT ?)");
  query.integer(seconds_of(now)).integer(limit_of(limit));
  CAS_CHECK(query.run());
  return db_.changes();
}

Result<void> SqliteTx::set_setting(std::string_view name, std::string_view value) {
  Query query =
      db_.query("INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value");
  return query.text(name).blob(value).run();
}

}  // namespace cas::store
