// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// MTA-STS, as RFC 8461 §3 and §4 write it.
#include "tlspolicy/sts.hpp"

#include <algorithm>
#include <charconv>

#include "base/encoding.hpp"

namespace cas::tlspolicy {

namespace {

constexpr std::size_t max_patterns = 256;
constexpr std::size_t max_record = 1024;
constexpr std::chrono::seconds longest_age{31557600};  // §3.2
constexpr std::chrono::hours refreshed_after{24};      // §3.3: "for example, daily"
constexpr std::chrono::hours left_to_end{24 * 30};

std::unexpected<Error> bad(std::string what) {
  return permanent("the MTA-STS policy is not valid", "MTA-STS policy: " + std::move(what));
}

std::string_view take_until(std::string_view& text, char end) {
  const std::string_view part = text.substr(0, text.find(end));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return part;
}

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= 32 && std::ranges::all_of(text, is_alnum);
}

// §3.2: a domain, or "*." and a domain. In lower case; none for anything else.
std::optional<std::string> pattern_of(std::string_view text) {
  const bool wildcard = text.starts_with("*.");
  auto domain = Domain::parse(wildcard ? text.substr(2) : text);
  if (!domain || !is_ascii(text)) return std::nullopt;
  return (wildcard ? "*." : "") + domain->text();
}

struct Fields {
  std::optional<std::string_view> version, mode, max_age;
  std::vector<std::string_view> mx;
};

Result<Fields> split(std::string_view text) {
  Fields fields;
  const auto first = [](std::optional<std::string_view>& field, std::string_view value) {
    if (!field) field = value;
  };
  while (!text.empty()) {
    std::string_view line = take_until(text, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = trim_wsp(line);
    if (line.empty()) continue;
    const auto colon = line.find(':');
    if (colon == line.npos) return bad("a line without a colon");
    const std::string_view name = trim_wsp(line.substr(0, colon));
    const std::string_view value = trim_wsp(line.substr(colon + 1));
    if (name == "version") first(fields.version, value);
    if (name == "mode") first(fields.mode, value);
    if (name == "max_age") first(fields.max_age, value);
    if (name == "mx") fields.mx.push_back(value);
    if (fields.mx.size() > max_patterns) return bad("too many mx fields");
  }
  return fields;
}

Result<std::chrono::seconds> age_of(std::string_view text) {
  std::int64_t age = 0;
  if (text.empty() || text.size() > 10 || !std::ranges::all_of(text, is_digit)) return bad("max_age is no number");
  std::from_chars(text.data(), text.data() + text.size(), age);
  return std::min(std::chrono::seconds(age), longest_age);
}

}  // namespace

std::string_view to_string(StsMode mode) {
  switch (mode) {
    case StsMode::None: return "none";
    case StsMode::Testing: return "testing";
    case StsMode::Enforce: return "enforce";
  }
  return "none";
}

std::optional<std::string> parse_sts_record(std::string_view text) {
  if (text.size() > max_record) return std::nullopt;
  if (trim_wsp(take_until(text, ';')) != "v=STSv1") return std::nullopt;
  std::optional<std::string> id;
  while (!text.empty()) {
    const std::string_view field = trim_wsp(take_until(text, ';'));
    if (!field.starts_with("id=") || id) continue;
    if (!is_id(field.substr(3))) return std::nullopt;
    id = std::string(field.substr(3));
  }
  return id;
}

std::optional<std::string> find_sts_record(const dns::Answer& answer) {
  std::optional<std::string_view> found;
  for (const auto& record : answer.records) {
    const auto* txt = std::get_if<dns::Txt>(&record);
    if (txt == nullptr || !txt->text.starts_with("v=STSv1;")) continue;
    if (found) return std::nullopt;  // §3.1
    found = txt->text;
  }
  return found ? parse_sts_record(*found) : std::nullopt;
}

Result<StsPolicy> parse_sts_policy(std::string_view text) {
  if (text.size() > max_sts_policy) return bad("larger than 64 KiB");
  CAS_TRY(const Fields fields, split(text));
  if (fields.version != "STSv1") return bad("version is not STSv1");
  StsPolicy policy;
  if (fields.mode == "enforce") {
    policy.mode = StsMode::Enforce;
  } else if (fields.mode == "testing") {
    policy.mode = StsMode::Testing;
  } else if (fields.mode != "none") {
    return bad("mode is none of enforce, testing and none");
  }
  if (!fields.max_age) return bad("max_age is missing");
  CAS_TRY(policy.max_age, age_of(*fields.max_age));
  for (const auto text_of_mx : fields.mx) {
    auto pattern = pattern_of(text_of_mx);
    if (!pattern) return bad("an mx that is no host name");
    policy.mx.push_back(*std::move(pattern));
  }
  if (policy.mx.empty() && policy.mode != StsMode::None) return bad("mx is missing");
  return policy;
}

std::vector<std::string> sts_policy_lines(const StsPolicy& policy) {
  std::vector<std::string> lines{"version: STSv1", "mode: " + std::string(to_string(policy.mode))};
  for (const auto& mx : policy.mx) lines.push_back("mx: " + mx);
  lines.push_back("max_age: " + std::to_string(policy.max_age.count()));
  return lines;
}

bool sts_allows(const StsPolicy& policy, std::string_view host) {
  const auto matches = [&](std::string_view pattern) {
    if (!pattern.starts_with("*.")) return pattern == host;
    const auto dot = host.find('.');
    return dot != host.npos && dot > 0 && host.substr(dot) == pattern.substr(1);
  };
  return std::ranges::any_of(policy.mx, matches);
}

std::string save_sts_entry(const StsEntry& entry) {
  std::string text =
      "id: " + entry.id + "\nfetched: " + std::to_string(entry.fetched.time_since_epoch().count()) + "\n";
  for (const auto& line : sts_policy_lines(entry.policy)) text += line + "\n";
  return text;
}

std::optional<StsEntry> load_sts_entry(std::string_view text) {
  auto policy = parse_sts_policy(text);
  if (!policy) return std::nullopt;
  const auto field = [&text](std::string_view name) {
    const std::string_view line = take_until(text, '\n');
    return line.starts_with(name) ? line.substr(name.size()) : std::string_view();
  };
  const std::string_view id = field("id: ");
  const std::string_view fetched = field("fetched: ");
  if (!is_id(id) || fetched.empty() || fetched.size() > 12 || !std::ranges::all_of(fetched, is_digit)) {
    return std::nullopt;
  }
  std::int64_t seconds_since = 0;
  std::from_chars(fetched.data(), fetched.data() + fetched.size(), seconds_since);
  return StsEntry{.policy = *std::move(policy), .id = std::string(id), .fetched = UnixTime(seconds(seconds_since))};
}

bool is_refresh_due(const StsEntry& entry, UnixTime used, UnixTime now) {
  return judge_sts_entry(&entry, {}, now).apply && now - entry.fetched >= refreshed_after && now - used < left_to_end;
}

StsUse judge_sts_entry(const StsEntry* entry, const StsLookup& lookup, UnixTime now) {
  StsUse use;
  // A clock that was set back must not make a policy immortal.
  use.apply = entry != nullptr && now < entry->fetched + entry->policy.max_age && entry->fetched <= now + longest_age;
  if (!lookup.known || !lookup.id) return use;
  const bool same = use.apply && entry->id == *lookup.id;
  use.fetch = !same || now - entry->fetched >= refreshed_after;
  return use;
}

}  // namespace cas::tlspolicy
