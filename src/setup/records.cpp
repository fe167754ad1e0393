// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The list of records, kind by kind.
#include "setup/records.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <utility>

#include "auth/spf_macro.hpp"

namespace cas::setup {

namespace {

using Records = std::vector<WantedRecord>;

constexpr std::array<std::pair<Kind, std::string_view>, 14> kinds{{{Kind::Mx, "mx"},
                                                                   {Kind::Address, "address"},
                                                                   {Kind::Ptr, "ptr"},
                                                                   {Kind::Spf, "spf"},
                                                                   {Kind::HeloSpf, "helo-spf"},
                                                                   {Kind::Dkim, "dkim"},
                                                                   {Kind::Dmarc, "dmarc"},
                                                                   {Kind::DmarcReports, "dmarc-reports"},
                                                                   {Kind::Cas, "cas"},
                                                                   {Kind::Sts, "mta-sts"},
                                                                   {Kind::StsHost, "mta-sts-host"},
                                                                   {Kind::TlsReports, "tlsrpt"},
                                                                   {Kind::Tlsa, "tlsa"},
                                                                   {Kind::Srv, "srv"}}};

std::string upper_hex(const Octets& octets) {
  return to_upper(hex(octets));
}

/// The zone of the domain, as far as anybody can tell from names.
Place place_of(const Site& site, const Domain& name) {
  return name.is_within(site.domain) ? Place::Zone : Place::Elsewhere;
}

std::string mailto_list(const std::vector<Mailbox>& mailboxes) {
  std::string out;
  for (const auto& mailbox : mailboxes) out += (out.empty() ? "mailto:" : ",mailto:") + mailbox.wire();
  return out;
}

void add_mx(const Site& site, Records& out) {
  const auto& domain = site.domain.text();
  if (!site.receives) {
    out.push_back({.kind = Kind::Mx,
                   .name = domain,
                   .type = "MX",
                   .value = "0 .",
                   .need = Need::Recommended,
                   .why = "The domain takes no mail: others are told so at once (RFC 7505)."});
    return;
  }
  for (const auto& host : site.mx) {
    out.push_back({.kind = Kind::Mx,
                   .name = domain,
                   .type = "MX",
                   .value = std::to_string(host.preference) + " " + host.name.text() + ".",
                   .why = "Tells others which server takes the domain's mail."});
  }
}

void add_addresses(const Site& site, const Domain& name, const std::vector<IpAddress>& addresses, std::string_view why,
                   Records& out) {
  for (const auto& address : addresses) {
    out.push_back({.kind = Kind::Address,
                   .name = name.text(),
                   .type = address.is_v4() ? "A" : "AAAA",
                   .value = address.text(),
                   .place = place_of(site, name),
                   .why = std::string(why)});
  }
}

void add_hosts(const Site& site, Records& out) {
  std::set<Domain> done;
  if (site.receives) {
    for (const auto& host : site.mx) {
      if (!done.insert(host.name).second) continue;
      add_addresses(site, host.name, host.addresses, "The address of the server that the MX record names.", out);
    }
  }
  if (done.contains(site.host)) return;
  add_addresses(site, site.host, site.addresses,
                "The address of the name that this server gives for itself; others look it up.", out);
}

void add_ptr(const Site& site, Records& out) {
  if (!site.sends_directly) return;
  for (const auto& address : site.addresses) {
    out.push_back({.kind = Kind::Ptr,
                   .name = reverse_name(address),
                   .type = "PTR",
                   .value = site.host.text() + ".",
                   .place = Place::Provider,
                   .why = "Large receivers refuse mail from " + address.text() +
                          " unless it leads to this server's name and back."});
  }
}

void add_spf(const Site& site, Records& out) {
  out.push_back({.kind = Kind::Spf,
                 .name = site.domain.text(),
                 .type = "TXT",
                 .value = spf_text(site),
                 .why = "SPF: says which servers may send for the domain."});
  if (!site.sends_directly || site.host == site.domain) return;
  std::string text = "v=spf1";
  for (const auto& address : site.addresses) text += (address.is_v4() ? " ip4:" : " ip6:") + address.text();
  if (site.addresses.empty()) text += " a";
  out.push_back(
      {.kind = Kind::HeloSpf,
       .name = site.host.text(),
       .type = "TXT",
       .value = text + " -all",
       .need = Need::Recommended,
       .place = place_of(site, site.host),
       .why = "SPF of the server's own name: what notices of failed delivery are judged by (RFC 7208 §2.4)."});
}

void add_dkim(const Site& site, Records& out) {
  for (const auto& key : site.keys) {
    const bool rsa = key.type == crypto::KeyType::Rsa;
    out.push_back({.kind = Kind::Dkim,
                   .name = key.selector + "._domainkey." + site.domain.text(),
                   .type = "TXT",
                   .value = dkim_text(key.type, key.public_key),
                   .why = rsa ? "DKIM: the key that everybody can verify signatures with."
                              : "DKIM and CAS: the short key, for those who can verify Ed25519."});
  }
}

void add_dmarc(const Site& site, Records& out) {
  out.push_back(
      {.kind = Kind::Dmarc,
       .name = "_dmarc." + site.domain.text(),
       .type = "TXT",
       .value = dmarc_text(site.dmarc),
       .why = "DMARC: what becomes of mail that forges the domain, and who is told; large receivers want one."});
  std::set<std::string> done;
  for (const auto& mailbox : site.dmarc.reports_to) {
    const auto& domain = mailbox.domain();
    if (!domain || domain->is_within(site.domain) || !done.insert(domain->text()).second) continue;
    out.push_back({.kind = Kind::DmarcReports,
                   .name = site.domain.text() + "._report._dmarc." + domain->text(),
                   .type = "TXT",
                   .value = "v=DMARC1",
                   .need = Need::Recommended,
                   .place = Place::Elsewhere,
                   .why = "Lets " + domain->text() + " receive the domain's DMARC reports (RFC 9990 §4)."});
  }
}

void add_cas(const Site& site, Records& out) {
  if (!site.cas) return;
  out.push_back({.kind = Kind::Cas,
                 .name = confirm::discovery_name(site.domain),
                 .type = "TXT",
                 .value = cas_text(*site.cas),
                 .need = site.cas->mode == confirm::Mode::Required ? Need::Needed : Need::Recommended,
                 .why = "CAS: says that mail to the domain can be confirmed, and whether it must be."});
}

void add_sts(const Site& site, Records& out) {
  if (site.sts && site.receives) {
    out.push_back({.kind = Kind::Sts,
                   .name = "_mta-sts." + site.domain.text(),
                   .type = "TXT",
                   .value = "v=STSv1; id=" + site.sts->id,
                   .need = Need::Recommended,
                   .why = "MTA-STS: tells others to fetch the policy, so that nobody on the way can strip TLS."});
    out.push_back({.kind = Kind::StsHost,
                   .name = "mta-sts." + site.domain.text(),
                   .type = "CNAME",
                   .value = "WEB-SERVER.",
                   .need = Need::Recommended,
                   .place = Place::Web,
                   .why = "MTA-STS: the web server that has the policy file, at " + sts_policy_url(site.domain) + "."});
  }
  if (site.tls_reports_to && site.receives) {
    out.push_back({.kind = Kind::TlsReports,
                   .name = "_smtp._tls." + site.domain.text(),
                   .type = "TXT",
                   .value = "v=TLSRPTv1; rua=" + mailto_list({*site.tls_reports_to}),
                   .need = Need::Recommended,
                   .why = "TLSRPT: others report once a day when TLS to this server failed."});
  }
}

void add_tlsa(const Site& site, Records& out) {
  if (!site.receives) return;
  for (const auto& host : site.mx) {
    for (const auto& digest : host.spki_sha256) {
      out.push_back({.kind = Kind::Tlsa,
                     .name = "_25._tcp." + host.name.text(),
                     .type = "TLSA",
                     .value = "3 1 1 " + upper_hex(digest),
                     .need = Need::Optional,
                     .place = place_of(site, host.name) == Place::Zone ? Place::Signed : Place::Elsewhere,
                     .why = "DANE: binds the server's key to its name; of use in a zone that DNSSEC signs, and nowhere "
                            "else."});
    }
  }
}

void add_srv(const Site& site, Records& out) {
  if (!site.submission) return;
  const auto& submission = *site.submission;
  const std::pair<std::uint16_t, std::string_view> services[] = {{submission.tls_port, "_submissions._tcp."},
                                                                 {submission.starttls_port, "_submission._tcp."}};
  for (const auto& [port, label] : services) {
    if (port == 0) continue;
    out.push_back({.kind = Kind::Srv,
                   .name = std::string(label) + site.domain.text(),
                   .type = "SRV",
                   .value = "0 1 " + std::to_string(port) + " " + submission.host.text() + ".",
                   .need = Need::Optional,
                   .why = "Mail programs find where to submit mail by it (RFC 6186)."});
  }
}

}  // namespace

std::string_view to_string(Kind kind) {
  return std::ranges::find(kinds, kind, &std::pair<Kind, std::string_view>::first)->second;
}

std::string_view to_string(Need need) {
  switch (need) {
    case Need::Needed: return "needed";
    case Need::Recommended: return "recommended";
    case Need::Optional: return "optional";
  }
  std::unreachable();
}

std::vector<WantedRecord> wanted_records(const Site& site) {
  Records out;
  add_mx(site, out);
  add_hosts(site, out);
  add_ptr(site, out);
  add_spf(site, out);
  add_dkim(site, out);
  add_dmarc(site, out);
  add_cas(site, out);
  add_sts(site, out);
  add_tlsa(site, out);
  add_srv(site, out);
  return out;
}

std::string spf_text(const Site& site) {
  std::string text = "v=spf1";
  if (site.sends_directly) {
    for (const auto& address : site.addresses) text += (address.is_v4() ? " ip4:" : " ip6:") + address.text();
    if (site.addresses.empty()) text += " a:" + site.host.text();
  }
  if (!site.sends_directly && !site.smarthost.empty() && site.spf_includes.empty()) {
    const auto literal = IpAddress::parse(site.smarthost);
    text += (!literal ? " a:" : literal->is_v4() ? " ip4:" : " ip6:") + site.smarthost;
  }
  for (const auto& network : site.other_senders) {
    text += (network.address.is_v4() ? " ip4:" : " ip6:") + network.text();
  }
  for (const auto& include : site.spf_includes) text += " include:" + include;
  // With "-all" some refuse forwarded mail before they look at DKIM and DMARC, which would have let it pass. What sends
  // nothing has nothing to lose.
  const bool nobody = text == "v=spf1";
  return text + (nobody ? " -all" : " ~all");
}

std::string dkim_text(crypto::KeyType type, std::string_view public_key) {
  const std::string name = type == crypto::KeyType::Rsa ? "rsa" : "ed25519";
  return "v=DKIM1; h=sha256; k=" + name + "; p=" + std::string(public_key);
}

std::string dmarc_text(const DmarcSetup& dmarc) {
  std::string text = "v=DMARC1; p=" + std::string(auth::to_string(dmarc.policy));
  if (!dmarc.reports_to.empty()) text += "; rua=" + mailto_list(dmarc.reports_to);
  return text;
}

std::string cas_text(const CasSetup& cas) {
  constexpr std::array<std::string_view, 4> promises{"none", "some", "all", "strict"};
  std::string text = "v=CAS1; m=" + std::string(confirm::to_string(cas.mode));
  if (cas.endpoint) text += "; e=" + cas.endpoint->text();
  if (cas.promise != confirm::Promise::None) {
    text += "; p=" + std::string(promises.at(static_cast<std::size_t>(cas.promise)));
  }
  if (!cas.reports_to.empty()) text += "; rua=" + mailto_list(cas.reports_to);
  return text;
}

std::string sts_policy_text(const Site& site) {
  const StsSetup sts = site.sts.value_or(StsSetup{});
  std::string text = "version: STSv1\r\nmode: " + std::string(tlspolicy::to_string(sts.mode)) + "\r\n";
  for (const auto& host : site.mx) text += "mx: " + host.name.text() + "\r\n";
  return text + "max_age: " + std::to_string(sts.max_age.count()) + "\r\n";
}

std::string sts_policy_url(const Domain& domain) {
  return "https://mta-sts." + domain.text() + "/.well-known/mta-sts.txt";
}

std::string reverse_name(const IpAddress& address) {
  return auth::spf_reverse_name(address) + (address.is_v4() ? ".in-addr.arpa" : ".ip6.arpa");
}

}  // namespace cas::setup
