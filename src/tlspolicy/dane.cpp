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

bool may_ask_tlsa(bool secure_route, const dns::Answer& a, const dns::Answer& aaaa) {
  return secure_route && (is_secure(a) || is_secure(aaaa));
}

bool is_way_unknown(const dns::Answer& a, const dns::Answer& aaaa) {
  const auto failed = [](const dns::Answer& answer) { return answer.status == dns::Status::Failed; };
  const auto found = [](const dns::Answer& answer) { return answer.status == dns::Status::Ok; };
  return (failed(a) || failed(aaaa)) && !found(a) && !found(aaaa);
}

dns::Question tlsa_question(const std::string& host, std::uint16_t port) {
  return dns::Question{.name = "_" + std::to_string(port) + "._tcp." + host, .type = dns::Type::TLSA};
}

std::string to_string(const dns::Tlsa& record) {
  return std::to_string(record.usage) + " " + std::to_string(record.selector) + " " + std::to_string(record.matching) +
         " " + hex(record.data);
}

}  // namespace cas::tlspolicy
