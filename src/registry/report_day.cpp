// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See report_day.hpp.
#include "registry/report_day.hpp"

#include <algorithm>
#include <charconv>

#include "base/fields.hpp"

namespace cas::registry {
namespace {

constexpr std::string_view nobody = "-";  // the null path
constexpr std::string_view other = "other";
constexpr std::int64_t most = std::int64_t{1} << 50;
constexpr std::size_t longest_sender = 255;

std::int64_t sum(std::int64_t a, std::int64_t b) {
  return std::clamp(a + b, -most, most);
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
  recipients_ = sum(recipients_, count);
  add_sender(sender.empty() ? nobody : sender.substr(0, longest_sender), count);
}

void ReportCount::add(const ReportCount& more) {
  recipients_ = sum(recipients_, more.recipients_);
  for (const auto& [sender, count] : more.senders_) add_sender(sender, count);
}

void ReportCount::add_sender(std::string_view sender, std::int64_t count) {
  const auto known = std::ranges::find(senders_, sender, [](const auto& one) -> std::string_view { return one.first; });
  if (known != senders_.end()) {
    known->second = sum(known->second, count);
  } else if (senders_.size() < most_senders) {
    senders_.emplace_back(sender, count);
  } else if (count > 0) {
    const auto rarest = std::ranges::min_element(senders_, {}, [](const auto& one) { return one.second; });
    rarest->first = sender;
    rarest->second = sum(std::max<std::int64_t>(rarest->second, 0), count);
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

}  // namespace cas::registry
