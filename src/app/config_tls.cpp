// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The configuration of TLS to other servers: [[tls_policy]], [tls_reports], and its keys in [outbound].
#include <algorithm>
#include <array>

#include "app/config_reader.hpp"

namespace cas::app {

namespace {

void read_pin_names(Section& section, tlspolicy::TlsPin& pin, Findings& findings) {
  for (const auto& text : section.texts("names").value_or(std::vector<ConfigText>{})) {
    const bool below = text.value.starts_with('.');
    const auto name = Domain::parse(below ? text.value.substr(1) : text.value);
    if (!name) {
      findings.add_at(text.key, in_quotes(text.value) + " is no host name",
                      "write \"mx.b.example\", or \".b.example\" for all names below");
      continue;
    }
    pin.names.push_back((below ? "." : "") + name->text());
  }
  pin.fingerprints = read_fingerprints(section, findings);
}

}  // namespace

std::vector<dns::Tlsa> read_fingerprints(Section& section, Findings& findings) {
  std::vector<dns::Tlsa> records;
  for (const auto& text : section.texts("fingerprints").value_or(std::vector<ConfigText>{})) {
    if (auto record = tlspolicy::parse_fingerprint(text.value)) {
      records.push_back(*std::move(record));
    } else {
      findings.add_at(text.key, in_quotes(text.value) + " is no fingerprint",
                      "write \"sha256:\" or \"spki-sha256:\" and 64 hexadecimal digits");
    }
  }
  return records;
}

void read_outbound_tls(Section& section, Config& config, Findings& findings) {
  auto& outbound = config.outbound;
  if (const auto dane = section.boolean("dane")) outbound.dane = *dane;
  if (const auto mta_sts = section.boolean("mta_sts")) outbound.mta_sts = *mta_sts;
  if (const auto text = section.text("ca_file"); text && !text->value.empty())
    outbound.ca_file = path_of(*text, config, findings);
}

void read_tls_policy(Section section, Config& config, Findings& findings) {
  static constexpr std::array<std::string_view, 3> levels{"opportunistic", "required", "verify"};
  tlspolicy::TlsPin pin;
  std::optional<Domain> domain;
  if (const auto text = section.text("domain")) {
    domain = domain_of(*text, findings);
  } else if (!section.has("domain")) {
    section.missing("domain", "write domain = \"b.example\"");
  }
  if (const auto level = section.choice("tls", levels)) {
    pin.level = static_cast<tlspolicy::PinLevel>(*level);
  } else if (!section.has("tls")) {
    section.missing("tls", "use " + one_of(levels));
  }
  read_pin_names(section, pin, findings);
  if (!pin.names.empty() && !pin.fingerprints.empty()) {
    section.fail("fingerprints", "stands beside names", "verify by one of the two");
  }
  if (pin.level != tlspolicy::PinLevel::Verify && (!pin.names.empty() || !pin.fingerprints.empty())) {
    section.fail("tls", "verifies nothing, and names or fingerprints are given",
                 "write tls = \"verify\", or remove them");
  }
  section.finish();
  if (domain && !config.outbound.pins.emplace(*domain, std::move(pin)).second) {
    section.fail("domain", in_quotes(domain->text()) + " stands there twice", "merge the two [[tls_policy]] tables");
  }
}

void read_tls_reports(Section section, Config& config, Findings& findings) {
  if (const auto text = section.text("from")) {
    auto mailbox = Mailbox::parse(text->value);
    const auto ours = [&](const DomainConfig& domain) {
      return mailbox->domain() && domain.name == *mailbox->domain();
    };
    if (!mailbox || !mailbox->domain()) {
      findings.add_at(text->key, in_quotes(text->value) + " is no address", "write \"tls-reports@north.example\"");
    } else if (std::ranges::none_of(config.domains, ours)) {
      findings.add_at(text->key, in_quotes(mailbox->domain()->text()) + " is none of the domains of this file",
                      "write an address of one of them: reports are signed by its key");
    } else {
      config.tls_reports_from = *std::move(mailbox);
    }
  } else if (section.present() && !section.has("from")) {
    section.missing("from", "write who reports: from = \"tls-reports@north.example\"");
  }
  section.finish();
}

}  // namespace cas::app
