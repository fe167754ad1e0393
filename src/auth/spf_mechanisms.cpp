// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The mechanisms that ask the DNS, and the name of the client (RFC 7208 §5.3 to §5.7).
#include <algorithm>

#include "auth/spf_check.hpp"
#include "auth/spf_lookup.hpp"
#include "base/encoding.hpp"
#include "base/result.hpp"

namespace cas::auth {

namespace {

constexpr std::size_t max_hosts = 10;  // §4.6.4

template <class Range, class Value>
bool holds(const Range& range, const Value& value) {
  return std::ranges::find(range, value) != std::ranges::end(range);
}

bool cannot_be_asked(const std::string& name) {
  return !is_spf_dns_name(name);
}

std::unexpected<SpfStop> stop(SpfResult result, std::string reason) {
  SpfFinding finding;
  finding.result = result;
  finding.reason = std::move(reason);
  return std::unexpected<SpfStop>(std::move(finding));
}

/// §5: an answer that failed ends the check.
SpfStep<void> require_answer(const dns::Answer& answer, const std::string& name, dns::Type type) {
  if (answer.status != dns::Status::Failed) return {};
  std::string reason =
      "the DNS gave no answer about " + std::string(to_string(type)) + " records of " + printable(name, 255);
  if (!answer.private_reason.empty()) reason += " (" + printable(answer.private_reason, 255) + ")";
  return stop(SpfResult::TempError, std::move(reason));
}

bool any_within(const std::vector<IpAddress>& addresses, const IpAddress& ip, const SpfDirective& directive) {
  return std::ranges::any_of(addresses, [&](const IpAddress& address) {
    return ip.is_within(address, ip.is_v4() ? directive.v4_bits : directive.v6_bits);
  });
}

}  // namespace

SpfStep<const dns::Answer*> SpfCheck::ask(const std::string& name, dns::Type type) {
  const dns::Answer* answer = answers_.find({.name = spf_dns_name(name), .type = type});
  if (answer == nullptr) return std::unexpected(SpfStop());
  return answer;
}

SpfStep<std::vector<const dns::Answer*>> SpfCheck::ask_all(const std::vector<std::string>& names, dns::Type type) {
  std::vector<const dns::Answer*> found;
  found.reserve(names.size());
  for (const auto& name : names) found.push_back(answers_.find({.name = name, .type = type}));
  if (holds(found, nullptr)) return std::unexpected(SpfStop());
  return found;
}

/// §5.3
SpfStep<bool> SpfCheck::address_matches(const SpfDirective& directive, const std::string& target) {
  CAS_TRY(const dns::Answer* answer, ask(target, address_type()));
  CAS_CHECK(require_answer(*answer, target, address_type()));
  CAS_CHECK(count_void(*answer));
  return any_within(addresses_in(*answer), values_.ip, directive);
}

/// §5.4
SpfStep<bool> SpfCheck::mx_matches(const SpfDirective& directive, const std::string& target) {
  CAS_TRY(const dns::Answer* answer, ask(target, dns::Type::MX));
  CAS_CHECK(require_answer(*answer, target, dns::Type::MX));
  CAS_CHECK(count_void(*answer));
  auto hosts = exchanges_in(*answer);
  if (hosts.size() > max_hosts) {
    return stop(SpfResult::PermError,
                printable(target, 255) + " has more than " + std::to_string(max_hosts) + " MX records");
  }
  std::erase_if(hosts, cannot_be_asked);
  CAS_TRY(const auto answers, ask_all(hosts, address_type()));
  for (std::size_t n = 0; n < hosts.size(); ++n) {
    CAS_CHECK(require_answer(*answers[n], hosts[n], address_type()));
    if (any_within(addresses_in(*answers[n]), values_.ip, directive)) return true;
  }
  return false;
}

/// §5.5
SpfStep<bool> SpfCheck::ptr_matches(const std::string& target) {
  CAS_TRY(auto names, client_names());
  const std::string wanted = spf_dns_name(target);
  std::erase_if(names, [&](const std::string& name) { return !is_name_within(name, wanted); });
  CAS_TRY(const auto found, validated(std::move(names)));
  return !found.empty();
}

/// §5.7: A, whichever family the client is of.
SpfStep<bool> SpfCheck::exists_matches(const std::string& target) {
  CAS_TRY(const dns::Answer* answer, ask(target, dns::Type::A));
  CAS_CHECK(require_answer(*answer, target, dns::Type::A));
  CAS_CHECK(count_void(*answer));
  return !addresses_in(*answer).empty();
}

/// What the client's address says it is called; the first ten (§4.6.4). An error means none (§5.5).
SpfStep<std::vector<std::string>> SpfCheck::client_names() {
  const std::string zone = values_.ip.is_v4() ? ".in-addr.arpa" : ".ip6.arpa";
  CAS_TRY(const dns::Answer* answer, ask(spf_reverse_name(values_.ip) + zone, dns::Type::PTR));
  auto names = names_in(*answer);
  if (names.size() > max_hosts) names.resize(max_hosts);
  std::erase_if(names, cannot_be_asked);
  return names;
}

/// Those that lead back to the client. A name that cannot be looked up is passed over (§5.5).
SpfStep<std::vector<std::string>> SpfCheck::validated(std::vector<std::string> names) {
  CAS_TRY(const auto answers, ask_all(names, address_type()));
  std::vector<std::string> out;
  for (std::size_t n = 0; n < names.size(); ++n) {
    if (holds(addresses_in(*answers[n]), values_.ip)) out.push_back(std::move(names[n]));
  }
  return out;
}

/// §7.3, p: the domain itself, a name below it, any name, "unknown", whichever is there first.
SpfStep<std::string> SpfCheck::validated_name(const std::string& domain) {
  CAS_TRY(auto names, client_names());
  CAS_TRY(const auto found, validated(std::move(names)));
  std::string wanted = spf_dns_name(domain);
  if (holds(found, wanted)) return wanted;
  for (const auto& name : found) {
    if (is_name_within(name, wanted)) return name;
  }
  return found.empty() ? "unknown" : found.front();
}

}  // namespace cas::auth
