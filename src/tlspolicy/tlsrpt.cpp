// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// RFC 8460 §3 and the counting of §4.3.
#include "tlspolicy/tlsrpt.hpp"

#include <algorithm>
#include <charconv>

#include "base/encoding.hpp"

namespace cas::tlspolicy {

namespace {

constexpr std::size_t max_record = 4096;
constexpr std::size_t max_uris = 10;
constexpr std::size_t max_lines = 300;

std::string_view take_until(std::string_view& text, char end) {
  const std::string_view part = text.substr(0, text.find(end));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return part;
}

// §3: "," "!" and ";" are escaped in a URI; here nothing but visible ASCII is taken.
bool is_uri(std::string_view text) {
  const auto has = [&](std::string_view scheme) {
    return text.size() > scheme.size() && iequals(text.substr(0, scheme.size()), scheme);
  };
  return (has("mailto:") || has("https://")) && text.size() <= 1000 &&
         std::ranges::all_of(text, [](char c) { return c > 32 && c < 127 && c != '!' && c != '"' && c != '<'; });
}

std::uint64_t number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  return result.ec == std::errc{} && result.ptr == text.data() + text.size() ? number : 0;
}

// Fields of a saved line hold no tab and no line end: names and policies have neither.
std::string clean(std::string_view text) {
  std::string out = printable(text, 1000);
  std::ranges::replace(out, '\t', ' ');
  return out;
}

}  // namespace

std::optional<std::vector<std::string>> parse_tlsrpt_record(std::string_view text) {
  if (text.size() > max_record || trim_wsp(take_until(text, ';')) != "v=TLSRPTv1") return std::nullopt;
  std::vector<std::string> uris;
  while (!text.empty()) {
    std::string_view field = trim_wsp(take_until(text, ';'));
    if (!field.starts_with("rua=")) continue;
    field.remove_prefix(4);
    while (!field.empty() && uris.size() < max_uris) {
      const std::string_view uri = trim_wsp(take_until(field, ','));
      if (is_uri(uri)) uris.emplace_back(uri);
    }
    break;
  }
  if (uris.empty()) return std::nullopt;
  return uris;
}

std::optional<std::vector<std::string>> find_tlsrpt_record(const dns::Answer& answer) {
  std::optional<std::string_view> found;
  for (const auto& record : answer.records) {
    const auto* txt = std::get_if<dns::Txt>(&record);
    if (txt == nullptr || !txt->text.starts_with("v=TLSRPTv1;")) continue;
    if (found) return std::nullopt;
    found = txt->text;
  }
  return found ? parse_tlsrpt_record(*found) : std::nullopt;
}

PolicyCounters* DayCounters::place(const std::string& domain, const ReportedPolicy& policy) {
  auto found = domains_.find(domain);
  if (found == domains_.end()) {
    if (domains_.size() == max_domains) return nullptr;
    found = domains_.emplace(domain, DomainCounters{}).first;
  }
  auto& policies = found->second;
  if (policies.size() == max_policies && !policies.contains(policy)) return nullptr;
  return &policies[policy];
}

void DayCounters::add(const SessionResult& result) {
  auto* counters = place(result.domain, result.policy);
  if (counters == nullptr) {
    ++left_out_;
    return;
  }
  if (!result.failure) {
    ++counters->successes;
    return;
  }
  ++counters->failures;
  FailureKey key{.type = *result.failure, .mx = result.mx, .address = result.address};
  if (counters->details.size() < max_details || counters->details.contains(key)) ++counters->details[std::move(key)];
}

// "P domain type", then one "L line" for each line of the policy, "C successes failures", "F type mx address count".
std::string DayCounters::save() const {
  std::string out;
  for (const auto& [domain, policies] : domains_) {
    for (const auto& [policy, counters] : policies) {
      out += "P\t" + clean(domain) + "\t" + clean(policy.type) + "\n";
      for (const auto& line : policy.lines) out += "L\t" + clean(line) + "\n";
      out += "C\t" + std::to_string(counters.successes) + "\t" + std::to_string(counters.failures) + "\n";
      for (const auto& [key, count] : counters.details) {
        out += "F\t" + std::string(to_string(key.type)) + "\t" + clean(key.mx) + "\t" + clean(key.address) + "\t" +
               std::to_string(count) + "\n";
      }
    }
  }
  return out;
}

DayCounters DayCounters::load(std::string_view text) {
  DayCounters all;
  std::string domain;
  ReportedPolicy policy;
  PolicyCounters* counters = nullptr;
  while (!text.empty()) {
    std::string_view line = take_until(text, '\n');
    const std::string_view kind = take_until(line, '\t');
    if (kind == "P") {
      domain = take_until(line, '\t');
      policy = ReportedPolicy{.type = std::string(line), .lines = {}};
      counters = nullptr;
    } else if (kind == "L" && policy.lines.size() < max_lines) {
      policy.lines.emplace_back(line);
    } else if (kind == "C" && !domain.empty()) {
      counters = all.place(domain, policy);
      if (counters == nullptr) continue;
      counters->successes = number_of(take_until(line, '\t'));
      counters->failures = number_of(line);
    } else if (kind == "F" && counters != nullptr && counters->details.size() < max_details) {
      const auto type = tls_failure_of(take_until(line, '\t'));
      FailureKey key;
      key.mx = take_until(line, '\t');
      key.address = take_until(line, '\t');
      if (!type) continue;
      key.type = *type;
      counters->details[std::move(key)] = number_of(line);
    }
  }
  return all;
}

}  // namespace cas::tlspolicy
