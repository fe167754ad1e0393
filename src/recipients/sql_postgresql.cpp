// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// PostgreSQL over libpq, never longer than the deadline: every wait is a poll() of ours.
#include <libpq-fe.h>
#include <poll.h>

#include <array>

#include "base/encoding.hpp"
#include "recipients/alias_file.hpp"
#include "recipients/sql.hpp"

namespace cas::recipients {

namespace {

constexpr std::string_view unanswered = "the mailbox cannot be looked up now";

struct CloseResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ResultRows = std::unique_ptr<PGresult, CloseResult>;

std::unexpected<Error> late() {
  return transient(std::string(unanswered), "PostgreSQL gives no answer in time");
}

class PostgresqlSession final : public SqlSession {
 public:
  explicit PostgresqlSession(std::string query) : query_(std::move(query)) {}
  ~PostgresqlSession() override { PQfinish(connection_); }

  Result<void> open(const std::string& conninfo, Deadline until) {
    connection_ = PQconnectStart(conninfo.c_str());
    if (connection_ == nullptr || PQstatus(connection_) == CONNECTION_BAD) return fault("cannot connect");
    // Otherwise they go to standard error.
    PQsetNoticeProcessor(connection_, [](void*, const char*) {}, nullptr);
    auto state = PGRES_POLLING_WRITING;
    while (state != PGRES_POLLING_OK) {
      if (state == PGRES_POLLING_FAILED) return fault("cannot connect");
      if (!wait(state == PGRES_POLLING_READING ? POLLIN : POLLOUT, until)) return late();
      state = PQconnectPoll(connection_);
    }
    PQsetnonblocking(connection_, 1);
    return {};
  }

  Result<SqlRows> ask(const std::string& local, const std::string& domain, Deadline until) override {
    auto rows = ask_once(local, domain, until);
    if (!rows) abandon();
    return rows;
  }

 private:
  Result<SqlRows> ask_once(const std::string& local, const std::string& domain, Deadline until) {
    const std::array<const char*, 2> values{local.c_str(), domain.c_str()};
    const int count = query_.contains("$2") ? 2 : 1;
    const int sent = PQsendQueryParams(connection_, query_.c_str(), count, nullptr, values.data(), nullptr, nullptr, 0);
    if (sent == 0 || PQsetSingleRowMode(connection_) == 0) return fault("the query cannot be sent");
    while (true) {
      const int left = PQflush(connection_);
      if (left == 0) break;
      if (left < 0) return fault("the query cannot be sent");
      if (!wait(POLLIN | POLLOUT, until)) return late();
      if (PQconsumeInput(connection_) == 0) return fault("the connection broke");
    }
    SqlRows rows;
    while (true) {
      while (PQisBusy(connection_) != 0) {
        if (!wait(POLLIN, until)) return late();
        if (PQconsumeInput(connection_) == 0) return fault("the connection broke");
      }
      const ResultRows result(PQgetResult(connection_));
      if (!result) return rows;
      const auto status = PQresultStatus(result.get());
      if (status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK) return fault("the query failed");
      for (int n = 0; n < PQntuples(result.get()); ++n) {
        const auto size = static_cast<std::size_t>(PQgetlength(result.get(), n, 0));
        rows.emplace_back(PQgetvalue(result.get(), n, 0), size);  // NULL is empty
      }
      if (rows.size() > max_targets) return transient(std::string(unanswered), "the query gives too many rows");
    }
  }

  [[nodiscard]] bool wait(short what, Deadline until) const {
    const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
    if (left <= milliseconds{0}) return false;
    pollfd descriptor{.fd = PQsocket(connection_), .events = what, .revents = 0};
    return ::poll(&descriptor, 1, static_cast<int>(left.count())) > 0;
  }

  // What still runs there is of no use to anybody. Whoever drops the session closes the connection; the server notices
  // at its next word.
  void abandon() {
    PQfinish(connection_);
    connection_ = nullptr;
  }

  // libpq's message names host, user and database, never the password.
  [[nodiscard]] std::unexpected<Error> fault(std::string_view doing) const {
    std::string why = connection_ == nullptr ? "out of memory" : PQerrorMessage(connection_);
    while (why.ends_with('\n')) why.pop_back();
    return transient(std::string(unanswered), "PostgreSQL: " + std::string(doing) + ": " + printable(why, 300));
  }

  std::string query_;
  PGconn* connection_ = nullptr;
};

}  // namespace

OpenSql postgresql_sessions(std::string connection, std::string query) {
  return [connection = std::move(connection),
          query = std::move(query)](Deadline until) -> Result<std::unique_ptr<SqlSession>> {
    auto session = std::make_unique<PostgresqlSession>(query);
    CAS_CHECK(session->open(connection, until));
    return session;
  };
}

}  // namespace cas::recipients
