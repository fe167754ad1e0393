// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See sqlite_database.hpp.
#include "store/sqlite_database.hpp"

namespace cas::store {
namespace {

Lasting lasting(int code) {
  return (code & 0xff) == SQLITE_CONSTRAINT ? Lasting::Permanent : Lasting::Transient;
}

std::string public_text(int code) {
  return (code & 0xff) == SQLITE_FULL ? "insufficient system storage" : "storage is not available";
}

int remember_log_pages(void* out, sqlite3*, const char*, int pages) {
  *static_cast<int*>(out) = pages;
  return SQLITE_OK;
}

}  // namespace

Database::Database(sqlite3* db) : db_(db) {
  sqlite3_extended_result_codes(db, 1);
  // Also switches SQLite's own checkpoints off: they would come before the answer to the writers.
  sqlite3_wal_hook(db, remember_log_pages, log_pages_.get());
}

Result<Database> Database::open(const std::filesystem::path& file) {
  return open_with(file, SQLITE_OPEN_READWRITE);
}

Result<Database> Database::open_read_only(const std::filesystem::path& file) {
  return open_with(file, SQLITE_OPEN_READONLY);
}

Result<Database> Database::open_with(const std::filesystem::path& file, int flags) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  if (raw == nullptr) return transient("storage is not available", "sqlite3_open_v2: out of memory");
  Database db(raw);
  if (code != SQLITE_OK) return std::unexpected(db.error("opening " + file.string()));
  return db;
}

Error Database::error(std::string_view doing) const {
  const int code = sqlite3_extended_errcode(db_.get());
  std::string reason = "SQLite: ";
  reason.append(sqlite3_errmsg(db_.get())).append(" (").append(std::to_string(code)).append(") in ").append(doing);
  return Error{lasting(code), public_text(code), std::move(reason)};
}

bool Database::failed_by_content() const {
  const int code = sqlite3_errcode(db_.get()) & 0xff;
  return code == SQLITE_NOTADB || code == SQLITE_CORRUPT;
}

Result<void> Database::exec(const std::string& sql) {
  if (sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return std::unexpected(error(sql));
  return {};
}

Result<void> Database::add_function(const char* name, int arguments, Function function) {
  constexpr int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC;
  if (sqlite3_create_function_v2(db_.get(), name, arguments, flags, nullptr, function, nullptr, nullptr, nullptr) !=
      SQLITE_OK) {
    return std::unexpected(error(name));
  }
  return {};
}

Query Database::query(std::string_view sql) {
  auto& kept = statements_[sql];
  if (!kept) {
    sqlite3_stmt* raw = nullptr;
    sqlite3_prepare_v3(db_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    kept.reset(raw);  // null where it failed; Query says so
  }
  return Query(*this, kept.get(), sql);
}

bool Database::in_transaction() const {
  return sqlite3_get_autocommit(db_.get()) == 0;
}
std::int64_t Database::last_insert_id() const {
  return sqlite3_last_insert_rowid(db_.get());
}
std::size_t Database::changes() const {
  return static_cast<std::size_t>(sqlite3_changes(db_.get()));
}

Result<void> Database::checkpoint() {
  int in_log = 0;
  int moved = 0;
  if (sqlite3_wal_checkpoint_v2(db_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &in_log, &moved) != SQLITE_OK) {
    return std::unexpected(error("checkpoint"));
  }
  moved_pages_ = moved;
  return {};
}

int Database::new_log_pages() {
  if (*log_pages_ < moved_pages_) moved_pages_ = 0;  // the log began anew
  return *log_pages_ - moved_pages_;
}

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Query& Query::integer(std::int64_t value) {
  if (statement_ != nullptr) sqlite3_bind_int64(statement_, ++bound_, value);
  return *this;
}

Query& Query::text(std::string_view value) {
  // A null pointer would bind NULL, not "".
  const char* data = value.empty() ? "" : value.data();
  if (statement_ != nullptr) {
    sqlite3_bind_text64(statement_, ++bound_, data, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  }
  return *this;
}

Query& Query::blob(std::string_view octets) {
  const char* data = octets.empty() ? "" : octets.data();
  if (statement_ != nullptr) sqlite3_bind_blob64(statement_, ++bound_, data, octets.size(), SQLITE_STATIC);
  return *this;
}

Query& Query::null() {
  if (statement_ != nullptr) sqlite3_bind_null(statement_, ++bound_);
  return *this;
}

Result<bool> Query::step() {
  if (statement_ == nullptr) return std::unexpected(db_.error(sql_));
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return std::unexpected(db_.error(sql_));
}

Result<void> Query::run() {
  CAS_TRY(const bool row, step());
  static_cast<void>(row);
  return {};
}

bool Query::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}
std::int64_t Query::integer_at(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string Query::text_at(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));  // before bytes: it may convert
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return data == nullptr ? std::string() : std::string(data, size);
}

}  // namespace cas::store
