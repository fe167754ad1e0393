// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What strangers write about TLS: MTA-STS records and files, TLSRPT records, TLSA records, TLS-Required, saved
// counters. What is taken is bounded, means itself when written again, and binds as it says.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/encoding.hpp"
#include "tlspolicy/demand.hpp"
#include "tlspolicy/sts.hpp"
#include "tlspolicy/tlsrpt.hpp"

namespace {

using namespace cas;
using namespace cas::tlspolicy;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string folded(std::string_view text) {
  constexpr std::string_view alphabet = "mx: *.ab\r\n019enforcetesting_age;=,";
  std::string out;
  for (const char c : text) out += alphabet[static_cast<unsigned char>(c) % alphabet.size()];
  return out;
}

void check_policy(std::string_view text) {
  const auto policy = parse_sts_policy(text);
  if (!policy) return;
  require(policy->mx.size() <= 256 && policy->max_age.count() >= 0);
  require(policy->mode == StsMode::None || !policy->mx.empty());
  std::string again;
  for (const auto& line : sts_policy_lines(*policy)) again += line + "\n";
  require(parse_sts_policy(again).value() == *policy);
  for (const auto& mx : policy->mx) require(sts_allows(*policy, mx.starts_with("*.") ? "a" + mx.substr(1) : mx));
}

void check_records(std::string_view text) {
  if (const auto id = parse_sts_record(text)) require(!id->empty() && id->size() <= 32);
  if (const auto uris = parse_tlsrpt_record(text)) {
    require(!uris->empty() && uris->size() <= 10);
    for (const auto& uri : *uris) require(uri.find_first_of(",; \r\n!<") == std::string::npos);
  }
  if (const auto pin = parse_fingerprint(text)) require(is_usable(*pin));
  (void)says_tls_not_required(text);
}

void check_counters(std::string_view text) {
  if (const auto entry = load_sts_entry(text)) require(load_sts_entry(save_sts_entry(*entry)) == entry);
  const std::string saved = DayCounters::load(text).save();
  require(DayCounters::load(saved).domains().size() <= DayCounters::max_domains);
}

void check_tlsa(std::string_view text) {
  dns::Answer answer;
  answer.status = dns::Status::Ok;
  answer.secure = true;
  while (text.size() > 4) {
    const auto octets = as_octets(text);
    const std::size_t length = std::min<std::size_t>(octets[3], text.size() - 4);
    const auto data = octets.subspan(4, length);
    answer.records.emplace_back(dns::Tlsa{
        .usage = octets[0], .selector = octets[1], .matching = octets[2], .data = {data.begin(), data.end()}});
    text.remove_prefix(4 + length);
  }
  const auto dane = judge_tlsa(answer);
  require((dane.status == DaneStatus::Absent) == answer.records.empty());
  require((dane.status == DaneStatus::Usable) == !dane.records.empty());
  for (const auto& record : dane.records) require(is_usable(record));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_policy(text);
  check_policy("version: STSv1\nmode: enforce\nmax_age: 1\nmx: " + folded(text));
  check_records(text);
  check_records("v=STSv1; id=" + folded(text));
  check_records("v=TLSRPTv1; rua=mailto:" + folded(text));
  check_counters(text);
  check_tlsa(text);
  return 0;
}
