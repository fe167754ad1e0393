// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See sqlite_schema.hpp. A step that was released is never edited: a change of the tables is a further step.
#include "store/sqlite_schema.hpp"

#include <array>

#include "store/rows.hpp"

namespace cas::store {
namespace {

// body      AUTOINCREMENT: an id is never used twice, so a late reader cannot see somebody else's mail.
// chunk     id = body id << 20 | number: one B-tree in order of arrival, a body's chunks side by side.
// message   times are milliseconds since 1970; addresses as SMTP writes them.
// recipient state: 0 waiting, 1 delivered, 2 failed; route: 0 local, 1 remote.
// ledger    CAS §10; keep_until is in seconds.
constexpr const char* version_1 = R"sql(
CREATE TABLE body (id INTEGER PRIMARY KEY AUTOINCREMENT) STRICT;
CREATE TABLE chunk (id INTEGER PRIMARY KEY, octets BLOB NOT NULL) STRICT;
CREATE TABLE message (
  id TEXT NOT NULL PRIMARY KEY,
  trace TEXT NOT NULL,
  arrived INTEGER NOT NULL,
  sender TEXT NOT NULL,
  user TEXT NOT NULL,
  sender_verified INTEGER NOT NULL,
  body INTEGER NOT NULL UNIQUE REFERENCES body (id),
  body_size INTEGER NOT NULL,
  prefix BLOB NOT NULL,
  eight_bit INTEGER NOT NULL,
  smtputf8 INTEGER NOT NULL,
  author TEXT,
  class INTEGER NOT NULL,
  list_id TEXT NOT NULL,
  header_hash BLOB NOT NULL,
  body_hash BLOB NOT NULL
) STRICT;
CREATE TABLE recipient (
  message TEXT NOT NULL REFERENCES message (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  address TEXT NOT NULL,
  route INTEGER NOT NULL,
  state INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  next_attempt INTEGER NOT NULL,
  last_reply TEXT NOT NULL,
  PRIMARY KEY (message, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX recipient_due ON recipient (next_attempt) WHERE state = 0;
CREATE TABLE ledger (
  d TEXT NOT NULL,
  i BLOB NOT NULL,
  recipient TEXT NOT NULL,
  m BLOB NOT NULL,
  keep_until INTEGER NOT NULL,
  queue_id TEXT NOT NULL,
  PRIMARY KEY (d, i, recipient)
) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_keep_until ON ledger (keep_until);
CREATE TABLE setting (name TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
)sql";

// quarantined: what this recipient's domain does with mail whose author it could not authenticate.
constexpr const char* version_2 = R"sql(
ALTER TABLE recipient ADD COLUMN quarantined INTEGER NOT NULL DEFAULT 0;
)sql";

// ret, notify   RFC 3461; notify: 1 never, 2 success, 4 failure, 8 delay.
// flow          store::flow_of: both indices have it, so that a large queue is read in turns and never as a whole.
// recipient.state 3: held.
constexpr const char* version_3 = R"sql(
ALTER TABLE message ADD COLUMN envid TEXT NOT NULL DEFAULT '';
ALTER TABLE message ADD COLUMN ret INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN require_tls INTEGER NOT NULL DEFAULT 0;
ALTER TABLE recipient ADD COLUMN relay TEXT NOT NULL DEFAULT '';
ALTER TABLE recipient ADD COLUMN notify INTEGER NOT NULL DEFAULT 0;
ALTER TABLE recipient ADD COLUMN orcpt TEXT NOT NULL DEFAULT '';
ALTER TABLE recipient ADD COLUMN in_doubt INTEGER NOT NULL DEFAULT 0;
ALTER TABLE recipient ADD COLUMN warned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE recipient ADD COLUMN note TEXT NOT NULL DEFAULT '';
ALTER TABLE recipient ADD COLUMN flow INTEGER NOT NULL DEFAULT 0;
UPDATE recipient SET flow =
  (SELECT cas_flow(recipient.route, recipient.address, user, sender) FROM message WHERE id = recipient.message);
DROP INDEX recipient_due;
CREATE INDEX recipient_due ON recipient (next_attempt, flow) WHERE state = 0;
CREATE INDEX recipient_flow ON recipient (flow, next_attempt) WHERE state = 0;
CREATE TABLE memory (
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  keep_until INTEGER NOT NULL,
  PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX memory_keep_until ON memory (keep_until);
)sql";

// chunk   a larger one has no octets here: they lie in `segment` (segments.hpp) from `place` on, `size` of them.
//         sum: the checksum of either kind; chunks of before this version have none.
constexpr const char* version_4 = R"sql(
ALTER TABLE chunk ADD COLUMN segment INTEGER;
ALTER TABLE chunk ADD COLUMN place INTEGER;
ALTER TABLE chunk ADD COLUMN size INTEGER;
ALTER TABLE chunk ADD COLUMN sum INTEGER;
CREATE INDEX chunk_segment ON chunk (segment, size) WHERE segment IS NOT NULL;
)sql";

// recipient_due   with the state, which its condition says already: SQLite reads no row then. A scan of a large queue
//                 costs half, and with a cold cache far less.
constexpr const char* version_5 = R"sql(
DROP INDEX recipient_due;
CREATE INDEX recipient_due ON recipient (next_attempt, flow, state) WHERE state = 0;
)sql";

// recipient.screened     the key of a relationship: kept out of the inbox until its owner decides. '': it is not.
// recipient.admitted     when its wait for a person ended; 0: it did not wait.
// message.forwarded_as   the envelope sender of what an alias sends on; none: `sender`.
// audit                  only ever grows: the triggers hold for every program that opens the file.
constexpr const char* version_6 = R"sql(
ALTER TABLE recipient ADD COLUMN screened TEXT NOT NULL DEFAULT '';
ALTER TABLE recipient ADD COLUMN admitted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN forwarded_as TEXT;
CREATE TABLE audit (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  by TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN
  SELECT RAISE(ABORT, 'the audit log is not changed');
END;
CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit BEGIN
  SELECT RAISE(ABORT, 'the audit log is not changed');
END;
)sql";

// message.client, client_helo   who handed over mail from outside; '': mail of our own, or from before this version.
constexpr const char* version_7 = R"sql(
ALTER TABLE message ADD COLUMN client TEXT NOT NULL DEFAULT '';
ALTER TABLE message ADD COLUMN client_helo TEXT NOT NULL DEFAULT '';
)sql";

constexpr std::array steps = {version_1, version_2, version_3, version_4, version_5, version_6, version_7};

/// cas_flow(route, address, user, sender) for step 3. What cannot be read becomes flow 1: it is tried, and then said.
void flow_in_sql(sqlite3_context* context, int, sqlite3_value** values) {
  const auto text = [](sqlite3_value* value) {
    const auto* octets = reinterpret_cast<const char*>(sqlite3_value_text(value));
    return octets == nullptr ? std::string() : std::string(octets);
  };
  const auto address = Mailbox::parse(text(values[1]));
  auto sender = ReversePath::parse(text(values[3]));
  Message message;
  message.user = text(values[2]);
  if (sender) message.sender = *std::move(sender);
  const auto route = static_cast<Route>(sqlite3_value_int(values[0]));
  sqlite3_result_int64(context, address ? flow_of(route, domain_of(*address), origin_of(message)) : 1);
}

Result<std::int64_t> number(Database& db, std::string_view sql) {
  Query query = db.query(sql);
  CAS_TRY(const bool row, query.step());
  return row ? query.integer_at(0) : 0;
}

Result<void> run_step(Database& db, std::size_t from) {
  std::string sql = "BEGIN IMMEDIATE;";
  sql.append(steps[from]);
  sql.append("PRAGMA user_version = ").append(std::to_string(from + 1));
  sql.append("; PRAGMA application_id = ").append(std::to_string(application_id)).append("; COMMIT");
  auto done = db.exec(sql);
  if (!done && db.in_transaction()) static_cast<void>(db.exec("ROLLBACK"));  // the first error is the one to tell
  return done;
}

}  // namespace

