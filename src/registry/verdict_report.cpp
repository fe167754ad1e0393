// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See verdict_report.hpp.
#include "registry/verdict_report.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "base/fields.hpp"

namespace cas::registry {
namespace {

constexpr std::string_view kind = "report";
constexpr std::string_view nobody = "-";  // the null path
constexpr std::string_view other = "other";
constexpr std::size_t longest_sender = 255;
constexpr std::chrono::days keep{60};
constexpr std::int64_t most = std::int64_t{1} << 50;

std::string day_of(TimePoint at) {
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(at));
  const auto two = [](unsigned n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  return std::to_string(static_cast<int>(day.year())) + '-' + two(static_cast<unsigned>(day.month())) + '-' +
         two(static_cast<unsigned>(day.day()));
}

std::optional<std::int64_t> number_in(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = fault == std::errc{} && end == text.data() + text.size();
  return whole && number >= -most && number <= most ? std::optional(number) : std::nullopt;
}

std::string_view take_part(std::string_view& text, char end) {
  const std::string_view part = text.substr(0, text.find(end));
  text.remove_prefix(std::min(text.size(), part.size() + 1));
  return part;
}

}  // namespace

// ---- Counts ----

void ReportCount::add(std::string_view sender, std::int64_t count) {
  recipients_ += count;
  add_sender(sender.empty() ? nobody : sender.substr(0, longest_sender), count);
}

void ReportCount::add(const ReportCount& more) {
  recipients_ += more.recipients_;
  for (const auto& [sender, count] : more.senders_) add_sender(sender, count);
}

void ReportCount::add_sender(std::string_view sender, std::int64_t count) {
  const auto known = std::ranges::find(senders_, sender, [](const auto& one) -> std::string_view { return one.first; });
  if (known != senders_.end()) {
    known->second += count;
  } else if (senders_.size() < most_senders) {
    senders_.emplace_back(sender, count);
  } else if (count > 0) {
    const auto rarest = std::ranges::min_element(senders_, {}, [](const auto& one) { return one.second; });
    rarest->first = sender;
    rarest->second = std::max<std::int64_t>(rarest->second, 0) + count;
  }
}

std::vector<std::pair<std::string, std::int64_t>> ReportCount::senders() const {
  auto sorted = senders_;
  std::erase_if(sorted, [](const auto& one) { return one.second <= 0; });
  std::ranges::sort(sorted, [](const auto& a, const auto& b) {
    return std::pair(-a.second, std::string_view(a.first)) < std::pair(-b.second, std::string_view(b.first));
  });
  return sorted;
}

std::string ReportCount::text() const {
  std::string text = std::to_string(recipients_);
  for (const auto& [sender, count] : senders_) text += ' ' + sender + '=' + std::to_string(count);
  return text;
}

std::optional<ReportCount> ReportCount::parse(std::string_view text) {
  ReportCount count;
  const auto recipients = number_in(take_part(text, ' '));
  if (!recipients) return {};
  count.recipients_ = *recipients;
  while (!text.empty()) {
    const std::string_view part = take_part(text, ' ');
    const std::size_t sign = part.rfind('=');
    if (sign == part.npos || sign == 0 || sign > longest_sender) return {};
    const auto number = number_in(part.substr(sign + 1));
    if (!number || count.senders_.size() == most_senders) return {};
    count.senders_.emplace_back(part.substr(0, sign), *number);
  }
  return count;
}

// ---- Days ----

ReportCount& ReportDay::at(const ReportKey& key) {
  const auto known = counts_.find(key);
  if (known != counts_.end()) return known->second;
  if (counts_.size() < most_keys) return counts_[key];
  return counts_[{.rule = std::string(other), .admission = {}, .observed = {}}];
}

void ReportDay::add(const ReportKey& key, std::string_view sender, std::int64_t count) {
  at(key).add(sender, count);
}

void ReportDay::add(const ReportDay& more) {
  for (const auto& [key, count] : more.counts_) at(key).add(count);
}

std::string ReportDay::text() const {
  std::string text;
  for (const auto& [key, count] : counts_) {
    if (count.recipients() == 0) continue;
    Fields fields;
    fields.set("rule", key.rule);
    fields.set("admission", key.admission);
    if (!key.observed.empty()) fields.set("observed", key.observed);
    fields.set("count", count.text());
    text += fields.text() + '\n';
  }
  return text;
}

ReportDay ReportDay::parse(std::string_view text) {
  ReportDay day;
  while (!text.empty()) {
    const auto fields = Fields::parse(take_part(text, '\n'));
    if (!fields) continue;
    const auto count = ReportCount::parse(fields->get("count"));
    if (!count) continue;
    const ReportKey key{.rule = std::string(fields->get("rule")),
                        .admission = std::string(fields->get("admission")),
                        .observed = std::string(fields->get("observed"))};
    day.at(key).add(*count);
  }
  return day;
}

// ---- All of it ----

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
  const std::string name = day_of(at) + ' ' + std::string(domain.substr(0, longest_sender));
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
