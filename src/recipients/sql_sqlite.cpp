// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A database of SQLite that somebody else writes.
#include <sqlite3.h>
#include <sys/stat.h>

#include "recipients/alias_file.hpp"
#include "recipients/sql.hpp"

namespace cas::recipients {

namespace {

constexpr std::string_view unanswered = "the mailbox cannot be looked up now";
constexpr int steps_between_looks = 1000;

std::unexpected<Error> fault(sqlite3* db, std::string_view doing) {
  return transient(std::string(unanswered), std::string(doing) + ": " + sqlite3_errmsg(db));
}

class SqliteSession final : public SqlSession {
 public:
  explicit SqliteSession(std::filesystem::path file) : file_(std::move(file)) {}
  ~SqliteSession() override {
    sqlite3_finalize(statement_);
    sqlite3_close_v2(db_);
  }

  Result<void> open(const std::string& query) {
    struct stat status{};
    if (::stat(file_.c_str(), &status) == 0) device_ = status.st_dev, inode_ = status.st_ino;
    if (sqlite3_open_v2(file_.c_str(), &db_, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr) != SQLITE_OK) {
      return fault(db_, "\"" + file_.string() + "\" cannot be opened");
    }
    sqlite3_progress_handler(
        db_, steps_between_looks,
        [](void* until) { return std::chrono::steady_clock::now() > *static_cast<Deadline*>(until) ? 1 : 0; }, &until_);
    sqlite3_busy_timeout(db_, 500);
    until_ = Deadline::max();
    const char* rest = nullptr;
    if (sqlite3_prepare_v2(db_, query.data(), static_cast<int>(query.size()), &statement_, &rest) != SQLITE_OK) {
      return fault(db_, "the query cannot be used");
    }
    if (statement_ == nullptr || sqlite3_stmt_readonly(statement_) == 0 || sqlite3_column_count(statement_) == 0) {
      return transient(std::string(unanswered), "the query gives no rows");
    }
    return {};
  }

  Result<SqlRows> ask(const std::string& local, const std::string& domain, Deadline until) override {
    until_ = until;
    if (was_replaced()) return transient(std::string(unanswered), "the file was replaced");
    sqlite3_reset(statement_);
    bind("$1", local);
    bind("$2", domain);
    SqlRows rows;
    int said = SQLITE_OK;
    while ((said = sqlite3_step(statement_)) == SQLITE_ROW && rows.size() <= max_targets) {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, 0));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, 0));
      rows.emplace_back(text == nullptr ? std::string() : std::string(text, size));
    }
    auto failed = fault(db_, "the query failed");
    sqlite3_reset(statement_);
    if (said != SQLITE_DONE && said != SQLITE_ROW) return failed;
    if (rows.size() > max_targets) return transient(std::string(unanswered), "the query gives too many rows");
    return rows;
  }

 private:
  void bind(const char* name, const std::string& value) {
    const int index = sqlite3_bind_parameter_index(statement_, name);
    if (index == 0) return;
    sqlite3_bind_text(statement_, index, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT);
  }
  [[nodiscard]] bool was_replaced() const {
    struct stat status{};
    return ::stat(file_.c_str(), &status) != 0 || status.st_dev != device_ || status.st_ino != inode_;
  }

  std::filesystem::path file_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  Deadline until_ = Deadline::max();
  sqlite3* db_ = nullptr;
  sqlite3_stmt* statement_ = nullptr;
};

}  // namespace

OpenSql sqlite_sessions(std::filesystem::path file, std::string query) {
  return [file = std::move(file), query = std::move(query)](Deadline) -> Result<std::unique_ptr<SqlSession>> {
    auto session = std::make_unique<SqliteSession>(file);
    CAS_CHECK(session->open(query));
    return session;
  };
}

}  // namespace cas::recipients
