// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// One function a method.
#include "auth/authentication_report.hpp"

#include <string_view>
#include <utility>

namespace cas::auth {
namespace {

constexpr std::size_t max_signatures = 20;

void add(MethodResult& method, std::string_view property, std::string_view value) {
  if (!value.empty()) method.properties.emplace_back(property, value);
}

MethodResult method(std::string_view name, std::string_view result, std::string_view reason) {
  return {.method = std::string(name), .result = std::string(result), .reason = std::string(reason), .properties = {}};
}

/// RFC 8601 §2.7.2.
MethodResult report_spf(const AuthenticationFindings& findings) {
  MethodResult spf = method("spf", to_string(*findings.spf), findings.spf_reason);
  add(spf, findings.null_sender ? "smtp.helo" : "smtp.mailfrom", findings.spf_domain);
  return spf;
}

/// RFC 8601 §2.7.1; header.b tells signatures of one domain apart (RFC 6008).
MethodResult report_dkim(const DkimOutcome& outcome) {
  std::string reason = outcome.reason;
  if (outcome.result == DkimResult::Pass && outcome.unsigned_octets > 0) {
    reason = std::to_string(outcome.unsigned_octets) + " octets of the body are not signed";
  } else if (outcome.result == DkimResult::Pass && outcome.key_is_test) {
    reason = "the key is for testing";
  }
  MethodResult dkim = method("dkim", to_string(outcome.result), reason);
  if (outcome.domain) add(dkim, "header.d", outcome.domain->text());
  add(dkim, "header.s", outcome.selector);
  add(dkim, "header.i", outcome.identity);
  add(dkim, "header.a", outcome.algorithm);
  add(dkim, "header.b", outcome.signature_start);
  return dkim;
}

/// RFC 9989 §9.1: policy.dmarc is what is asked for once t= has been looked at.
MethodResult report_dmarc(const DmarcOutcome& outcome) {
  MethodResult dmarc = method("dmarc", to_string(outcome.result), outcome.reason);
  if (outcome.author_domain) add(dmarc, "header.from", outcome.author_domain->text());
  const bool has_policy = outcome.record_domain && outcome.result != DmarcResult::PermError;
  if (has_policy) add(dmarc, "policy.dmarc", to_string(outcome.disposition));
  return dmarc;
}

/// RFC 8617 §10.2: the address lets later readers of a chain see where it began.
MethodResult report_arc(const ArcOutcome& outcome, std::string_view remote_ip) {
  MethodResult arc = method("arc", to_string(outcome.result), outcome.reason);
  add(arc, "smtp.remote-ip", remote_ip);
  return arc;
}

}  // namespace

std::vector<MethodResult> report_authentication(const AuthenticationFindings& findings) {
  std::vector<MethodResult> results;
  if (findings.spf) results.push_back(report_spf(findings));
  for (std::size_t n = 0; n < findings.dkim.size() && n < max_signatures; ++n) {
    results.push_back(report_dkim(findings.dkim[n]));
  }
  if (findings.dmarc) results.push_back(report_dmarc(*findings.dmarc));
  if (findings.arc) results.push_back(report_arc(*findings.arc, findings.remote_ip));
  return results;
}

}  // namespace cas::auth