int schema_version() {
  return static_cast<int>(steps.size());
}

Result<void> check_ours(Database& db, const std::filesystem::path& file) {
  const auto version = number(db, "PRAGMA user_version");
  // A disk that is full or broken: whoever moved the file away now would lose mail.
  if (!version && !db.failed_by_content()) {
    return transient("storage is not available", file.string() + " cannot be opened (" +
                                                     version.error().private_reason +
                                                     "): see whether its disk is full or broken, and leave it there");
  }
  if (!version) {
    return permanent("storage is not available", file.string() + " is not an SQLite database that can be used (" +
                                                     version.error().private_reason +
                                                     "): move it away, or choose "
                                                     "another file");
  }
  CAS_TRY(const auto application, number(db, "PRAGMA application_id"));
  CAS_TRY(const auto tables, number(db, "SELECT count(*) FROM sqlite_schema"));
  if (tables != 0 && application != application_id) {
    return permanent("storage is not available", file.string() +
                                                     " is a database of another program: move it away, or "
                                                     "choose another file");
  }
  if (*version > schema_version()) {
    return permanent("storage is not available", file.string() + " has schema version " + std::to_string(*version) +
                                                     "; this program knows " + "versions up to " +
                                                     std::to_string(schema_version()) +
                                                     ": run the newer program, or restore a backup");
  }
  return {};
}

Result<void> migrate(Database& db) {
  CAS_CHECK(db.add_function("cas_flow", 4, flow_in_sql));
  CAS_TRY(const auto version, number(db, "PRAGMA user_version"));
  for (auto from = static_cast<std::size_t>(version); from < steps.size(); ++from) CAS_CHECK(run_step(db, from));
  return {};
}

}  // namespace cas::store
