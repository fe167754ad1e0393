// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// RFC 7672 §2.2 and §3.1.
#include "tlspolicy/dane.hpp"

#include <algorithm>

#include "base/encoding.hpp"

namespace cas::tlspolicy {

namespace {

constexpr std::size_t largest_data = 8192;  // a whole certificate (matching type 0)

bool is_secure(const dns::Answer& answer) {
  return answer.status == dns::Status::Ok && answer.secure;
}

bool has_address(const dns::Answer& answer) {
  return answer.status == dns::Status::Ok && !answer.records.empty();
}

struct Expanded {
  std::string name;
  bool failed = false;
};

/// Where secure aliases lead, after so many at most; to `host` itself where they do not end by then.
std::optional<Expanded> expand(const std::string& host, std::size_t most, dns::Answers& answers) {
  Expanded expanded{.name = host};
  for (std::size_t n = 0; n < most; ++n) {
    const auto* alias = answers.find(dns::Question{.name = expanded.name, .type = dns::Type::CNAME});
    if (alias == nullptr) return std::nullopt;
    if (alias->status == dns::Status::Failed) return Expanded{.name = host, .failed = true};
    const auto* target =
        is_secure(*alias) && !alias->records.empty() ? std::get_if<dns::Name>(&alias->records.front()) : nullptr;
    if (target == nullptr) return expanded;
    expanded.name = target->name;
  }
  if (most > 1) expanded.name = host;
  return expanded;
}

std::optional<Dane> tlsa_at(const std::string& base, std::uint16_t port, dns::Answers& answers) {
  const auto* answer = answers.find(tlsa_question(base, port));
  if (answer == nullptr) return std::nullopt;
  Dane dane = judge_tlsa(*answer);
  dane.base = base;
  return dane;
}

}  // namespace

bool is_usable(const dns::Tlsa& record) {
  if (record.usage != 2 && record.usage != 3) return false;  // §3.1.3: PKIX-TA(0) and PKIX-EE(1) are not for SMTP
  if (record.selector > 1) return false;
  switch (record.matching) {  // RFC 6698 §2.1.3
    case 0: return !record.data.empty() && record.data.size() <= largest_data;
    case 1: return record.data.size() == 32;
    case 2: return record.data.size() == 64;
    default: return false;
  }
}

Dane judge_tlsa(const dns::Answer& answer) {
  Dane dane;
  if (answer.status == dns::Status::Failed) {
    dane.status = DaneStatus::Failed;
    return dane;
  }
  dane.status = DaneStatus::Absent;
  if (!is_secure(answer)) return dane;
  for (const auto& record : answer.records) {
    const auto* tlsa = std::get_if<dns::Tlsa>(&record);
    if (tlsa == nullptr) continue;
    if (dane.status == DaneStatus::Absent) dane.status = DaneStatus::Unusable;
    if (!is_usable(*tlsa) || dane.records.size() == max_tlsa) continue;
    dane.records.push_back(*tlsa);
    dane.status = DaneStatus::Usable;
  }
  std::ranges::sort(dane.records);  // the order of an answer means nothing
  return dane;
}

std::optional<Dane> find_dane(const std::string& host, std::uint16_t port, dns::Answers& answers) {
  const auto* aaaa = answers.find(dns::Question{.name = host, .type = dns::Type::AAAA});
  const auto* a = answers.find(dns::Question{.name = host, .type = dns::Type::A});
  if (aaaa == nullptr || a == nullptr) return std::nullopt;
  if (!has_address(*a) && !has_address(*aaaa)) return Dane{};
  const bool secure = is_secure(*a) || is_secure(*aaaa);
  const auto expanded = expand(host, secure ? max_aliases : 1, answers);
  if (!expanded) return std::nullopt;
  if (expanded->failed) return Dane{.status = DaneStatus::Failed, .records = {}};
  const bool alias = expanded->name != host;
  if (!secure && !alias) return Dane{};
  // Aliases lead out of what is signed: only the name that the MX record gives can be vouched for.
  if (secure && alias) {
    auto dane = tlsa_at(expanded->name, port, answers);
    if (!dane || dane->status != DaneStatus::Absent) return dane;
  }
  return tlsa_at(host, port, answers);
}

dns::Question tlsa_question(const std::string& host, std::uint16_t port) {
  return dns::Question{.name = "_" + std::to_string(port) + "._tcp." + host, .type = dns::Type::TLSA};
}

std::string to_string(const dns::Tlsa& record) {
  return std::to_string(record.usage) + " " + std::to_string(record.selector) + " " + std::to_string(record.matching) +
         " " + hex(record.data);
}

}  // namespace cas::tlspolicy
