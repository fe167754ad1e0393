// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// From the configuration to a Site.
#include "app/site.hpp"

#include <algorithm>

#include "app/files.hpp"
#include "app/key_folder.hpp"
#include "crypto/hash.hpp"
#include "net/certificate.hpp"
#include "net/interfaces.hpp"

namespace cas::app {

namespace {

std::vector<setup::SigningKey> keys_of(const Config& config, const DomainConfig& domain) {
  std::vector<setup::SigningKey> keys;
  const auto add = [&](const std::string& selector, const crypto::PrivateKey& key, bool active) {
    keys.push_back({.selector = selector, .type = key.type(), .public_key = key.dkim_public_key(), .active = active});
  };
  for (const auto& named : domain.signing) {
    const auto pem = read_small_file(named.key);
    const auto key =
        pem ? crypto::PrivateKey::from_pem(*pem) : Result<crypto::PrivateKey>(std::unexpected(pem.error()));
    if (key) add(named.selector, *key, true);
  }
  if (!domain.signing.empty()) return keys;
  for (const auto& found : read_keys(config.keys_dir, domain.name).keys) {
    if (found.facts.state != KeyState::Old) add(found.facts.selector, found.key, found.facts.state == KeyState::Active);
  }
  std::ranges::sort(keys, {}, &setup::SigningKey::selector);  // the zone is the same, however the folder is read
  return keys;
}

std::vector<Octets> certificate_keys(const Config& config) {
  std::vector<Octets> digests;
  if (config.tls_certificate.empty()) return digests;
  const auto certificate = net::read_certificate(config.tls_certificate);
  if (!certificate) return digests;
  const auto digest = crypto::Sha256().update(certificate->public_key).finish();
  digests.emplace_back(digest.begin(), digest.end());
  return digests;
}

std::optional<setup::SubmissionSetup> submission_of(const Config& config) {
  setup::SubmissionSetup submission{.host = config.host, .starttls_port = 0, .tls_port = 0};
  for (const auto& listen : config.listen) {
    if (listen.role != Role::Submission || !listen.trusted_networks.empty()) continue;  // not for users
    if (listen.tls == ListenTls::Implicit) submission.tls_port = listen.address.port;
    if (listen.tls == ListenTls::StartTls) submission.starttls_port = listen.address.port;
  }
  if (submission.tls_port == 0 && submission.starttls_port == 0) return std::nullopt;
  return submission;
}

}  // namespace

std::vector<IpAddress> addresses_of(const Config& config) {
  return config.dns_check.addresses.empty() ? net::public_addresses() : config.dns_check.addresses;
}

setup::Site site_of(const Config& config, const DomainConfig& domain) {
  setup::Site site{.domain = domain.name, .host = config.host};
  const auto postmaster = Mailbox(LocalPart::from_value("postmaster").value(), domain.name);
  site.addresses = addresses_of(config);
  const bool takes_mail = std::ranges::any_of(config.listen, [](const auto& l) { return l.role != Role::Submission; });
  if (takes_mail) {
    site.mx = {{.name = config.host, .addresses = site.addresses, .spki_sha256 = certificate_keys(config)}};
    site.tls_reports_to = postmaster;
  }
  site.keys = keys_of(config, domain);
  site.sends_directly = !config.outbound.smarthost;
  if (config.outbound.smarthost) site.smarthost = config.outbound.smarthost->hop.host;
  site.cas = setup::CasSetup{.mode = domain.mode,
                             .promise = site.keys.empty() ? confirm::Promise::None : confirm::Promise::Some};
  site.dmarc.reports_to = {postmaster};
  site.submission = submission_of(config);
  return site;
}

std::vector<setup::Site> sites_of(const Config& config) {
  std::vector<setup::Site> sites;
  sites.reserve(config.domains.size());
  for (const auto& domain : config.domains) sites.push_back(site_of(config, domain));
  return sites;
}

outbound::SurveyOptions survey_options_of(const Config& config) {
  return {.probe = {.helo = config.host.text(), .port = config.outbound.port}, .validates = net::validates(config.dns)};
}

}  // namespace cas::app
