// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See verdict_report.hpp.
#include "registry/verdict_report.hpp"

#include <algorithm>
#include <chrono>

namespace cas::registry {
namespace {

constexpr std::string_view kind = "report";
constexpr std::size_t longest_domain = 255;
constexpr std::chrono::days keep{60};

std::string day_of(TimePoint at) {
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(at));
  const auto two = [](unsigned n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  return std::to_string(static_cast<int>(day.year())) + '-' + two(static_cast<unsigned>(day.month())) + '-' +
         two(static_cast<unsigned>(day.day()));
}

}  // namespace

void VerdictReport::count(std::string_view domain, const policy::Verdict& verdict, std::string_view sender,
                          TimePoint at) {
  add(domain, verdict, sender, at, 1);
}

void VerdictReport::take_back(std::string_view domain, const policy::Verdict& verdict, std::string_view sender,
                              TimePoint at) {
  add(domain, verdict, sender, at, -1);
}

void VerdictReport::add(std::string_view domain, const policy::Verdict& verdict, std::string_view sender, TimePoint at,
                        std::int64_t count) {
  const ReportKey key{.rule = verdict.rule,
                      .admission = std::string(policy::to_string(verdict.admission)),
                      .observed = verdict.observed};
  const std::string name = day_of(at) + ' ' + std::string(domain.substr(0, longest_domain));
  pending_->with([&](Pending& pending) {
    if (pending.size() >= most_pending && !pending.contains(name)) return;
    auto& day = pending[name];
    day.counts.add(key, sender, count);
    day.last = at;
  });
}

Result<void> VerdictReport::write(store::Tx& tx, const Pending& pending) {
  for (const auto& [name, day] : pending) {
    CAS_TRY(const auto known, tx.recall(kind, name));
    ReportDay sum = known ? ReportDay::parse(known->value) : ReportDay();
    sum.add(day.counts);
    CAS_CHECK(tx.remember(kind, {.name = name, .value = sum.text(), .keep_until = to_unix(day.last) + keep}));
  }
  return {};
}

void VerdictReport::give_back(Pending& now, const Pending& lost) {
  for (const auto& [name, day] : lost) {
    if (now.size() >= most_pending && !now.contains(name)) continue;
    auto& known = now[name];
    known.counts.add(day.counts);
    known.last = std::max(known.last, day.last);
  }
}

void VerdictReport::flush() {
  auto pending = std::make_shared<Pending>(pending_->with([](Pending& now) { return std::exchange(now, {}); }));
  if (pending->empty()) return;
  store_.write([pending](store::Tx& tx) { return write(tx, *pending); },
               [counted = pending_, pending](const Result<void>& written) {
                 if (written) return;
                 counted->with([&](Pending& now) { give_back(now, *pending); });
               });
}

void VerdictReport::read(TimePoint since, std::string domain, std::string after, std::size_t limit,
                         store::ValueDone<Page> done) {
  flush();
  // Behind what was flushed: writes are done in the order in which they were given.
  auto work = [first = day_of(since), domain = std::move(domain), after = std::move(after),
               limit](store::Tx& tx) -> Result<Page> {
    CAS_TRY(const auto rows, tx.memories(kind, std::max(after, first), limit));
    Page page;
    for (const auto& row : rows) {
      const std::size_t blank = row.name.find(' ');
      if (blank == row.name.npos) continue;
      Row one{.day = row.name.substr(0, blank), .domain = row.name.substr(blank + 1), .counts = {}};
      if (!domain.empty() && one.domain != domain) continue;
      one.counts = ReportDay::parse(row.value);
      page.rows.push_back(std::move(one));
    }
    if (rows.size() == limit) page.next = rows.back().name;
    return page;
  };
  store::write_value<Page>(store_, std::move(work), std::move(done));
}

}  // namespace cas::registry
