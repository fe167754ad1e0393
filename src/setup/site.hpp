// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A site: all that is known about one mail domain and its servers that decides which DNS records it must publish. A
// value; who fills it knows the configuration, the keys, the certificate and the addresses.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "auth/dmarc_record.hpp"
#include "base/ip_address.hpp"
#include "base/ip_network.hpp"
#include "confirm/discovery.hpp"
#include "crypto/keys.hpp"
#include "message/address.hpp"
#include "tlspolicy/sts.hpp"

namespace cas::setup {

/// A server that takes mail for the domain.
struct MxHost {
  Domain name;
  std::uint16_t preference = 10;
  std::vector<IpAddress> addresses{};  // as others see them; none: not known
  /// SHA-256 of its certificate's SubjectPublicKeyInfo, for TLSA 3 1 1 (RFC 7672 §3.1.1). With a key that is about to
  /// be used there are two: both are published until the old one is gone (RFC 7671 §8.1).
  std::vector<Octets> spki_sha256{};
};

/// A DKIM key in use, or about to be.
struct SigningKey {
  std::string selector;
  crypto::KeyType type = crypto::KeyType::Ed25519;
  std::string public_key;  // PrivateKey::dkim_public_key()
  bool active = true;      // false: published for the next rotation, or after the last
};

/// The `_cas` record (CAS §7.1).
struct CasSetup {
  confirm::Mode mode = confirm::Mode::Optional;
  confirm::Promise promise = confirm::Promise::Some;
  std::optional<Domain> endpoint{};
  std::vector<Mailbox> reports_to{};
};

/// MTA-STS (RFC 8461). The policy file needs a web server at mta-sts.DOMAIN.
struct StsSetup {
  tlspolicy::StsMode mode = tlspolicy::StsMode::Testing;
  std::string id;                               // 1 to 32 letters and digits; another whenever the file changes
  std::chrono::seconds max_age{7 * 24 * 3600};  // §3.2: weeks
};

struct DmarcSetup {
  auth::DmarcPolicy policy = auth::DmarcPolicy::None;
  std::vector<Mailbox> reports_to{};
};

/// Mail programs find the submission service by these (RFC 6186, RFC 8314 §5.1).
struct SubmissionSetup {
  Domain host;
  std::uint16_t starttls_port = 587, tls_port = 465;  // 0: none
};

struct Site {
  Domain domain;  // after the @
  Domain host;    // our name: what this server says in EHLO
  /// Where this server's connections to others come from; none: not known, or it sends through the smarthost alone.
  std::vector<IpAddress> addresses{};
  std::vector<MxHost> mx{};  // of this server; none: the domain's mail comes in by others
  std::vector<SigningKey> keys{};

  // Who sends besides.
  bool sends_directly = true;               // false: all leaves by the smarthost
  std::string smarthost{};                  // its name or address; a provider's has an include
  std::vector<std::string> spf_includes{};  // "spf.smarthost.example"
  std::vector<IpNetwork> other_senders{};
  bool receives = true;  // false: sends only; its MX is the null MX (RFC 7505)

  std::optional<CasSetup> cas{};
  std::optional<StsSetup> sts{};
  std::optional<Mailbox> tls_reports_to{};  // TLSRPT (RFC 8460 §3)
  DmarcSetup dmarc{};
  std::optional<SubmissionSetup> submission{};
};

}  // namespace cas::setup
