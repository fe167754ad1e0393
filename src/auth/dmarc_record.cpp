// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// RFC 9989 §4.8: strict about the version, lenient behind it.
#include "auth/dmarc_record.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>

#include "base/encoding.hpp"

namespace cas::auth {
namespace {

constexpr std::size_t max_uris = 10;
constexpr std::size_t max_tags = 64;

/// dmarc-version (§4.8) and what may follow it, taken off the front.
bool take_version(std::string_view& text) {
  const auto skip_blanks = [&] { text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size())); };
  if (text.empty() || to_lower(text.front()) != 'v') return false;
  text.remove_prefix(1);
  for (const std::string_view part : {"=", "DMARC1"}) {
    skip_blanks();
    if (!text.starts_with(part)) return false;
    text.remove_prefix(part.size());
  }
  skip_blanks();
  return text.empty() || text.front() == ';';
}

/// A tag's value: none where it stands twice, for nobody can say which one is meant.
using Tags = std::map<std::string, std::optional<std::string_view>>;

Tags read_tags(std::string_view text) {
  Tags tags;
  while (!text.empty() && tags.size() < max_tags) {
    const auto end = text.find(';');
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const auto equals = part.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = trim_wsp(part.substr(0, equals));
    if (name.empty() || !std::ranges::all_of(name, is_alpha)) continue;
    const auto [tag, is_new] = tags.try_emplace(to_lower(name), trim_wsp(part.substr(equals + 1)));
    if (!is_new) tag->second.reset();
  }
  return tags;
}

std::optional<DmarcPolicy> policy_of(const std::optional<std::string_view>& value) {
  if (!value) return std::nullopt;
  for (const auto policy : {DmarcPolicy::None, DmarcPolicy::Quarantine, DmarcPolicy::Reject}) {
    if (iequals(*value, to_string(policy))) return policy;
  }
  return std::nullopt;
}

/// RFC 3986 §3: a scheme, a colon, and characters that may stand in a URI; commas and "!" are encoded (§4.8).
bool is_uri(std::string_view text) {
  constexpr std::string_view others = "-._~:/?#[]@$&'()*+;=";
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size() || !is_alpha(text.front()))
    return false;
  const auto in_scheme = [](char c) { return is_alnum(c) || c == '+' || c == '-' || c == '.'; };
  if (!std::ranges::all_of(text.substr(0, colon), in_scheme)) return false;
  const auto is_hex = [](char c) { return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'f'); };
  for (std::size_t at = colon + 1; at < text.size(); ++at) {
    const char c = text[at];
    if (is_alnum(c) || others.find(c) != std::string_view::npos) continue;
    if (c != '%' || at + 2 >= text.size() || !is_hex(text[at + 1]) || !is_hex(text[at + 2])) return false;
    at += 2;
  }
  return true;
}

/// obs-dmarc-report-size (§4.8), cut off.
std::string_view without_size(std::string_view text) {
  const auto mark = text.rfind('!');
  if (mark == std::string_view::npos) return text;
  std::string_view size = text.substr(mark + 1);
  if (!size.empty() && std::string_view("kmgt").find(to_lower(size.back())) != std::string_view::npos) {
    size.remove_suffix(1);
  }
  return !size.empty() && std::ranges::all_of(size, is_digit) ? text.substr(0, mark) : text;
}

std::vector<std::string> uris_of(std::string_view list) {
  std::vector<std::string> uris;
  while (uris.size() < max_uris) {
    const auto comma = list.find(',');
    const std::string_view uri = without_size(trim_wsp(list.substr(0, comma)));
    if (is_uri(uri)) uris.emplace_back(uri);
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return uris;
}

/// Each option once; "0" and "1" not together (§4.7).
bool is_failure_options(std::string_view text) {
  std::string seen;
  while (true) {
    const auto colon = text.find(':');
    const std::string_view option = trim_wsp(text.substr(0, colon));
    if (option.size() != 1) return false;
    const char c = to_lower(option.front());
    if (std::string_view("01ds").find(c) == std::string_view::npos || seen.contains(c)) return false;
    seen += c;
    if (colon == std::string_view::npos) break;
    text.remove_prefix(colon + 1);
  }
  return !seen.contains('0') || !seen.contains('1');
}

}  // namespace

std::string_view to_string(DmarcPolicy policy) {
  switch (policy) {
    case DmarcPolicy::None: return "none";
    case DmarcPolicy::Quarantine: return "quarantine";
    case DmarcPolicy::Reject: return "reject";
  }
  return "none";
}

DmarcPolicy weakened(DmarcPolicy policy) {
  return policy == DmarcPolicy::Reject ? DmarcPolicy::Quarantine : DmarcPolicy::None;
}

std::optional<DmarcRecord> parse_dmarc_record(std::string_view text) {
  if (!take_version(text)) return std::nullopt;
  const Tags tags = read_tags(text);
  const auto has = [&](const char* name) { return tags.contains(name); };
  const auto value = [&](const char* name) {
    const auto tag = tags.find(name);
    return tag == tags.end() ? std::nullopt : tag->second;
  };
  const auto is = [&](const char* name, std::string_view word) {
    const auto written = value(name);
    return written && iequals(*written, word);
  };

  DmarcRecord record;
  record.p = policy_of(value("p"));
  record.sp = policy_of(value("sp"));
  record.np = policy_of(value("np"));
  record.policy_at_fault = !record.p || (has("sp") && !record.sp) || (has("np") && !record.np);
  if (is("psd", "y")) record.psd = DmarcPsd::Yes;
  if (is("psd", "n")) record.psd = DmarcPsd::No;
  record.testing = is("t", "y");
  record.strict_dkim = is("adkim", "s");
  record.strict_spf = is("aspf", "s");
  record.rua = uris_of(value("rua").value_or(""));
  record.ruf = uris_of(value("ruf").value_or(""));
  if (const auto fo = value("fo"); fo && is_failure_options(*fo)) record.fo = to_lower(*fo);
  return record;
}

std::optional<DmarcRecord> find_dmarc_record(const dns::Answer& answer) {
  if (answer.status != dns::Status::Ok) return std::nullopt;
  std::optional<DmarcRecord> found;
  for (const dns::Record& record : answer.records) {
    const auto* const txt = std::get_if<dns::Txt>(&record);
    if (txt == nullptr) continue;
    auto parsed = parse_dmarc_record(txt->text);
    if (!parsed) continue;
    if (found) return std::nullopt;
    found = std::move(parsed);
  }
  return found;
}

bool has_dmarc_record(const dns::Answer& answer) {
  return answer.status == dns::Status::Ok && std::ranges::any_of(answer.records, [](const dns::Record& record) {
           const auto* const txt = std::get_if<dns::Txt>(&record);
           return txt != nullptr && parse_dmarc_record(txt->text);
         });
}

}  // namespace cas::auth
