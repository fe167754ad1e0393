// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What the MX hosts said when they were asked, beside what the DNS promises of them: CAS, TLS.
#include <algorithm>

#include "confirm/discovery.hpp"
#include "setup/checker.hpp"

namespace cas::setup {

namespace {

std::string title(const ServerFacts& server) {
  return server.host + "[" + server.address + "]";
}

Finding about(const ServerFacts& server, std::string id, Need need) {
  return {.id = std::move(id), .name = title(server), .verdict = Verdict::Wrong, .need = need};
}

void check_certificate(Checker& c, const ServerFacts& server) {
  auto finding = about(server, "server.certificate", Need::Optional);
  finding.verdict = Verdict::Weak;
  finding.expected = server.host;
  finding.found = joined(server.certificate_names);
  switch (server.certificate) {
    case CertificateState::Unknown:
    case CertificateState::Valid: return;
    case CertificateState::OtherName:
      finding.problem =
          "The server's certificate is not for its name: nobody can verify it, and MTA-STS cannot be used.";
      finding.mend = "Get a certificate for " + server.host + ".";
      break;
    case CertificateState::Expired:
      finding.id = "server.certificate-expired";
      finding.need = Need::Recommended;
      finding.problem = "The server's certificate has expired, or is not valid yet.";
      finding.mend = "Renew it, see that renewals happen by themselves, and that the server loads them.";
      break;
    case CertificateState::NotTrusted:
      finding.problem =
          "The server's certificate comes from nobody whom others trust: mail is encrypted, and the server "
          "not verified, unless by DANE.";
      finding.expected.clear();
      finding.found.clear();
      finding.mend = "Get one from a public authority (ACME, Let's Encrypt), with the chain in the file.";
      break;
    case CertificateState::Faulty:
      finding.problem = "The server's certificate does not verify.";
      finding.mend = "Look at it: openssl s_client -starttls smtp -connect " + server.host + ":25";
      break;
  }
  c.add(std::move(finding));
}

void check_expiry(Checker& c, const ServerFacts& server) {
  constexpr std::chrono::days soon{14};
  if (!c.facts.own || !server.expires || server.certificate != CertificateState::Valid) return;
  if (*server.expires - c.facts.now > soon) return;
  auto finding = about(server, "server.certificate-expires", Need::Recommended);
  finding.verdict = Verdict::Weak;
  finding.problem = "The server's certificate expires within two weeks.";
  finding.mend = "Renew it; where that should have happened by itself, see why it did not.";
  c.add(std::move(finding));
}

void check_tls(Checker& c, const ServerFacts& server) {
  if (!server.starttls) {
    auto finding = about(server, "server.no-tls", Need::Recommended);
    finding.problem = "The server does not offer STARTTLS: mail to it goes in the clear, and CAS is not possible.";
    finding.mend = "Give it a certificate (tls.certificate), or see what between here and there strips the keyword.";
    return c.add(std::move(finding));
  }
  if (!server.tls) {
    auto finding = about(server, "server.tls-fails", Need::Recommended);
    finding.problem = "The server offers STARTTLS, and the handshake fails.";
    finding.found = server.tls_fault;
    finding.mend = "It must speak TLS 1.2 or later, with a certificate that fits its key.";
    return c.add(std::move(finding));
  }
  check_certificate(c, server);
  check_expiry(c, server);
}

void add_unreachable(Checker& c, const ServerFacts& server, bool all) {
  auto finding = about(server, "server.unreachable", all && !c.facts.own ? Need::Needed : Need::Recommended);
  finding.problem = "The MX host does not answer as a mail server, seen from here.";
  finding.found = server.fault;
  finding.mend = c.facts.own
                     ? "See that the server runs and that no firewall is in front of port 25. Where a router does "
                       "not lead back inside what comes from inside, check from elsewhere."
                     : "If other domains cannot be reached either, port 25 is closed on the way out: ask the "
                       "provider, or use a smarthost.";
  c.add(std::move(finding));
}

// ---- CAS ----

Finding about_record(const Checker& c, std::string id) {
  const auto expected = c.wanted(Kind::Cas);
  Finding finding{.id = std::move(id), .name = confirm::discovery_name(c.site.domain), .type = "TXT"};
  if (!expected.empty()) {
    finding.need = expected.front().need;
    finding.expected = expected.front().value;
    finding.line = record_line(expected.front());
  }
  return finding;
}

/// None: there is none, or it is not known yet.
std::optional<confirm::DiscoveryRecord> read_record(Checker& c, const dns::Answer& answer) {
  const auto texts = texts_of(answer);
  const auto record = confirm::find_discovery(answer);
  if (record) return record;
  std::vector<std::string> candidates;
  for (const auto& text : texts) {
    if (text.starts_with("v=CAS1")) candidates.push_back(text);
  }
  auto finding = about_record(c, "cas");
  finding.verdict = Verdict::Wrong;
  finding.found = joined(candidates, " | ");
  if (candidates.size() > 1) {
    finding.id = "cas.several";
    finding.problem = "There are several _cas records, and so none counts (CAS §7.2).";
    finding.mend = "Leave one of them.";
    c.add(std::move(finding));
  } else if (candidates.size() == 1) {
    finding.id = "cas.syntax";
    finding.problem = "The _cas record cannot be read, and so it does not count (CAS §7.1).";
    finding.mend = "m is off, optional or required; p is none, some, all or strict; e is a host name; no tag twice.";
    c.add(std::move(finding));
  } else if (c.facts.own && c.site.cas && c.site.cas->mode != confirm::Mode::Off) {
    finding.found = "nothing";
    finding.problem = c.site.cas->mode == confirm::Mode::Required
                          ? "Nobody is told that the domain refuses mail that is not confirmed."
                          : "Nobody is told that mail to the domain can be confirmed.";
    finding.mend = "Enter the record.";
    c.add_missing_txt(std::move(finding), answer, "v=CAS1");
  }
  return std::nullopt;
}

void check_endpoint(Checker& c, const confirm::DiscoveryRecord& record) {
  if (!record.endpoint || record.endpoint->is_within(c.site.domain)) return;
  const auto* mx = c.ask(c.site.domain.text(), dns::Type::MX);
  if (mx == nullptr) return;
  const auto hosts = exchanges(*mx);
  if (std::ranges::any_of(hosts, [&](const dns::Mx& one) { return one.exchange == record.endpoint->text(); })) return;
  auto finding = about_record(c, "cas.endpoint");
  finding.verdict = Verdict::Weak;
  finding.need = Need::Recommended;
  finding.problem =
      "e= names a host that is neither an MX host of the domain nor within it: nobody may use it (CAS §7.1).";
  finding.found = record.endpoint->text();
  finding.mend = "Name an MX host, or leave e= out.";
  c.add(std::move(finding));
}

/// The record beside what the servers really do.
void check_promise(Checker& c, confirm::Mode mode) {
  for (const auto& server : c.facts.servers) {
    if (!server.fault.empty()) continue;
    auto finding = about(server, "cas.not-offered", mode == confirm::Mode::Required ? Need::Needed : Need::Recommended);
    if (mode != confirm::Mode::Off && !server.cas) {
      finding.problem = server.tls
                            ? "The _cas record says that CAS is spoken, and this MX host does not offer it: mail to "
                              "it waits, and is then sent as ordinary mail or refused."
                            : "The _cas record says that CAS is spoken, which needs TLS, and that this MX host does "
                              "not have.";
      finding.mend = "Let every MX host be one that offers CAS, or set m=off.";
      c.add(std::move(finding));
    } else if (mode == confirm::Mode::Off && server.cas && !c.facts.own) {
      finding.id = "cas.off-and-offered";
      finding.verdict = Verdict::Weak;
      finding.need = Need::Optional;
      finding.problem = "The _cas record says that CAS is not used, and the server offers it.";
      c.add(std::move(finding));
    }
  }
}

}  // namespace

void check_servers(Checker& c) {
  if (!c.facts.asked_servers) return;
  const bool all = std::ranges::none_of(c.facts.servers, [](const auto& server) { return server.fault.empty(); });
  for (const auto& server : c.facts.servers) {
    if (!server.fault.empty()) {
      add_unreachable(c, server, all);
      continue;
    }
    c.add_ok("server", title(server), "", server.name, "The MX host answers.");
    check_tls(c, server);
  }
}

void check_cas(Checker& c) {
  const auto name = confirm::discovery_name(c.site.domain);
  const auto* answer = c.ask(name, dns::Type::TXT);
  if (answer == nullptr) return;
  if (answer->status == dns::Status::Failed) return c.add_failed("cas", name, dns::Type::TXT, *answer);
  const auto record = read_record(c, *answer);
  if (!record) return;
  const std::string found = joined(texts_of(*answer));
  check_endpoint(c, *record);
  if (c.facts.own && c.site.cas && c.site.cas->mode != record->mode) {
    auto finding = about_record(c, "cas.mode");
    finding.verdict = Verdict::Wrong;
    finding.need = Need::Needed;
    finding.problem = "The record says m=" + std::string(confirm::to_string(record->mode)) + ", this server does " +
                      std::string(confirm::to_string(c.site.cas->mode)) + ".";
    finding.found = found;
    finding.mend = "Publish what the server does, or change `mode` of the domain.";
    c.add(std::move(finding));
  } else {
    c.add_ok(
        "cas", name, "TXT", found,
        "Others are told: mail to the domain is confirmed (" + std::string(confirm::to_string(record->mode)) + ").");
  }
  if (c.facts.asked_servers) check_promise(c, record->mode);
}

}  // namespace cas::setup
