// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Counts of verdicts: added up over flushes and restarts, bounded, and the frequent senders stay.
#include "registry/verdict_report.hpp"

#include <gtest/gtest.h>

#include <future>

#include "store/memory.hpp"

namespace cas::registry {
namespace {

const TimePoint noon{std::chrono::sys_days(std::chrono::year(2026) / 11 / 27) + std::chrono::hours(12)};

policy::Verdict verdict(std::string rule, std::string observed = {}) {
  policy::Verdict verdict;
  verdict.admission = policy::Admission::Unconfirmed;
  verdict.rule = std::move(rule);
  verdict.observed = std::move(observed);
  return verdict;
}

VerdictReport::Page page_of(VerdictReport& report, TimePoint since = noon, const std::string& domain = {},
                            std::string after = {}, std::size_t limit = 100) {
  std::promise<Result<VerdictReport::Page>> promise;
  report.read(since, domain, std::move(after), limit,
              [&](Result<VerdictReport::Page> page) { promise.set_value(std::move(page)); });
  return promise.get_future().get().value();
}

std::int64_t recipients_of(const VerdictReport::Row& row, const std::string& rule, const std::string& observed = {}) {
  const auto found = row.counts.counts().find({.rule = rule, .admission = "unconfirmed", .observed = observed});
  return found == row.counts.counts().end() ? 0 : found->second.recipients();
}

TEST(VerdictReport, AddsUpByDayDomainAndRule) {
  const auto store = store::open_memory();
  VerdictReport report(*store);
  report.count("b.example", verdict("optional"), "a.example", noon);
  report.count("b.example", verdict("optional"), "a.example", noon);
  report.flush();
  report.count("b.example", verdict("optional", "required"), "c.example", noon);
  report.count("b.example", verdict("optional"), "", noon);
  report.count("x.example", verdict("optional"), "a.example", noon);
  report.count("b.example", verdict("optional"), "a.example", noon + std::chrono::days(1));
  const auto page = page_of(report);
  ASSERT_EQ(page.rows.size(), 3U);
  EXPECT_EQ(page.rows[0].day + " " + page.rows[0].domain, "2026-11-27 b.example");
  EXPECT_EQ(page.rows[1].domain, "x.example");
  EXPECT_EQ(page.rows[2].day, "2026-11-28");
  EXPECT_EQ(recipients_of(page.rows[0], "optional"), 3);
  EXPECT_EQ(recipients_of(page.rows[0], "optional", "required"), 1);
  const auto& count = page.rows[0].counts.counts().begin()->second;
  const std::vector<std::pair<std::string, std::int64_t>> senders{{"a.example", 2}, {"-", 1}};
  EXPECT_EQ(count.senders(), senders);
}

TEST(VerdictReport, OutlivesTheProcess) {
  const auto store = store::open_memory();
  {
    VerdictReport report(*store);
    report.count("b.example", verdict("optional"), "a.example", noon);
    report.flush();
  }
  VerdictReport report(*store);
  report.count("b.example", verdict("optional"), "a.example", noon);
  EXPECT_EQ(recipients_of(page_of(report).rows.at(0), "optional"), 2);
}

TEST(VerdictReport, TakesBackWhatWasJudgedAgain) {
  const auto store = store::open_memory();
  VerdictReport report(*store);
  report.count("b.example", verdict("optional"), "a.example", noon);
  report.flush();
  report.take_back("b.example", verdict("optional"), "a.example", noon);
  report.count("b.example", verdict("blocked"), "a.example", noon);
  const auto rows = page_of(report).rows;
  EXPECT_EQ(recipients_of(rows.at(0), "optional"), 0);
  EXPECT_EQ(recipients_of(rows.at(0), "blocked"), 1);
}

TEST(VerdictReport, ReadsADomainADayAndAPageAtATime) {
  const auto store = store::open_memory();
  VerdictReport report(*store);
  for (const char* domain : {"a.example", "b.example", "c.example"}) {
    report.count(domain, verdict("optional"), "x.example", noon);
    report.count(domain, verdict("optional"), "x.example", noon - std::chrono::days(3));
  }
  EXPECT_EQ(page_of(report).rows.size(), 3U);
  EXPECT_EQ(page_of(report, noon - std::chrono::days(3)).rows.size(), 6U);
  EXPECT_EQ(page_of(report, noon - std::chrono::days(3), "b.example").rows.size(), 2U);
  const auto first = page_of(report, noon, {}, {}, 2);
  ASSERT_EQ(first.rows.size(), 2U);
  const auto second = page_of(report, noon, {}, first.next, 2);
  ASSERT_EQ(second.rows.size(), 1U);
  EXPECT_EQ(second.rows[0].domain, "c.example");
  EXPECT_EQ(second.next, "");
}

TEST(ReportCount, KeepsTheFrequentSendersWhoeverPassesBy) {
  ReportCount count;
  for (int n = 0; n < 100'000; ++n) {
    count.add("passing" + std::to_string(n) + ".example", 1);
    if (n % 4 == 0) count.add("frequent.example", 1);
  }
  EXPECT_EQ(count.recipients(), 125'000);
  EXPECT_LE(count.senders().size(), ReportCount::most_senders);
  EXPECT_EQ(count.senders().front().first, "frequent.example");
  const auto again = ReportCount::parse(count.text());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->senders(), count.senders());
}

TEST(ReportCount, ReadsNothingThatItDidNotWrite) {
  for (const char* text : {"", "x", "1 =2", "1 a.example", "1 a.example=x", "99999999999999999999", "1  a=1"}) {
    EXPECT_FALSE(ReportCount::parse(text)) << text;
  }
}

TEST(ReportDay, IsBoundedWhateverTheRules) {
  ReportDay day;
  for (int n = 0; n < 100'000; ++n)
    day.add({.rule = "r" + std::to_string(n), .admission = {}, .observed = {}}, "a.example", 1);
  EXPECT_LE(day.counts().size(), ReportDay::most_keys + 1);
  std::int64_t all = 0;
  for (const auto& [key, count] : day.counts()) all += count.recipients();
  EXPECT_EQ(all, 100'000);
}

TEST(ReportDay, PassesOverWhatIsDamaged) {
  ReportDay day;
  day.add({.rule = "optional", .admission = "unconfirmed", .observed = {}}, "a.example", 3);
  const auto again = ReportDay::parse("rubbish\nrule=x\tcount=\n" + day.text());
  ASSERT_EQ(again.counts().size(), 1U);
  EXPECT_EQ(again.counts().begin()->second.recipients(), 3);
}

}  // namespace
}  // namespace cas::registry
