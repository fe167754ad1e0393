// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Connections that are kept, and what rows mean.
#include "recipients/sql.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "base/guarded.hpp"
#include "recipients/alias_file.hpp"

namespace cas::recipients {

namespace {

constexpr std::string_view unanswered = "the mailbox cannot be looked up now";

std::optional<Mailbox> address(std::string_view text, const Domain& domain) {
  auto mailbox = Mailbox::parse(text);
  if (!mailbox) mailbox = Mailbox::parse(std::string(text) + "@" + domain.text());
  if (!mailbox || !mailbox->domain()) return std::nullopt;
  return *std::move(mailbox);
}

// A row as one address, or as several with commas between.
bool read_row(std::string_view row, const Domain& domain, std::vector<Mailbox>& targets) {
  if (auto one = address(trim_wsp(row), domain)) {
    targets.push_back(*std::move(one));
    return true;
  }
  if (!row.contains(',')) return false;
  while (!row.empty()) {
    const auto end = row.find(',');
    const auto part = trim_wsp(row.substr(0, end));
    row.remove_prefix(end == std::string_view::npos ? row.size() : end + 1);
    if (part.empty()) continue;
    auto one = address(part, domain);
    if (!one) return false;
    targets.push_back(*std::move(one));
  }
  return true;
}

}  // namespace

Lookup found_in_rows(const SqlRows& rows, const std::string& local, const Domain& domain) {
  if (rows.empty()) return std::nullopt;
  Found found{.rule = "sql"};
  std::vector<Mailbox> targets;
  for (const auto& row : rows) {
    if (trim_wsp(row).empty()) {
      found.mailbox = true;
    } else if (!read_row(row, domain, targets)) {
      return transient(std::string(unanswered), "the database's \"" + printable(row, 80) + "\" is no address");
    }
  }
  for (auto& target : targets) {
    if (target.domain() == domain && to_lower(target.local().value()) == local) {
      found.mailbox = true;
    } else {
      found.targets.push_back(std::move(target));
    }
  }
  if (!found.mailbox && found.targets.empty()) return std::nullopt;
  if (found.targets.size() <= max_targets) return found;
  return transient(std::string(unanswered), "the database has more than " + std::to_string(max_targets) + " targets");
}

struct SqlDatabase::Pool {
  OpenSql open;
  Domain domain;
  milliseconds timeout;
  std::size_t kept;
  Guarded<std::vector<std::unique_ptr<SqlSession>>> idle{};

  Answer ask(const std::string& local) {
    const Deadline until = std::chrono::steady_clock::now() + timeout;
    auto session = idle.with([](auto& sessions) {
      std::unique_ptr<SqlSession> one;
      if (!sessions.empty()) {
        one = std::move(sessions.back());
        sessions.pop_back();
      }
      return one;
    });
    // A connection that was kept may have broken since: its fault says nothing of the database.
    if (session) {
      if (auto rows = session->ask(local, domain.text(), until)) return keep(std::move(session), *rows, local);
    }
    auto fresh = open(until);
    if (!fresh) return Answer{.lookup = std::unexpected(std::move(fresh).error()), .down = true};
    auto rows = (*fresh)->ask(local, domain.text(), until);
    if (!rows) return Answer{.lookup = std::unexpected(std::move(rows).error()), .down = true};
    return keep(*std::move(fresh), *rows, local);
  }

  Answer keep(std::unique_ptr<SqlSession> session, const SqlRows& rows, const std::string& local) {
    idle.with([&](auto& sessions) {
      if (sessions.size() < kept) sessions.push_back(std::move(session));
    });
    return Answer{.lookup = found_in_rows(rows, local, domain)};
  }
};

SqlDatabase::SqlDatabase(OpenSql open, Domain domain, net::Workers& workers, milliseconds timeout, std::size_t kept)
    : pool_(std::make_shared<Pool>(std::move(open), std::move(domain), timeout, kept)), workers_(workers) {}

SqlDatabase::~SqlDatabase() = default;

net::Task<Answer> SqlDatabase::ask(std::string local) const {
  auto work = [pool = pool_, local]() -> Result<Answer> { return pool->ask(local); };
  auto answer = co_await workers_.run<Answer>(std::move(work));
  if (answer) co_return *std::move(answer);
  co_return Answer{.lookup = std::unexpected(answer.error())};
}

}  // namespace cas::recipients
