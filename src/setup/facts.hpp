// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What is found out about a site beside the DNS: what its servers said, and what its web server served. Values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/encoding.hpp"
#include "base/ip_address.hpp"
#include "base/time.hpp"
#include "dns/answers.hpp"
#include "message/address.hpp"

namespace cas::setup {

/// DER (RFC 5280): the certificate, and its SubjectPublicKeyInfo.
struct Certificate {
  Octets certificate, public_key;
};

/// What a verifier by the system's roots and the host's name would say. Unknown: nobody looked.
enum class CertificateState { Unknown, Valid, OtherName, Expired, NotTrusted, Faulty };

/// What one address of an MX host said to EHLO, STARTTLS, EHLO, QUIT.
struct ServerFacts {
  std::string host, address;
  std::string fault{};  // why nothing could be learned; empty: it answered EHLO
  std::string name{};   // what it calls itself in its reply to EHLO
  bool starttls = false;
  bool tls = false;
  std::string tls_fault{};  // why the handshake failed
  bool cas = false;         // "CAS 1" inside TLS
  CertificateState certificate = CertificateState::Unknown;
  std::vector<Certificate> chain{};  // the server's own first
  std::vector<std::string> certificate_names{};
  std::optional<UnixTime> expires{};
};

/// What https://mta-sts.DOMAIN/.well-known/mta-sts.txt gave.
struct StsFile {
  std::string text;
  std::string fault{};  // empty: it was served
  bool certificate_fault = false;
};

/// The MTA-STS record and file as they were at an earlier check.
struct StsBefore {
  std::string id, text;
  bool operator==(const StsBefore&) const = default;
};

struct Facts {
  bool own = true;        // a domain of ours: the Site says what is expected. false: a stranger's
  bool validates = true;  // the resolver checks DNSSEC: only then does "not secure" mean anything
  UnixTime now;
  bool asked_servers = false;  // `servers` is all there is to know
  std::vector<ServerFacts> servers{};
  std::optional<StsFile> sts{};
  std::optional<StsBefore> sts_before{};
};

/// An address at which mail for the domain is taken.
struct MailServer {
  std::string host;
  IpAddress address;
};
/// Whom to ask: the addresses of the MX hosts (or of the domain itself, RFC 5321 §5.1), the preferred first; at most
/// max_servers. No value while answers are missing.
[[nodiscard]] std::optional<std::vector<MailServer>> mail_servers(const Domain& domain, dns::Answers& answers);
inline constexpr std::size_t max_servers = 16;
/// Whether the domain says that it has an MTA-STS policy, so that the file is to be fetched.
[[nodiscard]] std::optional<bool> announces_sts(const Domain& domain, dns::Answers& answers);

}  // namespace cas::setup
