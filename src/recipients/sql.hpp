// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Recipients in a database: one query, whose rows are the targets of a name. $1 is what stands before the @, in lower
// case, $2 the domain. No row: there is no such name. A row that is NULL, empty or the name itself: it has a mailbox.
// Several targets may stand in one row, with commas between them.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/workers.hpp"
#include "recipients/cached_source.hpp"

namespace cas::recipients {

using Deadline = std::chrono::steady_clock::time_point;
using SqlRows = std::vector<std::string>;

/// One connection, used by one thread at a time. All errors are transient, and none shows how one connects.
class SqlSession {
 public:
  SqlSession() = default;
  virtual ~SqlSession() = default;
  SqlSession(const SqlSession&) = delete;
  SqlSession& operator=(const SqlSession&) = delete;
  /// The first column of each row; more than max_targets rows are an error. Waits, at most until the deadline.
  [[nodiscard]] virtual Result<SqlRows> ask(const std::string& local, const std::string& domain, Deadline until) = 0;
};
using OpenSql = std::function<Result<std::unique_ptr<SqlSession>>(Deadline)>;

/// A file that is only read. One that was replaced is opened anew.
[[nodiscard]] OpenSql sqlite_sessions(std::filesystem::path file, std::string query);
/// `connection`: a connection string of libpq.
[[nodiscard]] OpenSql postgresql_sessions(std::string connection, std::string query);

/// What rows say of a name; an error when one of them is no address.
[[nodiscard]] Lookup found_in_rows(const SqlRows& rows, const std::string& local, const Domain& domain);

/// Asks on a worker, over at most `kept` connections that stay open; one that has broken is replaced at once. `workers`
/// outlive it.
class SqlDatabase {
 public:
  SqlDatabase(OpenSql open, Domain domain, net::Workers& workers, milliseconds timeout, std::size_t kept = 4);
  ~SqlDatabase();
  [[nodiscard]] net::Task<Answer> ask(std::string local) const;

 private:
  struct Pool;
  std::shared_ptr<Pool> pool_;
  net::Workers& workers_;
};

}  // namespace cas::recipients
