// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// MTA-STS and TLSRPT: records, the policy file, and the servers beside it.
#include <algorithm>

#include "setup/checker.hpp"
#include "tlspolicy/sts.hpp"
#include "tlspolicy/tlsrpt.hpp"

namespace cas::setup {

namespace {

std::string sts_name(const Checker& c) {
  return "_mta-sts." + c.site.domain.text();
}

Finding about_sts(const Checker& c, std::string id) {
  return {
      .id = std::move(id), .name = sts_name(c), .type = "TXT", .verdict = Verdict::Wrong, .need = Need::Recommended};
}

void add_no_record(Checker& c, const dns::Answer& answer) {
  std::vector<std::string> records;
  for (const auto& text : texts_of(answer)) {
    if (text.starts_with("v=STSv1")) records.push_back(text);
  }
  auto finding = about_sts(c, "mta-sts");
  const auto expected = c.wanted(Kind::Sts);
  if (!expected.empty()) {
    finding.expected = expected.front().value;
    finding.line = record_line(expected.front());
  }
  finding.found = records.empty() ? "nothing" : joined(records, " | ");
  if (records.size() > 1) {
    finding.id = "mta-sts.several";
    finding.problem = "There are several MTA-STS records, and so none counts (RFC 8461 §3.1).";
    finding.mend = "Leave one of them.";
    return c.add(std::move(finding));
  }
  if (records.size() == 1) {
    finding.id = "mta-sts.syntax";
    finding.problem = "The MTA-STS record cannot be read.";
    finding.mend = "Write v=STSv1; id=ID; with an id of 1 to 32 letters and digits and nothing else.";
    return c.add(std::move(finding));
  }
  if (!c.facts.own || !c.site.receives) return;
  if (expected.empty()) finding.need = Need::Optional;
  finding.problem = "There is no MTA-STS policy: who stands on the way can have mail sent in the clear.";
  finding.mend = "Serve the policy at " + sts_policy_url(c.site.domain) + ", then enter the record.";
  c.add_missing_txt(std::move(finding), answer, "v=STSv1");
}

void add_file_fault(Checker& c, std::string problem, std::string found, bool enforced) {
  auto finding = about_sts(c, "mta-sts.policy");
  finding.name = sts_policy_url(c.site.domain);
  finding.type.clear();
  finding.need = enforced ? Need::Needed : Need::Recommended;
  finding.problem = std::move(problem);
  finding.expected = sts_policy_text(c.site);
  finding.found = std::move(found);
  finding.mend = "Serve the file over HTTPS, without a redirect, with a certificate for mta-sts." +
                 c.site.domain.text() + "; or remove the record.";
  c.add(std::move(finding));
}

/// RFC 8461 §4.1: every MX host must be one that the policy names, with a certificate for its name.
void check_hosts(Checker& c, const tlspolicy::StsPolicy& policy) {
  const bool enforced = policy.mode == tlspolicy::StsMode::Enforce;
  const Need need = enforced ? Need::Needed : Need::Recommended;
  const std::string effect = enforced ? "senders that keep to the policy do not deliver to it."
                                      : "with mode: enforce, mail to it would wait and come back.";
  const auto* mx = c.ask(c.site.domain.text(), dns::Type::MX);
  if (mx == nullptr) return;
  for (const auto& one : exchanges(*mx)) {
    if (one.exchange.empty() || tlspolicy::sts_allows(policy, one.exchange)) continue;
    auto finding = about_sts(c, "mta-sts.mx");
    finding.name = sts_policy_url(c.site.domain);
    finding.type.clear();
    finding.need = need;
    finding.problem = "The MTA-STS policy does not name the MX host " + one.exchange + ": " + effect;
    finding.expected = "mx: " + one.exchange;
    finding.found = joined(policy.mx);
    finding.mend = "Add the line to the file, then change the id of the record.";
    c.add(std::move(finding));
  }
  for (const auto& server : c.facts.servers) {
    if (!server.fault.empty() || server.certificate == CertificateState::Valid) continue;
    if (server.tls && server.certificate == CertificateState::Unknown) continue;
    auto finding = about_sts(c, "mta-sts.certificate");
    finding.name = server.host + "[" + server.address + "]";
    finding.type.clear();
    finding.need = need;
    finding.problem = server.tls ? "The MX host's certificate does not verify, and MTA-STS asks for that: " + effect
                                 : "The MX host has no TLS, and MTA-STS asks for that: " + effect;
    finding.expected = server.host;
    finding.found = joined(server.certificate_names);
    finding.mend = "Get a certificate for " + server.host + " from a public authority, with its chain in the file.";
    c.add(std::move(finding));
  }
}

void check_before(Checker& c, const std::string& id, const std::string& text) {
  const auto& before = c.facts.sts_before;
  if (!before || before->id != id || before->text == text) return;
  auto finding = about_sts(c, "mta-sts.id");
  finding.problem = "The policy file has changed and the id of the record has not: who knows the old file keeps to it.";
  finding.found = id;
  finding.mend = "Give the record another id, such as the time.";
  finding.line =
      record_line(sts_name(c), "TXT", "v=STSv1; id=" + std::to_string(c.facts.now.time_since_epoch().count()));
  c.add(std::move(finding));
}

void check_policy(Checker& c, const std::string& id) {
  constexpr std::chrono::hours short_age{24};
  if (!c.facts.sts) return;
  const auto& file = *c.facts.sts;
  if (!file.fault.empty()) {
    return add_file_fault(c,
                          file.certificate_fault
                              ? "The web server's certificate for the MTA-STS policy does not verify."
                              : "The MTA-STS policy cannot be fetched.",
                          file.fault, false);
  }
  const auto policy = tlspolicy::parse_sts_policy(file.text);
  if (!policy) return add_file_fault(c, "The MTA-STS policy is not valid.", policy.error().private_reason, false);
  check_before(c, id, file.text);
  if (policy->mode != tlspolicy::StsMode::None) check_hosts(c, *policy);
  if (policy->mode != tlspolicy::StsMode::Enforce || policy->max_age < short_age) {
    const bool brief = policy->mode == tlspolicy::StsMode::Enforce;
    auto finding = about_sts(c, brief ? "mta-sts.max-age" : "mta-sts.mode");
    finding.name = sts_policy_url(c.site.domain);
    finding.type.clear();
    finding.verdict = Verdict::Weak;
    finding.need = Need::Optional;
    finding.problem = brief
                          ? "max_age is less than a day: whoever can suppress the DNS for so long is rid of the policy."
                          : "The MTA-STS policy is in mode " + std::string(tlspolicy::to_string(policy->mode)) +
                                ": it keeps nobody from sending in the clear.";
    finding.found = brief ? std::to_string(policy->max_age.count()) : std::string(tlspolicy::to_string(policy->mode));
    finding.expected = brief ? "604800" : "enforce";
    finding.mend = "Change the file when TLS reports show no failures, then the id of the record.";
    c.add(std::move(finding));
  }
}

}  // namespace

void check_sts(Checker& c) {
  const auto name = sts_name(c);
  const auto* answer = c.ask(name, dns::Type::TXT);
  if (answer == nullptr) return;
  if (answer->status == dns::Status::Failed) return c.add_failed("mta-sts", name, dns::Type::TXT, *answer);
  const auto id = tlspolicy::find_sts_record(*answer);
  if (!id) return add_no_record(c, *answer);
  c.add_ok("mta-sts", name, "TXT", joined(texts_of(*answer)), "MTA-STS is announced.");
  check_policy(c, *id);
}

void check_tls_reports(Checker& c) {
  const std::string name = "_smtp._tls." + c.site.domain.text();
  const auto* answer = c.ask(name, dns::Type::TXT);
  if (answer == nullptr) return;
  if (answer->status == dns::Status::Failed) return c.add_failed("tlsrpt", name, dns::Type::TXT, *answer);
  std::vector<std::string> records;
  for (const auto& text : texts_of(*answer)) {
    if (text.starts_with("v=TLSRPTv1")) records.push_back(text);
  }
  if (tlspolicy::find_tlsrpt_record(*answer)) {
    return c.add_ok("tlsrpt", name, "TXT", joined(records), "Others report when TLS fails.");
  }
  const auto expected = c.wanted(Kind::TlsReports);
  Finding finding{.id = "tlsrpt",
                  .name = name,
                  .type = "TXT",
                  .verdict = Verdict::Wrong,
                  .need = expected.empty() && records.empty() ? Need::Optional : Need::Recommended,
                  .expected = expected.empty() ? "" : expected.front().value,
                  .found = records.empty() ? "nothing" : joined(records, " | "),
                  .line = expected.empty() ? "" : record_line(expected.front())};
  if (records.size() > 1) {
    finding.id = "tlsrpt.several";
    finding.problem = "There are several TLSRPT records, and so none counts (RFC 8460 §3).";
    finding.mend = "Leave one of them.";
    return c.add(std::move(finding));
  }
  if (records.size() == 1) {
    finding.id = "tlsrpt.syntax";
    finding.problem = "The TLSRPT record names no address that reports can go to.";
    finding.mend = "Write v=TLSRPTv1; rua=mailto:MAILBOX.";
    return c.add(std::move(finding));
  }
  if (!c.facts.own || !c.site.receives) return;
  finding.problem = "Nobody tells you when TLS to this server fails: there is no TLSRPT record.";
  finding.mend = "Enter the record.";
  c.add_missing_txt(std::move(finding), *answer, "v=TLSRPTv1");
}

}  // namespace cas::setup
