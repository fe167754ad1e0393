// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Reading records, term by term.
#include "auth/spf_record.hpp"

#include <algorithm>
#include <utility>

#include "base/encoding.hpp"
#include "base/result.hpp"

namespace cas::auth {

namespace {

using Mechanism = SpfDirective::Mechanism;
using Wrong = std::unexpected<std::string>;
template <class T>
using Or = std::expected<T, std::string>;

constexpr std::string_view version = "v=spf1";

constexpr std::pair<std::string_view, Mechanism> mechanisms[] = {
    {"all", Mechanism::All}, {"include", Mechanism::Include}, {"a", Mechanism::A},     {"mx", Mechanism::Mx},
    {"ptr", Mechanism::Ptr}, {"ip4", Mechanism::Ip4},         {"ip6", Mechanism::Ip6}, {"exists", Mechanism::Exists},
};

/// §12: no leading zeros.
Or<unsigned> parse_length(std::string_view text, unsigned most) {
  unsigned value = 0;
  const bool digits =
      !text.empty() && text.size() <= 3 && std::ranges::all_of(text, [](char c) { return is_digit(c); });
  if (digits && (text.size() == 1 || text.front() != '0')) {
    for (const char c : text) value = value * 10 + static_cast<unsigned>(c - '0');
    if (value <= most) return value;
  }
  return Wrong("\"/" + printable(text, 40) + "\" is no prefix length; 0 to " + std::to_string(most) + " are");
}

/// Takes "/" and digits from the end; none where it does not end so.
std::optional<std::string_view> take_length(std::string_view& text) {
  const auto slash = text.find_last_not_of("0123456789");
  if (slash == std::string_view::npos || text[slash] != '/' || slash + 1 == text.size()) return std::nullopt;
  const std::string_view digits = text.substr(slash + 1);
  text.remove_suffix(digits.size() + 1);
  return digits;
}

/// §5.3, §5.4: [ ":" domain-spec ] [ ip4-cidr-length ] [ "/" ip6-cidr-length ]
Or<void> parse_host(std::string_view rest, SpfDirective& directive) {
  auto last = take_length(rest);
  if (last && rest.ends_with('/')) {
    rest.remove_suffix(1);
    CAS_TRY(directive.v6_bits, parse_length(*last, 128));
    last = take_length(rest);
  }
  if (last) {
    CAS_TRY(directive.v4_bits, parse_length(*last, 32));
  }
  if (rest.empty()) return {};
  if (!rest.starts_with(':')) return Wrong("\"" + printable(rest, 40) + "\" is no prefix length; write /24 or //64");
  CAS_TRY(directive.domain, SpfMacroString::parse_domain_spec(rest.substr(1)));
  return {};
}

Or<void> parse_network(std::string_view rest, SpfDirective& directive) {
  const bool v4 = directive.mechanism == Mechanism::Ip4;
  if (!rest.starts_with(':')) return Wrong("an address is missing");
  rest.remove_prefix(1);
  const auto slash = rest.find('/');
  const std::string_view text = rest.substr(0, slash);
  const auto address = v4 ? IpAddress::parse_v4(text) : IpAddress::parse_v6(text);
  if (!address) return Wrong("\"" + printable(text, 80) + "\" is no " + (v4 ? "IPv4" : "IPv6") + " address");
  directive.network = *address;
  if (slash == std::string_view::npos) return {};
  CAS_TRY((v4 ? directive.v4_bits : directive.v6_bits), parse_length(rest.substr(slash + 1), v4 ? 32 : 128));
  return {};
}

/// What stands behind the mechanism's name.
Or<void> parse_arguments(std::string_view rest, SpfDirective& directive) {
  switch (directive.mechanism) {
    case Mechanism::All: return rest.empty() ? Or<void>() : Wrong("\"all\" takes nothing behind it");
    case Mechanism::A:
    case Mechanism::Mx: return parse_host(rest, directive);
    case Mechanism::Ip4:
    case Mechanism::Ip6: return parse_network(rest, directive);
    case Mechanism::Ptr:
      if (rest.empty()) return {};
      break;
    case Mechanism::Include:
    case Mechanism::Exists: break;
  }
  if (!rest.starts_with(':')) return Wrong("a domain is missing: \":\" and a name");
  CAS_TRY(directive.domain, SpfMacroString::parse_domain_spec(rest.substr(1)));
  return {};
}

/// §4.6.2
SpfResult take_qualifier(std::string_view& text) {
  const char c = text.empty() ? '\0' : text.front();
  if (std::string_view("+-~?").contains(c)) text.remove_prefix(1);
  return c == '-' ? SpfResult::Fail : c == '~' ? SpfResult::SoftFail : c == '?' ? SpfResult::Neutral : SpfResult::Pass;
}

Or<SpfDirective> parse_directive(std::string_view term) {
  SpfDirective directive;
  directive.term = term;
  directive.result = take_qualifier(term);
  const std::string_view name = term.substr(0, term.find_first_of(":/"));
  for (const auto& [known, mechanism] : mechanisms) {
    if (!iequals(name, known)) continue;
    directive.mechanism = mechanism;
    CAS_CHECK(parse_arguments(term.substr(name.size()), directive));
    return directive;
  }
  if (iequals(name, "redirect") || iequals(name, "exp")) {
    return Wrong("\"" + to_lower(name) + "\" is a modifier: \"=\" follows it");
  }
  return Wrong("there is no mechanism \"" + printable(name, 40) + "\"");
}

/// §4.6.1: how long the name of a modifier is; 0 for a term that is none.
std::size_t modifier_name(std::string_view term) {
  if (term.empty() || !is_alpha(term.front())) return 0;
  const auto end =
      std::ranges::find_if_not(term, [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; });
  return end != term.end() && *end == '=' ? static_cast<std::size_t>(end - term.begin()) : 0;
}

Or<void> read_modifier(std::string_view term, std::size_t name_size, SpfRecord& record) {
  const std::string_view name = term.substr(0, name_size);
  const std::string_view value = term.substr(name_size + 1);
  auto* const place = iequals(name, "redirect") ? &record.redirect : iequals(name, "exp") ? &record.exp : nullptr;
  if (place == nullptr) {
    CAS_CHECK(SpfMacroString::parse_macro_string(value));  // §6: ignored, but its syntax must be right
    return {};
  }
  if (*place) return Wrong("\"" + to_lower(name) + "=\" may stand only once");  // §6
  CAS_TRY(SpfMacroString domain, SpfMacroString::parse_domain_spec(value));
  place->emplace(SpfModifier{.term = term, .domain = std::move(domain)});
  return {};
}

Or<void> read_term(std::string_view term, SpfRecord& record) {
  if (const std::size_t name_size = modifier_name(term)) return read_modifier(term, name_size, record);
  CAS_TRY(SpfDirective directive, parse_directive(term));
  record.directives.push_back(std::move(directive));
  return {};
}

}  // namespace

bool is_spf_record(std::string_view text) {
  return iequals(text.substr(0, version.size()), version) &&
         (text.size() == version.size() || text[version.size()] == ' ');
}

std::expected<SpfRecord, SpfSyntaxError> parse_spf_record(std::string_view text) {
  if (text.size() > max_spf_record) {
    return std::unexpected(SpfSyntaxError{{}, "it has more than " + std::to_string(max_spf_record) + " octets"});
  }
  SpfRecord record;
  text.remove_prefix(version.size());
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (text.empty()) return record;
    const std::string_view term = text.substr(0, text.find(' '));
    text.remove_prefix(term.size());
    if (auto read = read_term(term, record); !read) {
      return std::unexpected(SpfSyntaxError{std::string(term), std::move(read).error()});
    }
  }
}

}  // namespace cas::auth
