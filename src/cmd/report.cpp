// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See report.hpp. What may be many is read page by page.
#include "cmd/report.hpp"

#include <sysexits.h>

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <vector>

#include "app/config_values.hpp"
#include "base/encoding.hpp"
#include "cmd/admin_client.hpp"
#include "cmd/terminal.hpp"

namespace cas::cmd {

namespace {

namespace json = boost::json;

constexpr std::size_t shown_senders = 10;

struct Count {
  std::uint64_t recipients = 0;
  std::map<std::string, std::uint64_t> senders;
};
struct DomainSum {
  std::string first, last;
  std::uint64_t recipients = 0;
  std::map<std::pair<std::string, std::string>, Count> decided;  // by rule and admission
  std::map<std::string, Count> observed;                         // by the rule that would have decided
};
using Sums = std::map<std::string, DomainSum>;

/// 3,400
std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::ptrdiff_t at = std::ssize(digits) - 3; at > 0; at -= 3) digits.insert(static_cast<std::size_t>(at), 1, ',');
  return digits;
}

void add(Count& sum, const json::object& count) {
  sum.recipients += number_of(count, "recipients");
  for (const auto& sender : array_of(count, "senders")) {
    const auto& one = object_of(sender);
    sum.senders[text_of(one, "domain")] += number_of(one, "recipients");
  }
}

Sums sums_of(const json::array& rows) {
  Sums sums;
  for (const auto& value : rows) {
    const auto& row = object_of(value);
    const std::string day = text_of(row, "day");
    auto& sum = sums[text_of(row, "domain")];
    if (sum.first.empty() || day < sum.first) sum.first = day;
    sum.last = std::max(sum.last, day);
    for (const auto& each : array_of(row, "counts")) {
      const auto& count = object_of(each);
      sum.recipients += number_of(count, "recipients");
      add(sum.decided[{text_of(count, "rule"), text_of(count, "admission")}], count);
      const std::string observed = text_of(count, "observed");
      if (!observed.empty()) add(sum.observed[observed], count);
    }
  }
  return sums;
}

template <class Key>
std::vector<std::pair<Key, const Count*>> by_number(const std::map<Key, Count>& counts) {
  std::vector<std::pair<Key, const Count*>> sorted;
  for (const auto& [key, count] : counts) sorted.emplace_back(key, &count);
  std::ranges::sort(sorted, [](const auto& a, const auto& b) {
    if (a.second->recipients != b.second->recipients) return a.second->recipients > b.second->recipients;
    return a.first < b.first;
  });
  return sorted;
}

/// "a.example (90), b.example (30)"
std::string most_from(const Count& count) {
  std::vector<std::pair<std::uint64_t, std::string>> senders;
  for (const auto& [domain, recipients] : count.senders) senders.emplace_back(recipients, domain);
  std::ranges::sort(senders, [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  if (senders.size() > shown_senders) senders.resize(shown_senders);
  std::string text;
  for (const auto& [recipients, domain] : senders) {
    text +=
        (text.empty() ? "" : ", ") + (domain == "-" ? std::string("<>") : domain) + " (" + grouped(recipients) + ")";
  }
  return text;
}

/// What a rule that was only observed would have done.
std::string_view doing_of(std::string_view rule) {
  using Doing = std::pair<std::string_view, std::string_view>;
  constexpr std::array doings{Doing{"held", "held"}, Doing{"held-silently", "held"}, Doing{"pending", "deferred"},
                              Doing{"screener-full", "deferred"}, Doing{"new-domain", "deferred"}};
  for (const auto& [name, doing] : doings) {
    if (rule == name) return doing;
  }
  if (rule.ends_with(": quarantine")) return "put into Junk";
  if (rule.ends_with(": defer")) return "deferred";
  return "refused";
}

}  // namespace

std::string report_text(const json::array& rows) {
  std::string text;
  for (const auto& [domain, sum] : sums_of(rows)) {
    if (!text.empty()) text += '\n';
    text += domain + ", " + sum.first + (sum.first == sum.last ? "" : " to " + sum.last) + ": " +
            grouped(sum.recipients) + (sum.recipients == 1 ? " recipient\n" : " recipients\n");
    std::vector<std::vector<std::string>> lines{{"RULE", "ADMISSION", "RECIPIENTS", "MOST FROM"}};
    for (const auto& [key, count] : by_number(sum.decided)) {
      if (count->recipients == 0) continue;
      lines.push_back({key.first, key.second, grouped(count->recipients), most_from(*count)});
    }
    text += table(lines);
    for (const auto& [rule, count] : by_number(sum.observed)) {
      if (count->recipients == 0) continue;
      text += "would have been " + std::string(doing_of(rule)) + " (" + rule + "): " + grouped(count->recipients) +
              " of " + grouped(sum.recipients) + "; most from: " + most_from(*count) + '\n';
    }
  }
  return text.empty() ? "No mail from outside was judged in that time.\n" : text;
}

int show_report(const ReportOptions& options) {
  const auto span = app::parse_duration(options.since);
  if (!span || *span < std::chrono::seconds{1} || *span > std::chrono::days{60}) {
    return complain(EX_USAGE, "--since takes a duration such as 36h or 7d, at most 60d, not \"" +
                                  printable(options.since, 80) + "\"");
  }
  const auto client = AdminClient::find(options.admin);
  if (!client) return client.error().code;
  json::array rows;
  std::string after;
  do {
    http::Request request{.path = "/v1/report", .query = {{"since", std::to_string(span->count())}}};
    if (!options.domain.empty()) request.query["domain"] = options.domain;
    if (!after.empty()) request.query["after"] = after;
    const auto page = client->ask(std::move(request));
    if (!page) return page.error().code;
    for (const auto& row : array_of(*page, "rows")) rows.push_back(row);
    after = text_of(*page, "next");
  } while (!after.empty());
  if (!options.admin.json) return finish(print(report_text(rows)));
  json::object object;
  object["rows"] = std::move(rows);
  return finish(print(json::serialize(object) + "\n"));
}

}  // namespace cas::cmd
