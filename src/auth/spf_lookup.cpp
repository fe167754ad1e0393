// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Names and answers.
#include "auth/spf_lookup.hpp"

#include <algorithm>

#include "base/encoding.hpp"

namespace cas::auth {

std::string spf_dns_name(std::string_view domain) {
  if (domain.ends_with('.')) domain.remove_suffix(1);
  return to_lower(domain);
}

bool is_spf_dns_name(std::string_view name) {
  constexpr std::size_t max_name = 253;
  constexpr std::size_t max_label = 63;
  if (name.size() > max_name) return false;
  while (true) {
    const auto end = std::min(name.find('.'), name.size());
    if (end == 0 || end > max_label) return false;
    if (end == name.size()) return true;
    name.remove_prefix(end + 1);
  }
}

bool is_spf_domain(std::string_view name) {
  return is_spf_dns_name(name) && name.contains('.') && !name.starts_with('[');
}

bool is_name_within(std::string_view name, std::string_view domain) {
  return name == domain ||
         (name.size() > domain.size() && name.ends_with(domain) && name[name.size() - domain.size() - 1] == '.');
}

std::vector<IpAddress> addresses_in(const dns::Answer& answer) {
  std::vector<IpAddress> out;
  for (const auto& record : answer.records) {
    if (const auto* a = std::get_if<dns::A>(&record)) out.emplace_back(a->octets);
    if (const auto* aaaa = std::get_if<dns::Aaaa>(&record)) out.emplace_back(aaaa->octets);
  }
  return out;
}

std::vector<std::string> exchanges_in(const dns::Answer& answer) {
  std::vector<dns::Mx> records;
  for (const auto& record : answer.records) {
    if (const auto* mx = std::get_if<dns::Mx>(&record); mx && !mx->exchange.empty()) records.push_back(*mx);
  }
  std::ranges::sort(records);
  std::vector<std::string> out;
  out.reserve(records.size());
  for (const auto& mx : records) out.push_back(spf_dns_name(mx.exchange));
  return out;
}

std::vector<std::string> names_in(const dns::Answer& answer) {
  std::vector<std::string> out;
  for (const auto& record : answer.records) {
    if (const auto* name = std::get_if<dns::Name>(&record)) out.push_back(spf_dns_name(name->name));
  }
  return out;
}

}  // namespace cas::auth
