// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// One SQLite connection and its prepared statements. The only files that call sqlite3_* functions are this pair and
// sqlite_open.cpp. Not thread-safe: a connection belongs to one thread at a time.
#pragma once

#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.hpp"

namespace cas::store {

class Query;

class Database {
 public:
  /// Existing files only (sqlite_open.cpp creates them, with the right mode).
  [[nodiscard]] static Result<Database> open(const std::filesystem::path& file);
  /// To look and not to touch. As root, what SQLite has to make beside the file belongs to whom the file belongs to.
  [[nodiscard]] static Result<Database> open_read_only(const std::filesystem::path& file);

  /// Statements without results; several may be joined by ";".
  [[nodiscard]] Result<void> exec(const std::string& sql);
  /// A function for SQL; deterministic.
  using Function = void (*)(sqlite3_context*, int, sqlite3_value**);
  [[nodiscard]] Result<void> add_function(const char* name, int arguments, Function function);
  /// A prepared statement, kept for the next use. `sql` is a literal: the cache keeps a view of it.
  [[nodiscard]] Query query(std::string_view sql);

  [[nodiscard]] bool in_transaction() const;
  [[nodiscard]] std::int64_t last_insert_id() const;
  [[nodiscard]] std::size_t changes() const;
  /// Pages in the write-ahead log that the last checkpoint has not seen.
  [[nodiscard]] int new_log_pages();
  /// Moves what the log holds into the file, as far as readers allow; never waits for them.
  [[nodiscard]] Result<void> checkpoint();

  /// What went wrong in the last call. Constraints are permanent errors, everything else is transient.
  [[nodiscard]] Error error(std::string_view doing) const;
  /// Whether that was about what stands in the file, and not about reading or writing it.
  [[nodiscard]] bool failed_by_content() const;

 private:
  struct CloseDatabase {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  struct CloseStatement {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  friend class Query;

  explicit Database(sqlite3* db);
  [[nodiscard]] static Result<Database> open_with(const std::filesystem::path& file, int flags);

  std::unique_ptr<int> log_pages_ = std::make_unique<int>(0);  // after the last commit; SQLite knows its address
  int moved_pages_ = 0;
  std::unique_ptr<sqlite3, CloseDatabase> db_;
  std::unordered_map<std::string_view, std::unique_ptr<sqlite3_stmt, CloseStatement>> statements_;
};

/// One run of a prepared statement; the destructor makes it ready for the next. Parameters are bound in order.
class Query {
 public:
  Query(Database& db, sqlite3_stmt* statement, std::string_view sql) : db_(db), statement_(statement), sql_(sql) {}
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  Query& integer(std::int64_t value);
  Query& text(std::string_view value);
  /// Not copied: must outlive this object.
  Query& blob(std::string_view octets);
  Query& null();

  /// True: a row is there. False: no further row.
  [[nodiscard]] Result<bool> step();
  /// For statements that give no row.
  [[nodiscard]] Result<void> run();

  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t integer_at(int column) const;
  [[nodiscard]] std::string text_at(int column) const;

 private:
  Database& db_;
  sqlite3_stmt* statement_;
  std::string_view sql_;
  int bound_ = 0;
};

}  // namespace cas::store
