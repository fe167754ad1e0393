// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See sqlite_tx.hpp.
#include "store/sqlite_tx.hpp"

#include "store/sqlite_rows.hpp"

namespace cas::store {
namespace {

std::int64_t milliseconds_of(TimePoint time) {
  return time.time_since_epoch().count();
}
std::int64_t seconds_of(UnixTime time) {
  return time.time_since_epoch().count();
}
std::int64_t limit_of(std::size_t limit) {
  return static_cast<std::int64_t>(limit);
}

Memory memory_of(const Query& row) {
  return {.name = row.text_at(0), .value = row.text_at(1), .keep_until = UnixTime(seconds(row.integer_at(2)))};
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

Result<Reader::Dues> SqliteTx::due(FlowId flow, TimePoint until, std::size_t limit) {
  Query query = db_.query("SELECT " CAS_RECIPIENT_COLUMNS ", " CAS_MESSAGE_COLUMNS
                          " FROM recipient JOIN message ON message.id = recipient.message"
                          " WHERE state = 0 AND flow = ? AND next_attempt <= ?"
                          " ORDER BY next_attempt, message, number");
  query.integer(flow).integer(milliseconds_of(until));
  Dues found;
  while (found.rows.size() < limit) {
    CAS_TRY(const bool row, query.step());
    if (!row) break;
    auto recipient = read_recipient(query);
    auto message = read_message(query, recipient_columns);
    if (recipient && message) {
      found.rows.push_back({.message = *std::move(message), .recipient = *std::move(recipient)});
    } else {
      found.damaged.emplace_back(query.text_at(0), message ? recipient.error() : message.error());
    }
  }
  return found;
}

Result<std::vector<Reader::Moment>> SqliteTx::moments(Moment after, TimePoint until, std::size_t limit) {
  Query query = db_.query(
      "SELECT DISTINCT next_attempt, flow FROM recipient"
      " WHERE state = 0 AND (next_attempt, flow) > (?, ?) AND next_attempt <= ?"
      " ORDER BY next_attempt, flow LIMIT ?");
  query.integer(milliseconds_of(after.next)).integer(after.flow).integer(milliseconds_of(until));
  query.integer(limit_of(limit));
  std::vector<Moment> found;
  for (;;) {
    CAS_TRY(const bool row, query.step());
    if (!row) return found;
    found.push_back({.next = TimePoint(milliseconds(query.integer_at(0))), .flow = query.integer_at(1)});
  }
}

Result<std::optional<TimePoint>> SqliteTx::next_moment(TimePoint after) {
  Query query = db_.query("SELECT min(next_attempt) FROM recipient WHERE state = 0 AND next_attempt > ?");
  query.integer(milliseconds_of(after));
  CAS_TRY(const bool row, query.step());
  if (!row || query.is_null(0)) return std::optional<TimePoint>();
  return std::optional(TimePoint(milliseconds(query.integer_at(0))));
}

Result<Reader::Page> SqliteTx::messages(const QueueId& after, std::size_t limit) {
  Query query = db_.query("SELECT " CAS_MESSAGE_COLUMNS " FROM message WHERE id > ? ORDER BY id LIMIT ?");
  query.text(after).integer(limit_of(limit));
  Page page;
  QueueId last;
  for (std::size_t n = 0;; ++n) {
    CAS_TRY(const bool row, query.step());
    if (!row) {
      if (n == limit) page.next = std::move(last);
      return page;
    }
    last = query.text_at(0);
    auto message = read_message(query);
    if (message) {
      page.rows.push_back(*std::move(message));
    } else {
      page.damaged.emplace_back(last, std::move(message).error());
    }
  }
}

Result<Tally> SqliteTx::tally() {
  Tally tally;
  Query counts = db_.query("SELECT route, state, count(*) FROM recipient GROUP BY route, state ORDER BY route, state");
  for (;;) {
    CAS_TRY(const bool row, counts.step());
    if (!row) break;
    tally.counts.push_back({.route = static_cast<Route>(counts.integer_at(0)),
                            .state = static_cast<RecipientState>(counts.integer_at(1)),
                            .recipients = static_cast<std::size_t>(counts.integer_at(2))});
  }
  Query messages = db_.query("SELECT count(*) FROM message");
  CAS_TRY(const bool counted, messages.step());
  if (counted) tally.messages = static_cast<std::size_t>(messages.integer_at(0));
  Query first = db_.query("SELECT arrived FROM message ORDER BY id LIMIT 1");
  CAS_TRY(const bool any, first.step());
  if (any) tally.oldest = TimePoint(milliseconds(first.integer_at(0)));
  return tally;
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

Result<std::vector<confirm::LedgerKey>> SqliteTx::ledger_keys(const confirm::LedgerKey& after, std::size_t limit) {
  Query query = db_.query(
      "SELECT d, i, recipient FROM ledger WHERE (d, i, recipient) > (?, ?, ?) ORDER BY d, i, recipient LIMIT ?");
  query.text(after.d).blob(octets_of(after.i)).text(after.recipient).integer(limit_of(limit));
  std::vector<confirm::LedgerKey> keys;
  while (true) {
    CAS_TRY(const bool more, query.step());
    if (!more) return keys;
    confirm::LedgerKey key{.d = query.text_at(0), .i = {}, .recipient = query.text_at(2)};
    if (!octets_into(key.i, query.text_at(1))) {
      return permanent("the ledger is damaged", "an intent id of " + key.d + " has another length");
    }
    keys.push_back(std::move(key));
  }
}

Result<std::optional<std::string>> SqliteTx::setting(std::string_view name) {
  Query query = db_.query("SELECT value FROM setting WHERE name = ?");
  query.text(name);
  CAS_TRY(const bool row, query.step());
  return row ? std::optional(query.text_at(0)) : std::nullopt;
}

Result<std::optional<Memory>> SqliteTx::recall(std::string_view kind, std::string_view name) {
  Query query = db_.query("SELECT name, value, keep_until FROM memory WHERE kind = ? AND name = ?");
  query.text(kind).text(name);
  CAS_TRY(const bool row, query.step());
  if (!row) return std::optional<Memory>();
  return std::optional(memory_of(query));
}

Result<std::vector<Memory>> SqliteTx::memories(std::string_view kind, std::string_view after, std::size_t limit) {
  Query query =
      db_.query("SELECT name, value, keep_until FROM memory WHERE kind = ? AND name > ? ORDER BY name LIMIT ?");
  query.text(kind).text(after).integer(limit_of(limit));
  std::vector<Memory> found;
  for (;;) {
    CAS_TRY(const bool row, query.step());
    if (!row) return found;
    found.push_back(memory_of(query));
  }
}

// ---- Messages ----

Result<void> SqliteTx::add_message(const Message& message, const std::vector<Recipient>& recipients) {
  {
    Query query = db_.query("INSERT INTO message (" CAS_MESSAGE_COLUMNS
                            ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    bind_message(query, message);
    CAS_CHECK(query.run());
  }
  for (const Recipient& recipient : recipients) {
    Query query = db_.query("INSERT INTO recipient (" CAS_RECIPIENT_COLUMNS
                            ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    bind_recipient(query, message.id, recipient);
    CAS_CHECK(query.run());
  }
  return {};
}

Result<void> SqliteTx::update_recipient(const QueueId& id, const Recipient& recipient) {
  Query query = db_.query(
      "UPDATE recipient SET state = ?, attempts = ?, next_attempt = ?, last_reply = ?, relay = ?, in_doubt = ?,"
      " warned = ?, note = ?, screened = ?, admitted = ? WHERE message = ? AND number = ?");
  query.integer(static_cast<std::int64_t>(recipient.state))
      .integer(recipient.attempts)
      .integer(milliseconds_of(recipient.next_attempt))
      .text(recipient.last_reply)
      .text(recipient.relay)
      .integer(stored_doubt(recipient))
      .integer(recipient.warned ? 1 : 0)
      .text(recipient.note)
      .text(recipient.screened)
      .integer(stored_admission(recipient))
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

Result<void> SqliteTx::remember(std::string_view kind, const Memory& memory) {
  Query query = db_.query("INSERT OR REPLACE INTO memory (kind, name, value, keep_until) VALUES (?, ?, ?, ?)");
  return query.text(kind).text(memory.name).text(memory.value).integer(seconds_of(memory.keep_until)).run();
}

Result<void> SqliteTx::forget(std::string_view kind, std::string_view name) {
  Query query = db_.query("DELETE FROM memory WHERE kind = ? AND name = ?");
  return query.text(kind).text(name).run();
}

Result<std::size_t> SqliteTx::expire_memories(UnixTime now, std::size_t limit) {
  Query query = db_.query(
      "DELETE FROM memory WHERE (kind, name) IN "
      "(SELECT kind, name FROM memory WHERE keep_until < ? ORDER BY keep_until LIMIT ?)");
  query.integer(seconds_of(now)).integer(limit_of(limit));
  CAS_CHECK(query.run());
  return db_.changes();
}

// ---- Audit ----

Result<std::vector<AuditEntry>> SqliteTx::audit(std::int64_t before, std::size_t limit) {
  Query query = db_.query(
      "SELECT number, at, by, action, subject, detail FROM audit WHERE ?1 = 0 OR number < ?1"
      " ORDER BY number DESC LIMIT ?2");
  query.integer(before).integer(limit_of(limit));
  std::vector<AuditEntry> found;
  for (;;) {
    CAS_TRY(const bool row, query.step());
    if (!row) return found;
    found.push_back({.number = query.integer_at(0),
                     .at = TimePoint(milliseconds(query.integer_at(1))),
                     .by = query.text_at(2),
                     .action = query.text_at(3),
                     .subject = query.text_at(4),
                     .detail = query.text_at(5)});
  }
}

Result<void> SqliteTx::add_audit(const AuditEntry& entry) {
  Query query = db_.query("INSERT INTO audit (at, by, action, subject, detail) VALUES (?, ?, ?, ?, ?)");
  return query.integer(milliseconds_of(entry.at))
      .text(entry.by)
      .text(entry.action)
      .text(entry.subject)
      .text(entry.detail)
      .run();
}

}  // namespace cas::store
