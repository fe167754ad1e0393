// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// DANE for SMTP (RFC 7672): which answers of the DNS bind a connection, and which TLSA records can be used.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dns/answers.hpp"

namespace cas::tlspolicy {

/// What DANE says of one MX host.
enum class DaneStatus {
  Insecure,  // the DNS vouches for nothing (or DANE is off): DANE does not apply (RFC 7672 §2.2)
  Absent,    // securely no TLSA records (or not securely any): it does not apply either
  Usable,    // verify by `records`
  Unusable,  // securely records, none that can be used: TLS, of anybody (§2.2, §3.1)
  Failed,    // a bogus answer or none: the host must not be used now (§2.1.1)
};
struct Dane {
  DaneStatus status = DaneStatus::Insecure;
  std::vector<dns::Tlsa> records;  // the usable ones
  std::string base{};              // the TLSA base domain: at which name they were found (§2.2.3)
};

/// RFC 7672 §3.1: only DANE-TA(2) and DANE-EE(3), selectors 0 and 1, matching types 0 to 2, a digest of the right
/// length.
[[nodiscard]] bool is_usable(const dns::Tlsa& record);
/// More records than these are passed over: a name with more is no mail host's.
inline constexpr std::size_t max_tlsa = 32;
[[nodiscard]] Dane judge_tlsa(const dns::Answer& answer);

/// What binds connections to a host that a secure answer named (§2.2.1). Its TLSA records count where its addresses are
/// secure, or where it is an alias and that much is secure (§2.2.2): those at the end of a chain of aliases that is
/// secure as a whole, else those at its own name. A failed answer for one family of addresses must not take away what
/// the other says. None: not known yet; the questions have been noted.
[[nodiscard]] std::optional<Dane> find_dane(const std::string& host, std::uint16_t port, dns::Answers& answers);
/// Longer chains of aliases are not followed.
inline constexpr std::size_t max_aliases = 8;
/// "_25._tcp.mx.b.example" (§2.2.3)
[[nodiscard]] dns::Question tlsa_question(const std::string& host, std::uint16_t port);

/// "3 1 1 0123AB...": as reports quote it (RFC 8460 §4.4).
[[nodiscard]] std::string to_string(const dns::Tlsa& record);

}  // namespace cas::tlspolicy
