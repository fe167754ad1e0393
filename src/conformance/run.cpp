// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The loop over the checks.
#include "conformance/run.hpp"

#include <algorithm>

namespace cas::conformance {
namespace {

constexpr int rate_attempts = 3;
constexpr milliseconds rate_pause{61000};
constexpr std::size_t lost_in_a_row = 3;

bool is_selected(const Check& check, const std::vector<std::string>& only) {
  return only.empty() || std::ranges::any_of(only, [&](const auto& word) { return selects(word, check); });
}

// The first bit of `needs` that is not in `available`.
Need first_missing(Need needs, Need available) {
  const unsigned missing = static_cast<unsigned>(needs) & ~static_cast<unsigned>(available);
  return static_cast<Need>(missing & (~missing + 1));
}

Finding finding_for(const Check& check, const Outcome& outcome, const Bench& bench) {
  Finding finding{.id = std::string(check.id),
                  .section = std::string(check.section),
                  .title = std::string(check.title),
                  .standing = Standing::Holds,
                  .why = {},
                  .dialog = {}};
  if (outcome) return finding;
  finding.why = outcome.error().text;
  const auto kind = outcome.error().kind;
  const bool failed = kind == Fault::Kind::Fails || kind == Fault::Kind::Lost;
  finding.standing = failed ? Standing::Fails : Standing::NotChecked;
  if (failed) finding.dialog = bench.dialog().lines;
  return finding;
}

net::Task<Outcome> play(const Check& check, Bench& bench, bool wait_for_rates) {
  for (int attempt = 1;; ++attempt) {
    bench.begin(check.id);
    auto outcome = co_await check.play(bench);
    if (outcome) co_return outcome;
    bench.drop();
    if (outcome.error().kind != Fault::Kind::Rate || !wait_for_rates || attempt == rate_attempts) co_return outcome;
    const bool slept = co_await net::sleep_for(rate_pause);
    if (!slept) co_return outcome;
  }
}

class Run {
 public:
  Run(const Target& target, RunOptions options, const Clock& clock, Random& random)
      : target_(target),
        options_(std::move(options)),
        clock_(clock),
        bench_(target, options_.bench, clock, random),
        deadline_(clock.now() + options_.at_most) {}

  net::Task<Report> all() {
    bench_.begin("session");
    auto first = co_await bench_.session();
    if (!first) report_.unavailable = first.error().text;
    // Without the keyword everything else would fail for that alone.
    const bool spoken = first && (*first)->offers("CAS 1");
    for (const Check& check : all_checks()) {
      if (report_.unavailable || !is_selected(check, options_.only)) continue;
      const auto outcome = co_await one(check, spoken || check.id == "keyword" || check.section == "5.8");
      add(finding_for(check, outcome, bench_));
    }
    co_await bench_.quit();
    report_.promises = bench_.promises();
    report_.advice = bench_.dialog().advice;
    report_.connections = bench_.connections();
    co_return std::move(report_);
  }

 private:
  net::Task<Outcome> one(const Check& check, bool spoken) {
    unsigned available = options_.available;
    if (bench_.offers_chunking()) available |= Need::chunking;
    const Need missing = first_missing(check.needs, static_cast<Need>(available));
    if (!spoken) co_return not_checked("the target does not announce CAS 1");
    if (missing != Need::nothing) co_return not_checked(why_not(target_, missing));
    if (lost_ >= lost_in_a_row) co_return not_checked("the target does not answer any more");
    if (clock_.now() > deadline_) co_return not_checked("the run has taken too long");
    auto outcome = co_await play(check, bench_, options_.wait_for_rates);
    const bool lost = !outcome && outcome.error().kind == Fault::Kind::Lost;
    lost_ = lost && outcome.error().text.starts_with("no connection") ? lost_ + 1 : 0;
    co_return outcome;
  }

  void add(Finding finding) {
    if (options_.on_finding) options_.on_finding(finding);
    report_.findings.push_back(std::move(finding));
  }

  const Target& target_;
  RunOptions options_;
  const Clock& clock_;
  Bench bench_;
  TimePoint deadline_;
  Report report_;
  std::size_t lost_ = 0;
};

}  // namespace

net::Task<Report> run(const Target& target, RunOptions options, const Clock& clock, Random& random) {
  Run run(target, std::move(options), clock, random);
  co_return co_await run.all();
}

}  // namespace cas::conformance
