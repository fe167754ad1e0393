// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// MX records and where they lead; the server's own name, its addresses, and the way back from them.
#include <algorithm>
#include <array>
#include <set>

#include "auth/spf_lookup.hpp"
#include "setup/checker.hpp"

namespace cas::setup {

namespace {

constexpr dns::Type address_types[] = {dns::Type::A, dns::Type::AAAA};

bool is_literal(std::string_view name) {
  std::string_view text = name;
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  return IpAddress::parse(text).has_value();
}

std::string mx_value(const dns::Mx& mx) {
  return std::to_string(mx.preference) + " " + mx.exchange + ".";
}

std::string mx_values(const dns::Answer& answer) {
  std::vector<std::string> values;
  for (const auto& mx : exchanges(answer)) values.push_back(mx_value(mx));
  return joined(values);
}

std::string lines_of(const std::vector<WantedRecord>& records) {
  std::string out;
  for (const auto& record : records) out += (out.empty() ? "" : "\n") + record_line(record);
  return out;
}

std::string values_of(const std::vector<WantedRecord>& records) {
  std::vector<std::string> values;
  values.reserve(records.size());
  for (const auto& record : records) values.push_back(record.value);
  return joined(values);
}

std::string texts_of(const std::vector<IpAddress>& addresses) {
  std::vector<std::string> texts;
  texts.reserve(addresses.size());
  for (const auto& address : addresses) texts.push_back(address.text());
  return joined(texts);
}

bool names(const std::vector<IpAddress>& addresses, const IpAddress& address) {
  return std::ranges::find(addresses, address) != addresses.end();
}

/// Of both families; `failed` where one of them is not known.
struct HostAddresses {
  std::vector<IpAddress> all;
  const dns::Answer* failed = nullptr;
  dns::Type failed_type = dns::Type::A;
};
std::optional<HostAddresses> addresses_of(Checker& c, const std::string& host) {
  HostAddresses found;
  bool known = true;
  for (const auto type : address_types) {
    const auto* answer = c.ask(host, type);
    known = known && answer != nullptr;
    if (answer == nullptr) continue;
    if (answer->status == dns::Status::Failed) {
      found.failed = answer;
      found.failed_type = type;
    }
    for (const auto& address : auth::addresses_in(*answer)) found.all.push_back(address);
  }
  if (!known) return std::nullopt;
  return found;
}

/// Every address at which this server may be known.
std::vector<IpAddress> own_addresses(const Site& site) {
  std::vector<IpAddress> all = site.addresses;
  for (const auto& host : site.mx) all.insert(all.end(), host.addresses.begin(), host.addresses.end());
  return all;
}

bool is_ours(Checker& c, const dns::Mx& mx, const std::vector<IpAddress>& addresses) {
  const auto& site = c.site;
  if (mx.exchange == site.host.text()) return true;
  if (std::ranges::any_of(site.mx, [&](const MxHost& host) { return host.name.text() == mx.exchange; })) return true;
  const auto own = own_addresses(site);
  if (std::ranges::any_of(addresses, [&](const IpAddress& address) { return names(own, address); })) return true;
  return std::ranges::any_of(c.facts.servers, [&](const ServerFacts& server) {
    return server.host == mx.exchange && iequals(server.name, site.host.text());
  });
}

Finding about_exchange(const Checker& c, std::string id, const dns::Mx& mx) {
  return {.id = std::move(id),
          .name = c.site.domain.text(),
          .type = "MX",
          .verdict = Verdict::Wrong,
          .expected = values_of(c.wanted(Kind::Mx)),
          .found = mx_value(mx),
          .line = lines_of(c.wanted(Kind::Mx))};
}

bool check_addresses(Checker& c, const dns::Mx& mx, const HostAddresses& addresses) {
  if (addresses.all.empty()) {
    if (addresses.failed != nullptr) {
      c.add_failed("mx.address", mx.exchange, addresses.failed_type, *addresses.failed);
      return false;
    }
    auto finding = about_exchange(c, "mx.no-address", mx);
    finding.name = mx.exchange;
    finding.type = "A";
    finding.problem = "The MX record leads to a name without an address: mail waits and comes back.";
    const auto lines = c.wanted(Kind::Address, mx.exchange);
    finding.expected = values_of(lines);
    finding.found = "nothing";
    finding.mend =
        "Enter the server's address (A, AAAA) at " + mx.exchange + ", or let the MX record name a host that has one.";
    finding.line = lines_of(lines);
    c.add(std::move(finding));
    return false;
  }
  const auto own = own_addresses(c.site);
  for (const auto& address : addresses.all) {
    // Who names such an address as its own has a network of its own in mind.
    if (!is_private(address) || (c.facts.own && names(own, address))) continue;
    auto finding = about_exchange(c, "mx.private-address", mx);
    finding.name = mx.exchange;
    finding.type = address.is_v4() ? "A" : "AAAA";
    finding.problem = "The address of the MX host is one that nobody outside of the local network can reach.";
    finding.expected = values_of(c.wanted(Kind::Address, mx.exchange));
    finding.found = address.text();
    finding.mend = "Publish the address that others see; a router must then lead its port 25 to this server.";
    finding.line = lines_of(c.wanted(Kind::Address, mx.exchange));
    c.add(std::move(finding));
  }
  return true;
}

/// Whether the exchange is a server of ours; none while that is not known.
std::optional<bool> check_exchange(Checker& c, const dns::Mx& mx) {
  if (is_literal(mx.exchange)) {
    auto finding = about_exchange(c, "mx.literal", mx);
    finding.problem = "An MX record must name a host; this is an address, which many servers do not connect to.";
    finding.mend = "Give the server a name with an A record, and let the MX record say that name.";
    c.add(std::move(finding));
    return false;
  }
  const auto* alias = c.ask(mx.exchange, dns::Type::CNAME);
  const auto addresses = addresses_of(c, mx.exchange);
  if (alias == nullptr || !addresses) return std::nullopt;
  if (alias->status == dns::Status::Ok && !alias->records.empty()) {
    const auto* target = std::get_if<dns::Name>(&alias->records.front());
    const std::string end = target != nullptr ? target->name : "another name";
    auto finding = about_exchange(c, "mx.alias", mx);
    finding.name = mx.exchange;
    finding.type = "CNAME";
    finding.problem = "The MX record leads to an alias, which RFC 2181 §10.3 forbids: some servers refuse to follow.";
    finding.found = end + ".";
    finding.expected.clear();
    finding.mend = "Let the MX record name " + end + " itself, or enter addresses in place of the CNAME.";
    finding.line = record_line(c.site.domain.text(), "MX", std::to_string(mx.preference) + " " + end + ".");
    c.add(std::move(finding));
  }
  (void)check_addresses(c, mx, *addresses);
  return is_ours(c, mx, addresses->all);
}

void add_no_mx(Checker& c, const dns::Answer& answer) {
  const auto& domain = c.site.domain.text();
  const auto expected = c.wanted(Kind::Mx);
  Finding finding{
      .id = "mx",
      .name = domain,
      .type = "MX",
      .verdict = Verdict::Missing,
      .problem = "There is no MX record: mail goes to the address of " + domain + " itself, if there is one.",
      .expected = values_of(expected),
      .found = "nothing",
      .mend = "Enter the MX record.",
      .line = lines_of(expected)};
  if (answer.status == dns::Status::NxDomain) {
    finding.id = "domain";
    finding.problem = "The domain does not exist in the DNS: nobody can write to it, and its own mail is refused.";
    finding.mend =
        "Register it, or see that the registrar's delegation leads to the right name servers; then enter "
        "the records.";
  } else if (!c.facts.own) {
    finding.verdict = Verdict::Weak;
    finding.need = Need::Recommended;
    finding.mend = "Its owner should enter an MX record.";
  } else if (!c.site.receives) {
    finding.need = Need::Recommended;
    finding.problem = "The domain takes no mail, and does not say so: others try for days.";
  }
  c.add(std::move(finding));
}

/// RFC 7505. False: no hosts to look at.
bool check_null_mx(Checker& c, const std::vector<dns::Mx>& found) {
  const bool null = std::ranges::any_of(found, [](const dns::Mx& mx) { return mx.exchange.empty(); });
  if (!null) {
    if (c.site.receives || !c.facts.own) return true;
    auto finding = about_exchange(c, "mx.unwanted", found.front());
    finding.need = Need::Recommended;
    finding.problem = "The domain is not meant to take mail, and yet an MX record leads to a server.";
    finding.mend = "Put the null MX in its place.";
    c.add(std::move(finding));
    return true;
  }
  auto finding = about_exchange(c, "mx.null", dns::Mx{.preference = 0, .exchange = ""});
  finding.found = "0 .";
  if (found.size() > 1) {
    finding.id = "mx.null-and-others";
    finding.problem =
        "The null MX says that the domain takes no mail, other MX records that it does; RFC 7505 §3 "
        "forbids both together.";
    finding.mend = "Remove the record \"0 .\".";
    finding.line.clear();
    c.add(std::move(finding));
    return true;
  }
  if (c.facts.own && !c.site.receives) {
    c.add_ok("mx", c.site.domain.text(), "MX", "0 .", "The domain says that it takes no mail.");
    return false;
  }
  finding.problem = "The null MX tells everybody that the domain takes no mail.";
  finding.mend = c.facts.own ? "Put the server's MX record in its place." : "Nobody can write to it; this is meant so.";
  c.add(std::move(finding));
  return false;
}

void check_whose(Checker& c, const dns::Answer& answer, const std::vector<dns::Mx>& found,
                 const std::vector<bool>& ours) {
  if (!c.facts.own || !c.site.receives || c.site.mx.empty()) return;  // none: it comes in by other servers
  const auto expected = c.wanted(Kind::Mx);
  if (std::ranges::none_of(ours, std::identity())) {
    c.add({.id = "mx.elsewhere",
           .name = c.site.domain.text(),
           .type = "MX",
           .verdict = Verdict::Wrong,
           .problem = "No MX record leads to this server: the domain's mail goes elsewhere.",
           .expected = values_of(expected),
           .found = mx_values(answer),
           .mend = "Enter this server's MX record; remove the others unless they are meant.",
           .line = lines_of(expected)});
    return;
  }
  for (std::size_t n = 0; n < found.size(); ++n) {
    if (ours[n]) continue;
    c.add({.id = "mx.other",
           .name = c.site.domain.text(),
           .type = "MX",
           .verdict = Verdict::Weak,
           .need = Need::Optional,
           .problem = "Another server takes mail for the domain too: what it accepts, this one has not checked.",
           .found = mx_value(found[n]),
           .mend = "Remove it unless it is meant; one that is meant has to know the mailboxes, and to offer CAS where "
                   "the domain requires it."});
  }
}

// ---- The server's own name ----

Finding about_host(const Checker& c, std::string id, std::string problem) {
  const auto expected = c.wanted(Kind::Address, c.site.host.text());
  return {.id = std::move(id),
          .name = c.site.host.text(),
          .type = "A",
          .verdict = Verdict::Wrong,
          .problem = std::move(problem),
          .expected = values_of(expected),
          .mend = "Enter the address that others see; or let `host` in the configuration be a name that has it.",
          .line = lines_of(expected)};
}

void check_own_name(Checker& c, const HostAddresses& published) {
  const auto& host = c.site.host.text();
  constexpr std::array<std::string_view, 6> reserved{".local",    ".localdomain", ".lan",
                                                     ".internal", ".invalid",     ".home"};
  const bool inner = std::ranges::any_of(reserved, [&](std::string_view end) { return host.ends_with(end); });
  if (!host.contains('.') || inner) {
    auto finding =
        about_host(c, "host.name", "This server gives a name in EHLO that means nothing to others; many refuse it.");
    finding.found = host;
    finding.mend = "Set `host` in the configuration to the server's full name in the DNS.";
    finding.line.clear();
    c.add(std::move(finding));
    return;
  }
  if (published.all.empty()) {
    if (published.failed != nullptr)
      return c.add_failed("host.address", host, published.failed_type, *published.failed);
    auto finding =
        about_host(c, "host.address", "The name that this server gives in EHLO has no address; many refuse its mail.");
    finding.verdict = Verdict::Missing;
    finding.found = "nothing";
    return c.add(std::move(finding));
  }
  for (const auto& address : c.site.addresses) {
    if (names(published.all, address)) continue;
    auto finding = about_host(c, "host.other-address",
                              "This server sends from " + address.text() + ", to which its name does not lead.");
    finding.type = address.is_v4() ? "A" : "AAAA";
    finding.found = texts_of(published.all);
    finding.line = record_line(host, finding.type, address.text());
    c.add(std::move(finding));
    return;
  }
  c.add_ok("host.address", host, "A", texts_of(published.all), "The name in EHLO leads to this server.");
}

/// RFC 1912 §2.1: forward-confirmed.
void check_ptr(Checker& c, const IpAddress& address) {
  const std::string name = reverse_name(address);
  const auto* answer = c.ask(name, dns::Type::PTR);
  if (answer == nullptr) return;
  Finding finding{
      .id = "ptr",
      .name = name,
      .type = "PTR",
      .verdict = Verdict::Missing,
      .problem = address.text() + " has no name: large receivers refuse its mail.",
      .expected = c.site.host.text() + ".",
      .found = "nothing",
      .mend = "Ask whoever gave you the address (hosting provider, ISP) to enter it; it is not in your zone.",
      .line = record_line(name, "PTR", c.site.host.text() + ".")};
  if (answer->status == dns::Status::Failed) return c.add_failed("ptr", name, dns::Type::PTR, *answer);
  auto found = auth::names_in(*answer);
  if (found.empty()) return c.add(std::move(finding));
  constexpr std::size_t most = 8;
  if (found.size() > most) found.resize(most);
  finding.verdict = Verdict::Wrong;
  finding.found = joined(found);
  bool confirmed = false, same = false;
  for (const auto& one : found) {
    const auto back = addresses_of(c, auth::spf_dns_name(one));
    if (!back) return;
    confirmed = confirmed || names(back->all, address);
    same = same || iequals(auth::spf_dns_name(one), c.site.host.text());
  }
  if (!confirmed) {
    finding.id = "ptr.not-confirmed";
    finding.problem = "The name of " + address.text() + " does not lead back to it: to receivers that is no name.";
    return c.add(std::move(finding));
  }
  if (!same) {
    finding.id = "ptr.other-name";
    finding.verdict = Verdict::Weak;
    finding.need = Need::Recommended;
    finding.problem = address.text() + " has another name than this server gives in EHLO; some receivers count that.";
    return c.add(std::move(finding));
  }
  c.add_ok("ptr", name, "PTR", joined(found), address.text() + " leads to this server's name and back.");
}

}  // namespace

void check_mx(Checker& c) {
  const auto& domain = c.site.domain.text();
  const auto* answer = c.ask(domain, dns::Type::MX);
  if (answer == nullptr) return;
  if (answer->status == dns::Status::Failed) return c.add_failed("mx", domain, dns::Type::MX, *answer);
  const auto mark = c.mark();
  const auto found = exchanges(*answer);
  if (found.empty()) return add_no_mx(c, *answer);
  if (!check_null_mx(c, found)) return;
  std::vector<dns::Mx> hosts;
  std::ranges::copy_if(found, std::back_inserter(hosts), [](const dns::Mx& mx) { return !mx.exchange.empty(); });
  std::vector<bool> ours;
  for (const auto& mx : hosts) {
    const auto mine = check_exchange(c, mx);
    ours.push_back(mine.value_or(true));
  }
  if (c.waiting()) return;
  check_whose(c, *answer, hosts, ours);
  c.add_ok_since(mark, "mx", domain, "MX", mx_values(*answer), "Mail for the domain is led to a server.");
  if (c.facts.validates && !answer->secure) {
    c.add({.id = "dnssec",
           .name = domain,
           .verdict = Verdict::Missing,
           .need = Need::Optional,
           .problem = "DNSSEC does not sign the zone: DANE is not possible, and answers can be forged on the way.",
           .mend = "Most providers sign a zone at the press of a button; the registrar then needs the DS record."});
  } else if (answer->secure) {
    c.add_ok("dnssec", domain, "", "", "DNSSEC signs the zone.");
  }
}

void check_host(Checker& c) {
  if (!c.facts.own) return;
  const auto published = addresses_of(c, c.site.host.text());
  if (!published) return;
  check_own_name(c, *published);
  if (!c.site.sends_directly) return;
  // Where nobody said from which addresses this server sends, its name is asked.
  const auto& addresses = c.site.addresses.empty() ? published->all : c.site.addresses;
  for (const auto& address : addresses) check_ptr(c, address);
}

}  // namespace cas::setup
