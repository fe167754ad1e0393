// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Who wants reports about TLS (RFC 8460 §3), and what they are told (§4.3, §4.4): counters of one UTC day by domain.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "dns/record.hpp"
#include "tlspolicy/demand.hpp"

namespace cas::tlspolicy {

/// "v=TLSRPTv1; rua=mailto:reports@b.example": the URIs, at most ten, mailto: and https: only. None for a text that is
/// no such record, or names no such URI.
[[nodiscard]] std::optional<std::vector<std::string>> parse_tlsrpt_record(std::string_view text);
/// Of the one record among the TXT records of an answer; none without one, and with several (§3).
[[nodiscard]] std::optional<std::vector<std::string>> find_tlsrpt_record(const dns::Answer& answer);

/// What a session was held to: §4.4, policy-type and policy-string.
struct ReportedPolicy {
  std::string type = "no-policy-found";  // sts, tlsa, no-policy-found
  std::vector<std::string> lines;
  auto operator<=>(const ReportedPolicy&) const = default;
};

/// One session that did not come about as the policy wants it, or did.
struct SessionResult {
  std::string domain;  // the policy domain: the next hop
  ReportedPolicy policy;
  std::string mx;       // the host's name
  std::string address;  // its address; empty when it came to none
  std::optional<TlsFailure> failure;
};

struct FailureKey {
  TlsFailure type = TlsFailure::ValidationFailure;
  std::string mx, address;
  auto operator<=>(const FailureKey&) const = default;
};
struct PolicyCounters {
  std::uint64_t successes = 0;
  std::uint64_t failures = 0;  // all of them, detailed or not
  std::map<FailureKey, std::uint64_t> details;
};
using DomainCounters = std::map<ReportedPolicy, PolicyCounters>;

/// The counters of one day. Bounded: what does not fit any more is not counted, and `left_out` says how much that was.
class DayCounters {
 public:
  static constexpr std::size_t max_domains = 10000;
  static constexpr std::size_t max_policies = 8;   // of a domain: policies change, but not so often in a day
  static constexpr std::size_t max_details = 100;  // of a policy

  void add(const SessionResult& result);
  [[nodiscard]] const std::map<std::string, DomainCounters>& domains() const { return domains_; }
  [[nodiscard]] std::uint64_t left_out() const { return left_out_; }

  /// One line a counter, to be read again after a restart; what is damaged in a text is passed over.
  [[nodiscard]] std::string save() const;
  [[nodiscard]] static DayCounters load(std::string_view text);

 private:
  PolicyCounters* place(const std::string& domain, const ReportedPolicy& policy);

  std::map<std::string, DomainCounters> domains_;
  std::uint64_t left_out_ = 0;
};

}  // namespace cas::tlspolicy
