// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Which DNS records a site must publish, and why. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dns/record.hpp"
#include "setup/site.hpp"

namespace cas::setup {

enum class Kind { Mx, Address, Ptr, Spf, HeloSpf, Dkim, Dmarc, DmarcReports, Cas, Sts, StsHost, TlsReports, Tlsa, Srv };
/// "mx", "address", ...: as findings and JSON name it.
[[nodiscard]] std::string_view to_string(Kind kind);

/// Needed: without it mail is lost or refused somewhere. Recommended: worth an hour. Optional: nice to have.
enum class Need { Needed, Recommended, Optional };
[[nodiscard]] std::string_view to_string(Need need);

/// Who can publish it. Zone: whoever has the domain's zone. Elsewhere: another zone (an MX host's, the receiver's of
/// reports). Provider: whoever gave the address (PTR). Signed: the zone, and only when DNSSEC signs it (RFC 7672 §2.2).
/// Web: the name of a web server that this site has to have.
enum class Place { Zone, Elsewhere, Provider, Signed, Web };

struct WantedRecord {
  Kind kind = Kind::Mx;
  std::string name;   // "_dmarc.b.example": lower case, without the final dot
  std::string type;   // "TXT"
  std::string value;  // TXT: the text itself; others as a zone file has it, names with the final dot
  Need need = Need::Needed;
  Place place = Place::Zone;
  std::string why;  // one plain sentence
};

/// All of them, in the order in which one would enter them.
[[nodiscard]] std::vector<WantedRecord> wanted_records(const Site& site);

/// "v=spf1 ip4:192.0.2.1 include:spf.smarthost.example ~all"
[[nodiscard]] std::string spf_text(const Site& site);
/// "v=DKIM1; h=sha256; k=rsa; p=..." (RFC 6376 §3.6.1): never t=y, under which receivers ignore what is signed.
[[nodiscard]] std::string dkim_text(crypto::KeyType type, std::string_view public_key);
[[nodiscard]] std::string dmarc_text(const DmarcSetup& dmarc);
[[nodiscard]] std::string cas_text(const CasSetup& cas);
/// The policy file (RFC 8461 §3.2), lines ended by CRLF, to be served at https://mta-sts.DOMAIN/.well-known/mta-sts.txt
[[nodiscard]] std::string sts_policy_text(const Site& site);
[[nodiscard]] std::string sts_policy_url(const Domain& domain);
/// "1.2.0.192.in-addr.arpa", and nibbles below ip6.arpa.
[[nodiscard]] std::string reverse_name(const IpAddress& address);

}  // namespace cas::setup
