// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What became of recipients, counted by receiving domain, day (UTC) and rule, with the domains that most of it came
// from: `cas report`. Counted in memory, added up in the store (kind "report", a row a domain and day, kept for 60
// days). A crash forgets what was counted since the last flush().
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.hpp"
#include "policy/judge.hpp"
#include "registry/report_day.hpp"
#include "store/values.hpp"

namespace cas::registry {

/// Thread-safe. The store outlives it and the last of its callbacks.
class VerdictReport {
 public:
  explicit VerdictReport(store::Store& store) : store_(store), pending_(std::make_shared<Guarded<Pending>>()) {}

  /// One recipient. `sender`: the domain it is from; empty for the null path.
  void count(std::string_view domain, const policy::Verdict& verdict, std::string_view sender, TimePoint at);
  /// It was judged again, with another verdict.
  void take_back(std::string_view domain, const policy::Verdict& verdict, std::string_view sender, TimePoint at);
  /// Writes what was counted. Nobody waits; what cannot be written is tried again with the next.
  void flush();

  struct Row {
    std::string day, domain;  // "2026-11-27"
    ReportDay counts;
  };
  /// Days from `since` on, by day and domain, behind `after` ("DAY DOMAIN", exclusive), of at most `limit` that are
  /// looked at those of `domain`, or all where it is empty. Counts what was not flushed too.
  struct Page {
    std::vector<Row> rows;
    std::string next;  // go on behind this one; empty: that was all
  };
  void read(TimePoint since, std::string domain, std::string after, std::size_t limit, store::ValueDone<Page> done);

 private:
  struct Unwritten {
    ReportDay counts;
    TimePoint last{};
  };
  using Pending = std::map<std::string, Unwritten>;  // by "DAY DOMAIN"
  static constexpr std::size_t most_pending = 2000;
  void add(std::string_view domain, const policy::Verdict& verdict, std::string_view sender, TimePoint at,
           std::int64_t count);
  static void give_back(Pending& now, const Pending& lost);
  [[nodiscard]] static Result<void> write(store::Tx& tx, const Pending& pending);

  store::Store& store_;
  std::shared_ptr<Guarded<Pending>> pending_;
};

}  // namespace cas::registry
