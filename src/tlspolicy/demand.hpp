// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What a connection to one server must do about TLS, and what it means when it cannot. Facts in, demand out.
#pragma once

#include <compare>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "message/address.hpp"
#include "smtp/reply.hpp"
#include "tlspolicy/dane.hpp"
#include "tlspolicy/sts.hpp"

namespace cas::tlspolicy {

/// [[tls_policy]]: what the administrator demands of a domain's servers.
enum class PinLevel {
  Opportunistic,  // TLS where it works; DANE and MTA-STS are not asked
  Required,       // TLS at least; DANE and MTA-STS may ask for more
  Verify,         // by `names` or `fingerprints`, and nothing else counts
};
struct TlsPin {
  PinLevel level = PinLevel::Opportunistic;
  std::vector<std::string> names;       // ".b.example" stands for all names below; none: the domain and those below it
  std::vector<dns::Tlsa> fingerprints;  // DANE-EE records; none: by the names
};

enum class Source { Default, Pin, Sts, Dane };
[[nodiscard]] std::string_view to_string(Source source);

/// Of one server, whoever demands it: the configuration of a next hop, a policy, a message. Part of what a kept
/// connection is found by.
struct TlsDemand {
  enum class Use {
    Off,            // in the clear, whatever is offered
    Opportunistic,  // STARTTLS where it is offered (RFC 7435)
    Required,       // STARTTLS, or no message
    Implicit,       // from the first octet (RFC 8314)
  };
  enum class Verify { Nothing, Names, Records };
  Use use = Use::Opportunistic;
  Verify verify = Verify::Nothing;
  bool enforce = false;  // what does not verify is of no use; false: it is only reported (MTA-STS testing)
  std::vector<std::string> names;
  std::vector<dns::Tlsa> records;
  std::string server_name{};  // to ask for in SNI; empty: the host's own
  bool requiretls = false;    // the server must offer REQUIRETLS, and is told it (RFC 8689 §4.2.1)
  Source source = Source::Default;
  bool unlisted = false;  // MTA-STS testing, and the policy does not name the host: to be reported

  [[nodiscard]] bool required() const { return use == Use::Required || use == Use::Implicit; }
  [[nodiscard]] bool verified() const { return verify != Verify::Nothing && enforce; }
  /// Where TLS fails, the message may go without (RFC 7435).
  [[nodiscard]] bool may_go_in_the_clear() const { return use == Use::Opportunistic && !verified() && !requiretls; }
  /// Never in the clear, and to nobody but a server with one of these names under the trusted roots.
  void require_names(std::vector<std::string> wanted);
  auto operator<=>(const TlsDemand&) const = default;
};

/// Why a session did not come about: RFC 8460 §4.3.
enum class TlsFailure {
  StartTlsNotSupported,
  CertificateHostMismatch,
  CertificateExpired,
  CertificateNotTrusted,
  ValidationFailure,
  TlsaInvalid,
  DnssecInvalid,
  DaneRequired,
  StsPolicyFetchError,
  StsPolicyInvalid,
  StsWebpkiInvalid,
};
[[nodiscard]] std::string_view to_string(TlsFailure failure);
[[nodiscard]] std::optional<TlsFailure> tls_failure_of(std::string_view word);

struct TlsFacts {
  std::string domain;           // the next-hop domain; empty for an address literal
  std::string host;             // the MX host, lower case
  const TlsPin* pin = nullptr;  // of the domain
  bool require_always = false;  // [outbound] require_tls
  const StsPolicy* sts = nullptr;
  Dane dane;
  bool requiretls = false;  // the message came with REQUIRETLS
  bool relaxed = false;     // it says "TLS-Required: No" (RFC 8689 §3)
};

/// This host cannot be used. `reply` is transient but for REQUIRETLS.
struct TlsRefusal {
  smtp::Reply reply;
  std::optional<TlsFailure> failure;
};

/// Total. A pin for verification outranks all; DANE outranks MTA-STS (RFC 8461 §2); the general setting is a floor.
[[nodiscard]] std::expected<TlsDemand, TlsRefusal> judge_tls(const TlsFacts& facts);

/// What REQUIRETLS adds to the demand (RFC 8689 §4.2.1): 550 5.7.30 where it verifies nobody.
[[nodiscard]] std::expected<TlsDemand, TlsRefusal> add_requiretls(TlsDemand demand, const std::string& host);
/// 550 5.7.30: of add_requiretls, or of a server that does not offer REQUIRETLS. It will not be otherwise tomorrow.
[[nodiscard]] bool says_requiretls_not_possible(const smtp::Reply& reply);

/// RFC 8689 §3: whether a header section holds "TLS-Required: No". More than one such field, or another value: no.
[[nodiscard]] bool says_tls_not_required(std::string_view header);

/// "sha256:..." of the certificate or "spki-sha256:..." of its public key, hexadecimal with or without colons: as the
/// DANE-EE record that says the same. None for anything else.
[[nodiscard]] std::optional<dns::Tlsa> parse_fingerprint(std::string_view text);

}  // namespace cas::tlspolicy
