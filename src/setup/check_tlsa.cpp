// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// DANE: TLSA records beside the certificates that the servers showed; and in one sentence how mail to a domain travels.
#include <algorithm>

#include "crypto/hash.hpp"
#include "setup/checker.hpp"
#include "tlspolicy/dane.hpp"
#include "tlspolicy/sts.hpp"

namespace cas::setup {

namespace {

/// RFC 6698 §2.1: whether the record speaks of this certificate.
bool speaks_of(const dns::Tlsa& record, const Certificate& certificate) {
  const auto& of = record.selector == 0 ? certificate.certificate : certificate.public_key;
  switch (record.matching) {
    case 0: return std::ranges::equal(record.data, of);
    case 1: return std::ranges::equal(record.data, crypto::Sha256().update(of).finish());
    case 2: return std::ranges::equal(record.data, crypto::sha512(of));
    default: return false;
  }
}

bool matches(const dns::Tlsa& record, const std::vector<Certificate>& chain) {
  if (chain.empty()) return false;
  if (record.usage == 3) return speaks_of(record, chain.front());
  return std::ranges::any_of(chain, [&](const Certificate& one) { return speaks_of(record, one); });
}

std::string found_in(const std::vector<dns::Tlsa>& records) {
  std::vector<std::string> texts;
  texts.reserve(records.size());
  for (const auto& record : records) texts.push_back(tlspolicy::to_string(record));
  return joined(texts);
}

std::string expected_of(const std::vector<Certificate>& chain) {
  if (chain.empty()) return {};
  return "3 1 1 " + hex(crypto::Sha256().update(chain.front().public_key).finish());
}

/// The servers of a host that showed a certificate.
std::vector<const ServerFacts*> servers_of(const Checker& c, const std::string& host) {
  std::vector<const ServerFacts*> found;
  for (const auto& server : c.facts.servers) {
    if (server.host == host && server.tls && !server.chain.empty()) found.push_back(&server);
  }
  return found;
}

Finding about(const std::string& host, std::string id) {
  return {
      .id = std::move(id), .name = tlspolicy::tlsa_question(host, 25).name, .type = "TLSA", .verdict = Verdict::Wrong};
}

void check_match(Checker& c, const std::string& host, const tlspolicy::Dane& dane) {
  bool all = true;
  for (const auto* server : servers_of(c, host)) {
    if (std::ranges::any_of(dane.records, [&](const auto& record) { return matches(record, server->chain); })) continue;
    all = false;
    auto finding = about(host, "tlsa.mismatch");
    finding.problem = "The TLSA record is not of the key that " + host + "[" + server->address +
                      "] uses: senders that know DANE do not deliver to it.";
    finding.expected = expected_of(server->chain);
    finding.found = found_in(dane.records);
    finding.mend = "Publish the record of the key in use beside the old one at once; remove the old one a day later.";
    finding.line = record_line(finding.name, "TLSA", finding.expected);
    c.add(std::move(finding));
  }
  for (const auto& server : c.facts.servers) {
    if (server.host != host || !server.fault.empty() || server.tls) continue;
    all = false;
    auto finding = about(host, "tlsa.no-tls");
    finding.problem = host + "[" + server.address +
                      "] has TLSA records and no TLS: senders that know DANE do not deliver "
                      "to it.";
    finding.found = found_in(dane.records);
    finding.mend = "Let it offer STARTTLS, or remove the records.";
    c.add(std::move(finding));
  }
  if (all)
    c.add_ok("tlsa", tlspolicy::tlsa_question(host, 25).name, "TLSA", found_in(dane.records),
             "DANE binds the server's key.");
}

void check_unusable(Checker& c, const std::string& host, const dns::Answer& answer) {
  auto finding = about(host, "tlsa.unusable");
  std::vector<dns::Tlsa> records;
  for (const auto& record : answer.records) {
    if (const auto* tlsa = std::get_if<dns::Tlsa>(&record)) records.push_back(*tlsa);
  }
  finding.need = Need::Recommended;
  finding.problem =
      "No TLSA record can be used for mail: usage 2 or 3, and a digest of the right length, are needed (RFC "
      "7672 §3.1).";
  finding.found = found_in(records);
  finding.mend = "Publish 3 1 1 with the SHA-256 of the server's public key.";
  const auto servers = servers_of(c, host);
  if (!servers.empty()) {
    finding.expected = expected_of(servers.front()->chain);
    finding.line = record_line(finding.name, "TLSA", finding.expected);
  }
  c.add(std::move(finding));
}

void check_insecure(Checker& c, const std::string& host, const dns::Answer& answer) {
  if (answer.status != dns::Status::Ok || answer.secure || !c.facts.validates) return;
  auto finding = about(host, "tlsa.no-dnssec");
  finding.verdict = Verdict::Weak;
  finding.need = Need::Recommended;
  finding.problem = "There are TLSA records in a zone that DNSSEC does not sign: nobody minds them.";
  finding.mend = "Have the zone signed, or remove the records.";
  c.add(std::move(finding));
}

void add_absent(Checker& c, const std::string& host, bool secure) {
  if (!c.facts.own || !secure) return;
  auto finding = about(host, "tlsa");
  const auto servers = servers_of(c, host);
  const auto wanted = c.wanted(Kind::Tlsa, finding.name);
  const bool ours = host == c.site.host.text() ||
                    std::ranges::any_of(c.site.mx, [&](const MxHost& one) { return one.name.text() == host; });
  if (!ours || (servers.empty() && wanted.empty())) return;
  finding.verdict = Verdict::Missing;
  finding.need = Need::Optional;
  finding.expected = wanted.empty() ? expected_of(servers.front()->chain) : wanted.front().value;
  finding.found = "nothing";
  finding.problem = "The zone is signed, and no TLSA record binds the server's key.";
  finding.mend = "Publish it, if the certificate's key stays the same when it is renewed.";
  finding.line = record_line(finding.name, "TLSA", finding.expected);
  c.add(std::move(finding));
}

void check_host(Checker& c, const std::string& host, bool secure_route) {
  const auto question = tlspolicy::tlsa_question(host, 25);
  const auto* answer = c.ask(question.name, question.type);
  const auto dane = tlspolicy::find_dane(host, 25, c.answers());
  if (answer == nullptr || !c.has(dane)) return;
  if (!secure_route) return check_insecure(c, host, *answer);
  switch (dane->status) {
    case tlspolicy::DaneStatus::Usable: return check_match(c, host, *dane);
    case tlspolicy::DaneStatus::Unusable: return check_unusable(c, host, *answer);
    case tlspolicy::DaneStatus::Failed: {
      auto finding = about(host, "tlsa.failed");
      finding.problem = "The question for TLSA records fails in a signed zone: senders that know DANE do not deliver.";
      finding.found = answer->private_reason;
      finding.mend = "Look at the zone's name servers and signatures; some old name servers fail for unknown types.";
      return c.add(std::move(finding));
    }
    case tlspolicy::DaneStatus::Insecure: return check_insecure(c, host, *answer);
    case tlspolicy::DaneStatus::Absent: return add_absent(c, host, secure_route);
  }
}

std::string way_of(const ServerFacts& server, bool sts, tlspolicy::DaneStatus dane) {
  if (!server.tls) return server.starttls ? "the handshake fails" : "in the clear";
  if (dane == tlspolicy::DaneStatus::Usable) return "TLS, verified by DANE";
  if (sts) return "TLS, verified by MTA-STS";
  return server.certificate == CertificateState::Valid ? "TLS; nothing asks for it, the certificate would verify"
                                                       : "TLS; the server is not verified";
}

}  // namespace

void check_tlsa(Checker& c) {
  const auto* mx = c.ask(c.site.domain.text(), dns::Type::MX);
  if (mx == nullptr || mx->status != dns::Status::Ok) return;
  for (const auto& one : exchanges(*mx)) {
    if (!one.exchange.empty() && !IpAddress::parse(one.exchange)) check_host(c, one.exchange, mx->secure);
  }
}

void check_way(Checker& c) {
  if (c.facts.own || !c.facts.asked_servers) return;
  const auto* mx = c.ask(c.site.domain.text(), dns::Type::MX);
  if (mx == nullptr) return;
  bool sts = false;
  if (c.facts.sts && c.facts.sts->fault.empty()) {
    const auto policy = tlspolicy::parse_sts_policy(c.facts.sts->text);
    sts = policy && policy->mode == tlspolicy::StsMode::Enforce;
  }
  for (const auto& server : c.facts.servers) {
    if (!server.fault.empty()) continue;
    auto dane = tlspolicy::DaneStatus::Insecure;
    if (mx->secure) {
      const auto found = tlspolicy::find_dane(server.host, 25, c.answers());
      if (!c.has(found)) return;
      dane = found->status;
    }
    c.add_ok("way", server.host + "[" + server.address + "]", "", way_of(server, sts, dane),
             std::string("Mail to it goes ") + (server.cas ? "with CAS, and can be confirmed." : "without CAS."));
  }
}

}  // namespace cas::setup
