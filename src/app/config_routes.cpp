// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Where mail goes that no MX record is asked about, and which networks may send it: no open relay, whatever is written.
#include <algorithm>
#include <array>

#include "app/config_reader.hpp"
#include "outbound/nearest.hpp"

namespace cas::app {

namespace {

// Wider than this is no site's own network.
constexpr unsigned widest_v4 = 8;
constexpr unsigned widest_v6 = 16;

using tlspolicy::TlsDemand;

void read_tls_use(Section& section, std::string_view hop, outbound::NextHop& next_hop, bool require_tls) {
  static constexpr std::array<std::string_view, 4> words{"off", "opportunistic", "required", "implicit"};
  if (require_tls) next_hop.tls.use = TlsDemand::Use::Required;
  const auto index = section.choice("tls", words);
  if (index) next_hop.tls.use = static_cast<TlsDemand::Use>(*index);
  if (require_tls && !next_hop.tls.required()) {
    section.fail("tls", "takes back what outbound.require_tls demands",
                 "use required or implicit, or remove require_tls");
  }
  if (section.has("tls") && !section.has(hop)) {
    section.fail("tls", "stands without " + std::string(hop), "add " + std::string(hop) + ", or remove it");
  }
}

// How the server proves that it is the one that is meant: by its name, or by a certificate that is known.
void read_verify(Section& section, std::string_view hop, outbound::NextHop& next_hop, Findings& findings) {
  const bool by_name = section.boolean("verify").value_or(false);
  next_hop.tls.records = read_fingerprints(section, findings);
  const bool by_record = section.has("fingerprints");
  if (by_name && by_record) section.fail("fingerprints", "stands beside verify", "verify by one of the two");
  if (section.has("verify") && !by_name && section.has("user")) {
    section.fail("verify", "is false, and a password is given to nobody who is not verified", "remove verify, or user");
  }
  if (!by_name && !by_record) return;
  const std::string_view key = by_record ? "fingerprints" : "verify";
  if (!section.has(hop)) {
    section.fail(key, "stands without " + std::string(hop), "add " + std::string(hop) + ", or remove it");
  }
  if (!next_hop.tls.required()) {
    section.fail(key, "verifies nobody where there may be no TLS", "add tls = \"required\" or \"implicit\"");
  }
  if (by_name && next_hop.is_address) {
    section.fail(key, "has no name to look for: " + std::string(hop) + " is an address",
                 "write the server's host name there, or its fingerprints");
  }
  next_hop.tls.require_names({next_hop.host});
  if (by_record) next_hop.tls.verify = TlsDemand::Verify::Records;
}

void read_credentials(Section& section, std::string_view hop, NextHopConfig& next_hop, const Config& config,
                      Findings& findings) {
  const auto user = section.text("user");
  const auto file = section.text("password_file");
  if (!section.has("user") && !section.has("password_file")) return;
  if (!section.has("user")) section.missing("user", "write whom password_file belongs to");
  if (!section.has("password_file")) section.missing("password_file", "name the file that holds the password");
  if (!section.has(hop)) {
    section.fail("user", "stands without " + std::string(hop), "add " + std::string(hop) + ", or remove it");
  }
  if (!next_hop.hop.tls.required()) {  // RFC 4954 §4
    section.fail("user", "would give the password where there may be no TLS", "add tls = \"required\" or \"implicit\"");
  }
  if (user) {
    const bool wrong = user->value.empty() || user->value.size() > 255 || user->value.contains('\0');
    if (wrong) section.fail("user", "is empty, too long or holds a NUL", "write the name the server knows you by");
    next_hop.hop.credentials = outbound::Credentials{.user = user->value, .password = {}};
  }
  // A password is given to nobody else.
  if (next_hop.hop.tls.records.empty()) next_hop.hop.tls.require_names({next_hop.hop.host});
  if (file) next_hop.password_file = path_of(*file, config, findings);
}

void check_width(const IpNetwork& network, const ConfigText& text, std::string_view danger, Findings& findings) {
  const unsigned widest = network.address.is_v4() ? widest_v4 : widest_v6;
  if (network.bits >= widest) return;
  findings.add_at(text.key, in_quotes(text.value) + " would let strangers " + std::string(danger),
                  "name networks of your own, of /" + std::to_string(widest) + " or narrower");
}

std::vector<IpNetwork> read_networks(Section& section, std::string_view key, std::string_view danger,
                                     Findings& findings) {
  std::vector<IpNetwork> networks;
  for (const auto& text : section.texts(key).value_or(std::vector<ConfigText>{})) {
    const auto network = IpNetwork::parse(text.value);
    if (!network) {
      findings.add_at(text.key, in_quotes(text.value) + " is no network",
                      "write \"127.0.0.0/8\" or \"::1\", without bits behind the prefix");
      continue;
    }
    check_width(*network, text, danger, findings);
    networks.push_back(*network);
  }
  return networks;
}

}  // namespace

std::optional<NextHopConfig> read_next_hop(Section& section, std::string_view key, const Config& config,
                                           Findings& findings) {
  NextHopConfig next_hop;
  next_hop.where = section.path();
  const auto text = section.text(key);
  if (text) {
    if (auto hop = outbound::NextHop::parse(text->value)) {
      next_hop.hop = *std::move(hop);
    } else {
      section.fail(key, in_quotes(text->value) + " is no host with a port",
                   "write \"mail.isp.example:587\", \"192.0.2.1:25\" or \"[2001:db8::1]:25\"");
    }
  }
  read_tls_use(section, key, next_hop.hop, config.outbound.require_tls);
  read_verify(section, key, next_hop.hop, findings);
  read_credentials(section, key, next_hop, config, findings);
  if (!text) return std::nullopt;
  return next_hop;
}

std::optional<DomainPattern> read_domain_pattern(Section& section, const std::string& example, Findings& findings) {
  const auto text = section.text("domain");
  if (!text) {
    if (!section.has("domain")) {
      section.missing("domain", "write \"" + example + "\", or \"." + example + "\" for all that is below it");
    }
    return std::nullopt;
  }
  const bool with_subdomains = text->value.starts_with('.');
  auto domain = domain_of(ConfigText{.value = text->value.substr(with_subdomains ? 1 : 0), .key = text->key}, findings);
  if (!domain) return std::nullopt;
  return DomainPattern{.domain = *std::move(domain), .with_subdomains = with_subdomains, .text = text->value};
}

void read_transport(Section section, Config& config, Findings& findings) {
  const auto pattern = read_domain_pattern(section, "x.example", findings);
  auto next_hop = read_next_hop(section, "next_hop", config, findings);
  if (!section.has("next_hop")) section.missing("next_hop", "write next_hop = \"host:port\"");
  section.finish();
  if (!pattern || !next_hop) return;
  const auto& [domain, with_subdomains, text] = *pattern;
  const auto same = [&](const TransportConfig& other) { return outbound::same_domains(other, *pattern); };
  auto& transports = config.outbound.transports;
  if (std::ranges::any_of(transports, same)) {
    section.fail("domain", in_quotes(text) + " is configured twice", "remove one of the two");
  }
  if (!with_subdomains && std::ranges::any_of(config.domains, [&](const auto& own) { return own.name == domain; })) {
    section.fail("domain", in_quotes(text) + " is a domain of this server, and its mail stays here",
                 "remove the [[transport]], or the [[domain]]");
  }
  transports.push_back(
      TransportConfig{.domain = domain, .with_subdomains = with_subdomains, .next_hop = *std::move(next_hop)});
}

void read_delivery(Section& section, const Config& config, DomainConfig& domain, Findings& findings) {
  if (const auto text = section.text("maildir")) domain.maildir = path_of(*text, config, findings);
  const auto deliver = section.text("deliver");
  if (deliver) {
    auto hop = outbound::NextHop::parse_backend(deliver->value);
    if (hop) {
      domain.backend = *std::move(hop);
    } else if (hop.error().public_text.contains("port 25")) {  // RFC 2033 §5
      section.fail("deliver", "is LMTP on port 25, where SMTP is spoken", "use port 24, or \"smtp:\"");
    } else {
      section.fail("deliver", in_quotes(deliver->value) + " is no server to deliver to",
                   "write \"lmtp:unix:/run/dovecot/lmtp\", \"lmtp:127.0.0.1:24\" or \"smtp:10.0.0.5:25\"");
    }
  }
  if (const bool tells = section.boolean("xclient").value_or(false)) {
    if (domain.backend) domain.backend->xclient = tells;
    if (!section.has("deliver")) {
      section.fail("xclient", "stands without deliver: there is nobody to be told", "name the server, or remove it");
    }
  }
  if (section.has("maildir") && section.has("deliver")) {
    section.fail("deliver", "stands beside maildir, and a message is delivered once", "remove one of the two");
  }
  domain.milter = section.boolean("milter").value_or(false);
  if (domain.milter) {
    for (const std::string_view key : {"maildir", "deliver"}) {
      if (section.has(key)) section.fail(key, "stands beside milter = true: the MTA delivers", "remove one of the two");
    }
    return;
  }
  if (section.has("maildir") || section.has("deliver")) return;
  section.missing("maildir",
                  "name the folder that holds a Maildir for each mailbox, or in deliver the server that does; or write "
                  "milter = true where an MTA that asks by milter has them");
}

void read_listen_networks(Section& section, ListenConfig& listen, Findings& findings) {
  listen.trusted_networks = read_networks(section, "trusted_networks", "relay", findings);
  listen.proxy_from = read_networks(section, "proxy_from", "come as anybody", findings);
  listen.xclient_from = read_networks(section, "xclient_from", "come as anybody", findings);
  if (!listen.trusted_networks.empty() && listen.role == Role::Mx) {
    section.fail("trusted_networks", "belongs to a submission listener: an mx listener relays for nobody",
                 "give those networks a listener with role = \"submission\"");
  }
}

}  // namespace cas::app
