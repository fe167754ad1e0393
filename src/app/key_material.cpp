// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Reading keys.
#include "app/key_material.hpp"

#include "app/files.hpp"
#include "app/key_folder.hpp"
#include "base/encoding.hpp"

namespace cas::app {

namespace {

namespace fs = std::filesystem;

// Those that the configuration names, or else the active ones of the domain's folder.
void load_signing_keys(const Config& config, const DomainConfig& domain, outbound::SigningKeys& signing,
                       std::vector<ConfigError>& errors) {
  for (const auto& named : domain.signing) {
    const auto pem = read_small_file(named.key);
    auto key = pem ? crypto::PrivateKey::from_pem(*pem) : Result<crypto::PrivateKey>(std::unexpected(pem.error()));
    if (!key) {
      errors.push_back(config.error(named.where + ".key", "cannot be used: " + printable(key.error().private_reason),
                                    "name a PEM file with an Ed25519 or RSA key"));
      continue;
    }
    signing[domain.name].push_back(outbound::Signing{.selector = named.selector, .key = *std::move(key)});
  }
  if (!domain.signing.empty()) return;
  auto found = read_keys(config.keys_dir, domain.name);
  for (const auto& fault : found.faults) {
    const std::string problem = "\"" + printable(fault.file.string()) + "\" " + fault.problem;
    errors.push_back(config.error("keys_dir", problem, fault.mend));
  }
  for (auto& key : found.keys) {
    if (key.facts.state != KeyState::Active) continue;
    signing[domain.name].push_back(
        outbound::Signing{.selector = std::move(key.facts.selector), .key = std::move(key.key)});
  }
}

outbound::NextHop with_password(const Config& config, const NextHopConfig& configured,
                                std::vector<ConfigError>& errors) {
  outbound::NextHop hop = configured.hop;
  if (!hop.credentials) return hop;
  auto password = read_password(configured.password_file);
  if (password) {
    hop.credentials->password = *std::move(password);
  } else {
    errors.push_back(config.error(configured.where + ".password_file", printable(password.error().private_reason),
                                  "name a file that can be read and holds the password on one line"));
  }
  return hop;
}

}  // namespace

outbound::Routes routes_of(const Config& config, const std::function<outbound::NextHop(const NextHopConfig&)>& hop_of) {
  std::optional<outbound::NextHop> smarthost;
  if (config.outbound.smarthost) smarthost = hop_of(*config.outbound.smarthost);
  std::vector<outbound::Routes::Transport> transports;
  for (const auto& transport : config.outbound.transports) {
    transports.push_back({.domain = transport.domain,
                          .with_subdomains = transport.with_subdomains,
                          .next_hop = hop_of(transport.next_hop)});
  }
  return {std::move(smarthost), std::move(transports)};
}

std::expected<KeyMaterial, std::vector<ConfigError>> load_key_material(const Config& config) {
  KeyMaterial keys;
  std::vector<ConfigError> errors;
  if (!config.tls_certificate.empty()) {
    auto tls = net::TlsContext::server(config.tls_certificate, config.tls_key, config.client_certificates);
    if (tls) {
      keys.tls = *std::move(tls);
    } else {
      errors.push_back(config.error("tls.key", printable(tls.error().private_reason),
                                    "name a certificate and the key that belongs to it"));
    }
  }
  for (const auto& domain : config.domains) load_signing_keys(config, domain, keys.signing, errors);
  keys.routes = routes_of(config, [&](const NextHopConfig& hop) { return with_password(config, hop, errors); });
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return keys;
}

std::string key_stamp(const Config& config) {
  std::string stamp;
  for (const auto& file : {config.tls_certificate, config.tls_key, config.client_certificates.ca_file})
    stamp += stamp_of(file);
  if (config.outbound.smarthost) stamp += stamp_of(config.outbound.smarthost->password_file);
  for (const auto& transport : config.outbound.transports) stamp += stamp_of(transport.next_hop.password_file);
  for (const auto& domain : config.domains) {
    for (const auto& named : domain.signing) stamp += stamp_of(named.key);
    if (!domain.signing.empty()) continue;
    std::vector<fs::path> files;
    std::error_code fault;
    const auto folder = config.keys_dir / domain.name.text();
    for (fs::directory_iterator it(folder, fault), end; !fault && it != end; it.increment(fault)) {
      if (it->path().extension() == ".pem") files.push_back(it->path());
    }
    std::ranges::sort(files);
    for (const auto& file : files) stamp += stamp_of(file);
  }
  return stamp;
}

}  // namespace cas::app
