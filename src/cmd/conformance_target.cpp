// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Options, checked one by one.
#include "cmd/conformance_target.hpp"

#include <charconv>
#include <sstream>

#include "app/files.hpp"
#include "base/encoding.hpp"

namespace cas::cmd {

using conformance::Target;

namespace {

constexpr std::uint16_t smtp_port = 25;
constexpr std::string_view nobody = "cas-conformance-nobody";

std::unexpected<Error> wrong(std::string_view option, std::string_view what) {
  return permanent("command line", std::string(option) + ": " + std::string(what));
}

Result<Mailbox> mailbox(std::string_view option, const std::string& text) {
  if (text.empty()) return wrong(option, "is missing");
  auto parsed = Mailbox::parse(text);
  if (!parsed || !parsed->domain()) return wrong(option, "\"" + text + "\" is no address with a domain");
  if (!parsed->is_ascii()) return wrong(option, "only ASCII is used here");
  return *std::move(parsed);
}

Result<std::optional<Mailbox>> optional_mailbox(std::string_view option, const std::string& text) {
  if (text.empty()) return std::optional<Mailbox>();
  CAS_TRY(auto parsed, mailbox(option, text));
  return std::optional(std::move(parsed));
}

Result<Domain> domain(std::string_view option, const std::string& text) {
  auto parsed = Domain::parse(text);
  if (!parsed) return wrong(option, text.empty() ? "is missing" : "\"" + text + "\" is no domain name");
  return *std::move(parsed);
}

Result<crypto::PrivateKey> read_key(std::string_view option, const std::filesystem::path& file) {
  const auto pem = app::read_small_file(file);
  if (!pem) return wrong(option, file.string() + ": " + pem.error().private_reason);
  auto key = crypto::PrivateKey::from_pem(*pem);
  if (!key) return wrong(option, file.string() + ": " + key.error().private_reason);
  return *std::move(key);
}

Result<crypto::PrivateKey> key_of(const ConformanceOptions& options, bool& made_key) {
  std::error_code ignored;
  if (!options.key.empty() && std::filesystem::exists(options.key, ignored)) return read_key("--key", options.key);
  CAS_TRY(auto key, crypto::generate_key(crypto::KeyType::Ed25519));
  made_key = true;
  if (options.key.empty()) return key;
  if (const auto written = app::write_new_file(options.key, key.to_pem()); !written) {
    return wrong("--key", options.key.string() + " cannot be made: " + written.error().private_reason);
  }
  return key;
}

Result<void> check_relations(const Target& target) {
  const auto& home = target.recipient.domain();
  if (target.second && (target.second->domain() != home || *target.second == target.recipient)) {
    return wrong("--second", "is another mailbox in the domain of --recipient");
  }
  if (target.unknown.domain() != home) return wrong("--unknown", "is in the domain of --recipient");
  if (target.required && target.required->domain() == home) {
    return wrong("--required-recipient", "is in another domain than --recipient, which receives with m=optional");
  }
  if (target.off && target.off->domain() == home) return wrong("--off-recipient", "is in another domain");
  if (target.author.domain() != target.domain) return wrong("--from", "is an address in --domain");
  return {};
}

}  // namespace

std::string HostAndPort::text() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::optional<HostAndPort> parse_host_and_port(std::string_view text) {
  HostAndPort out;
  std::string_view host = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    host = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    if (!text.empty() && text.front() != ':') return std::nullopt;
    port = text.empty() ? text : text.substr(1);
  } else if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (port.empty()) return std::nullopt;
  }
  out.host = host;
  out.port = smtp_port;
  if (!port.empty()) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (error != std::errc() || end != port.data() + port.size() || out.port == 0) return std::nullopt;
  }
  if (out.host.empty()) return std::nullopt;
  return out;
}

Result<Target> read_target(const ConformanceOptions& options, bool& made_key) {
  CAS_TRY(auto signing_domain, domain("--domain", options.domain));
  CAS_TRY(auto foreign, domain("--foreign", options.foreign));
  CAS_TRY(auto recipient, mailbox("--recipient", options.recipient));
  CAS_TRY(auto second, optional_mailbox("--second", options.second));
  CAS_TRY(auto required, optional_mailbox("--required-recipient", options.required_recipient));
  CAS_TRY(auto off, optional_mailbox("--off-recipient", options.off_recipient));
  const std::string somebody = std::string(nobody) + "@" + recipient.domain()->text();
  CAS_TRY(auto unknown, mailbox("--unknown", options.unknown.empty() ? somebody : options.unknown));
  const std::string author_text = options.from.empty() ? "cas-conformance@" + signing_domain.text() : options.from;
  CAS_TRY(auto author, mailbox("--from", author_text));
  if (!Domain::parse(options.selector + "-revoked._domainkey." + signing_domain.text())) {
    return wrong("--selector", "is no selector");
  }
  std::optional<crypto::PrivateKey> rsa_key;
  if (!options.rsa_key.empty()) {
    CAS_TRY(rsa_key, read_key("--rsa-key", options.rsa_key));
    if (rsa_key->type() != crypto::KeyType::Rsa) return wrong("--rsa-key", "is no RSA key");
  }
  CAS_TRY(auto key, key_of(options, made_key));
  if (key.type() == crypto::KeyType::Rsa) return wrong("--key", "is an Ed25519 key; --rsa-key is the other one");
  Target target{.recipient = std::move(recipient),
                .second = std::move(second),
                .required = std::move(required),
                .off = std::move(off),
                .unknown = std::move(unknown),
                .foreign = std::move(foreign),
                .domain = std::move(signing_domain),
                .author = std::move(author),
                .selector = to_lower(options.selector),
                .key = std::move(key),
                .rsa_key = std::move(rsa_key)};
  CAS_CHECK(check_relations(target));
  return target;
}

net::ResolverOptions resolver_options(const std::string& dns) {
  net::ResolverOptions out;
  out.trust_anchor_file = "none";  // what is found is looked at, not trusted
  if (!dns.empty()) {
    out.forwarders = {dns};
    return out;
  }
  const auto text = app::read_small_file("/etc/resolv.conf");
  std::istringstream lines(text ? *text : "");
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word, address;
    if (words >> word >> address && word == "nameserver") out.forwarders.push_back(address);
  }
  return out;
}

}  // namespace cas::cmd
