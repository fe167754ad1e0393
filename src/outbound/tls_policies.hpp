// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What connections to a domain's hosts must do about TLS: gathers what tlspolicy/demand judges.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "net/resolver.hpp"
#include "net/stream.hpp"
#include "outbound/sts_book.hpp"
#include "tlspolicy/demand.hpp"
#include "tlspolicy/tlsrpt.hpp"

namespace cas::outbound {

struct TlsPolicyOptions {
  std::map<Domain, tlspolicy::TlsPin> pins{};
  bool dane = true;  // where the resolver validates
  bool mta_sts = true;
  bool require_tls = false;
};

/// What holds for all hosts of a domain during one attempt.
struct DomainTls {
  std::string domain;  // empty for an address literal
  const tlspolicy::TlsPin* pin = nullptr;
  StsAnswer sts;
  bool secure_route = false;  // the MX answer, or that there is none, is secure (RFC 7672 §2.2.1)
};

/// What a host must do, and what a report would say that it was held to.
struct HostTls {
  std::expected<tlspolicy::TlsDemand, tlspolicy::TlsRefusal> demand;
  tlspolicy::ReportedPolicy reported;
};

/// How a message itself wants to travel.
struct MessageTls {
  bool requiretls = false;
  bool relaxed = false;
};

/// Thread-safe; `resolver` and `sts` outlive it. One for each configuration: what is learned of others is in the book.
class TlsPolicies {
 public:
  TlsPolicies(net::Resolver& resolver, StsBook* sts, TlsPolicyOptions options);

  [[nodiscard]] net::Task<DomainTls> of_domain(std::optional<Domain> domain) const;
  /// Of a host; TLSA records are asked for only where the way there is secure.
  [[nodiscard]] net::Task<tlspolicy::Dane> dane_of(const DomainTls& domain, std::string host, std::uint16_t port) const;
  /// Pure.
  [[nodiscard]] HostTls judge(const DomainTls& domain, const std::string& host, const tlspolicy::Dane& dane,
                              const MessageTls& message) const;

 private:
  net::Resolver& resolver_;
  StsBook* sts_;
  TlsPolicyOptions options_;
};

/// A demand as the handshake takes it; `peer`: whom sessions may be resumed with.
[[nodiscard]] net::PeerCheck check_of(const tlspolicy::TlsDemand& demand, std::string peer);
/// RFC 8460 §4.3: what to call a certificate that is not what it should be. None for none.
[[nodiscard]] std::optional<tlspolicy::TlsFailure> failure_of(net::CertificateFault fault,
                                                              const tlspolicy::TlsDemand& demand);

}  // namespace cas::outbound
