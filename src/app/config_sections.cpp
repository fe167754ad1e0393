// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The configuration file, section by section: each function reads one section into its struct, and what it has to say
// about it goes to the findings. What lies outside the file (keys, folders, users) is config_check.cpp's business.
#include <algorithm>
#include <array>
#include <set>

#include "app/config_reader.hpp"
#include "base/encoding.hpp"
#include "crypto/password.hpp"

namespace cas::app {

namespace {

using std::chrono::hours;
using std::chrono::minutes;

std::filesystem::path folder_of(const std::filesystem::path& file) {
  std::error_code fault;
  const auto absolute = std::filesystem::absolute(file, fault);
  return fault ? std::filesystem::path(".") : absolute.parent_path();
}

template <class T>
void assign(T& target, std::optional<T> value) {
  if (value) target = *std::move(value);
}

template <class Enum, std::size_t N>
void assign_choice(Enum& target, Section& section, std::string_view key, const std::array<std::string_view, N>& words) {
  if (const auto index = section.choice(key, words)) target = static_cast<Enum>(*index);
}

// ---- Top of the file ----

void read_top(Section& root, Config& config, Findings& findings) {
  if (const auto host = root.text("host")) {
    if (auto name = domain_of(*host, findings)) config.host = *std::move(name);
  } else if (!root.has("host")) {
    root.missing("host", "write the name other servers know this one by: host = \"mx.example.org\"");
  }
  read_state_dirs(root, config, findings);
  read_admin_socket(root, config, findings);
  read_submission_socket(root, config, findings);
  if (const auto text = root.text("run_as")) config.run_as = text->value;
  if (const auto threads = root.integer("threads", 0, 256)) config.threads = static_cast<std::size_t>(*threads);
}

void read_tls(Section section, Config& config, Findings& findings) {
  if (const auto text = section.text("certificate")) config.tls_certificate = path_of(*text, config, findings);
  if (const auto text = section.text("key")) config.tls_key = path_of(*text, config, findings);
  assign(config.client_certificates.ask, section.boolean("ask_client_certificates"));
  if (const auto text = section.text("client_ca_file")) {
    config.client_certificates.ca_file = path_of(*text, config, findings);
    if (!config.client_certificates.ask) {
      section.fail("client_ca_file", "stands without ask_client_certificates = true", "add that, or remove it");
    }
  }
  if (section.present() && !section.has("certificate"))
    section.missing("certificate", "name the PEM file of the chain");
  if (section.present() && !section.has("key")) section.missing("key", "name the PEM file of the certificate's key");
  section.finish();
}

// ---- [[listen]] ----

void read_listen(Section section, Config& config, Findings& findings) {
  static constexpr std::array<std::string_view, 3> roles{"mx", "submission", "milter"};
  static constexpr std::array<std::string_view, 3> tls_words{"off", "starttls", "implicit"};
  static constexpr std::array<std::string_view, 2> quarantines{"hold", "mark"};
  ListenConfig listen;
  listen.key = section.full_key("address");
  assign_choice(listen.role, section, "role", roles);
  if (!section.has("role")) section.missing("role", "use " + one_of(roles));
  if (const auto index = section.choice("quarantine", quarantines)) listen.hold_quarantined = *index == 0;
  if (listen.role == Role::Milter) {
    read_milter_listener(section, listen, config, findings);
    section.finish();
    config.listen.push_back(std::move(listen));
    return;
  }
  if (section.has("quarantine")) section.fail("quarantine", "is for role = \"milter\" alone", "remove it");
  if (const auto text = section.text("address")) {
    if (auto endpoint = net::Endpoint::parse(text->value)) {
      listen.address = *std::move(endpoint);
    } else {
      section.fail("address", in_quotes(text->value) + " is no address with a port",
                   "write \"0.0.0.0:25\" or \"[::]:25\"");
    }
  } else if (!section.has("address")) {
    section.missing("address", "write address = \"0.0.0.0:25\"");
  }
  assign_choice(listen.tls, section, "tls", tls_words);
  read_listen_networks(section, listen, findings);
  section.finish();
  config.listen.push_back(std::move(listen));
}

// CAS §5.8: the keyword is offered on a TLS session only.
void check_required(const Config& config, Findings& findings) {
  const auto can_confirm = [](const ListenConfig& listen) {
    return listen.role == Role::Mx && listen.tls != ListenTls::Off;
  };
  if (std::ranges::any_of(config.listen, can_confirm)) return;
  for (std::size_t n = 0; n < config.domains.size(); ++n) {
    if (config.domains[n].mode != confirm::Mode::Required || config.domains[n].milter) continue;
    findings.add_at("domain[" + std::to_string(n) + "].mode", "is required, and no listener lets anybody confirm",
                    "give an mx listener tls = \"starttls\", or use \"optional\"");
  }
}

// Two sockets on one port would share its connections (SO_REUSEPORT) instead of failing.
void check_listeners(const Config& config, Findings& findings) {
  // One without the other is a fault of [tls], named there.
  const bool have_tls = !config.tls_certificate.empty() || !config.tls_key.empty();
  for (std::size_t n = 0; n < config.listen.size(); ++n) {
    const auto& listen = config.listen[n];
    const std::string table = "listen[" + std::to_string(n) + "]";
    const auto same = [&](const ListenConfig& other) { return other.address == listen.address; };
    const auto before = std::span(config.listen).first(n);
    if (listen.address.port != 0 && std::ranges::any_of(before, same)) {
      findings.add_at(listen.key, in_quotes(listen.address.text()) + " is listened on twice", "remove one of the two");
    }
    if (listen.tls != ListenTls::Off && !have_tls) {
      findings.add_at(table + ".tls", "needs a certificate and there is none",
                      "name certificate and key under [tls], or write tls = \"off\"");
    }
    if (listen.role != Role::Submission) continue;
    if (!listen.trusted_networks.empty()) continue;  // somebody may submit, and needs no password
    if (listen.tls == ListenTls::Off) {              // RFC 8314 §3.3: no password in the clear, so nobody could log in
      findings.add_at(table + ".tls", "is off, and without TLS no AUTH is taken",
                      "use \"starttls\" or \"implicit\" for submission");
    }
  }
}

// ---- [[domain]] ----

void read_signing(Section section, const Config& config, std::vector<SigningConfig>& keys, Findings& findings) {
  SigningConfig signing;
  signing.where = section.path();
  if (const auto text = section.text("selector")) {
    // RFC 6376 §3.1: labels below _domainkey.
    if (text->value.empty() || !Domain::parse(text->value + "._domainkey.example")) {
      findings.add_at(text->key, in_quotes(text->value) + " is no selector",
                      "use letters, digits and hyphens: \"cas1\"");
    } else if (const auto behind = to_lower(text->value).find("._domainkey"); behind != std::string::npos) {
      findings.add_at(text->key, in_quotes(text->value) + " is more than a selector",
                      "write what stands before \"._domainkey\": " + in_quotes(text->value.substr(0, behind)));
    }
    signing.selector = to_lower(text->value);
  } else if (!section.has("selector")) {
    section.missing("selector", "write the selector the public key is published under: selector = \"cas1\"");
  }
  if (const auto text = section.text("key")) {
    signing.key = path_of(*text, config, findings);
  } else if (!section.has("key")) {
    section.missing("key", "name the PEM file; `cas keys generate` makes one");
  }
  section.finish();
  const auto same = [&](const SigningConfig& other) { return other.selector == signing.selector; };
  if (!signing.selector.empty() && std::ranges::any_of(keys, same)) {
    section.fail("selector", in_quotes(signing.selector) + " stands there twice",
                 "give each key a selector of its own");
  }
  keys.push_back(std::move(signing));
}

void read_domain(Section section, Config& config, Findings& findings) {
  static constexpr std::array<std::string_view, 3> modes{"off", "optional", "required"};
  static constexpr std::array<std::string_view, 2> enforcements{"observe", "act"};
  static constexpr std::array<std::string_view, 3> screenings{"off", "hold", "defer"};
  std::optional<Domain> name;
  if (const auto text = section.text("name")) {
    name = domain_of(*text, findings);
  } else if (!section.has("name")) {
    section.missing("name", "write name = \"north.example\"");
  }
  DomainConfig domain{.name = name.value_or(config.host),
                      .mode = {},
                      .authentication = {},
                      .maildir = {},
                      .backend = {},
                      .milter = {},
                      .recipients = {},
                      .signing = {}};
  domain.mode = confirm::Mode::Optional;
  if (const auto index = section.choice("mode", modes)) domain.mode = *confirm::parse_mode(modes.at(*index));
  assign_choice(domain.authentication, section, "authentication", enforcements);
  assign_choice(domain.screener, section, "screener", screenings);
  assign(domain.observe, section.boolean("observe"));
  read_delivery(section, config, domain, findings);
  if (domain.milter) {
    check_milter_domain(section, domain);
  } else {
    read_recipients(section, config, domain, findings);
  }
  domain.signing = read_signing_keys(section, config, findings);
  section.finish();
  const auto same = [&](const DomainConfig& other) { return other.name == domain.name; };
  if (name && std::ranges::any_of(config.domains, same)) {
    section.fail("name", in_quotes(domain.name.text()) + " is configured twice", "merge the two [[domain]] tables");
  }
  config.domains.push_back(std::move(domain));
}

// ---- [[user]] ----

void read_send_as(Section& section, const Config& config, UserConfig& user, Findings& findings) {
  const auto addresses = section.texts("send_as");
  for (const auto& text : addresses.value_or(std::vector<ConfigText>{})) {
    auto right = policy::SendAs::parse(text.value);
    if (!right) {
      findings.add_at(text.key, in_quotes(text.value) + " is no address", right.error().public_text);
      continue;
    }
    const auto ours = [&](const DomainConfig& domain) { return domain.name == *right->domain(); };
    if (std::ranges::none_of(config.domains, ours)) {
      findings.add_at(text.key, in_quotes(right->domain()->text()) + " is none of the domains of this file",
                      "add a [[domain]] for it, or remove the address");
    }
    user.send_as.push_back(*std::move(right));
  }
  if (!section.has("send_as") || (addresses && addresses->empty())) {
    section.fail("send_as", section.has("send_as") ? "is empty" : "is missing",
                 "list the addresses this user may write as: send_as = [\"joe@north.example\"]");
  }
}

void read_user(Section section, Config& config, Findings& findings) {
  UserConfig user;
  if (const auto text = section.text("name")) {
    user.name = text->value;
    if (user.name.empty() || user.name.size() > 255 || !is_utf8(user.name)) {
      section.fail("name", "is empty or too long", "write what the mail program gives as the user name");
    }
    const auto same = [&](const UserConfig& other) { return other.name == user.name; };
    if (std::ranges::any_of(config.users, same)) {
      section.fail("name", in_quotes(user.name) + " is configured twice", "merge the two [[user]] tables");
    }
  } else if (!section.has("name")) {
    section.missing("name", "write what the mail program gives as the user name");
  }
  if (const auto text = section.text("password")) {
    user.password = text->value;  // never shown, right or wrong
    if (!crypto::is_password_hash(text->value)) {
      section.fail("password", "is no Argon2id string", "run `cas password` and put what it prints here");
    }
  } else if (!section.has("password")) {
    section.missing("password", "run `cas password` and put what it prints here");
  }
  read_send_as(section, config, user, findings);
  section.finish();
  config.users.push_back(std::move(user));
}

// ---- [dns] ----

// "mx.south.example. 60 IN A 192.0.2.1" belongs to the zone its first word is in.
void check_local_data(const ConfigText& text, const std::vector<Domain>& zones, Findings& findings) {
  const std::string owner = text.value.substr(0, text.value.find_first_of(" \t"));
  const auto name = Domain::parse(owner);
  if (!name || owner.size() == text.value.size()) {
    findings.add_at(text.key, in_quotes(text.value) + " is no resource record",
                    "write \"name. seconds IN TYPE value\", like \"mx.south.example. 60 IN A 192.0.2.1\"");
    return;
  }
  const auto holds = [&](const Domain& zone) { return name->is_within(zone); };
  if (std::ranges::none_of(zones, holds)) {
    findings.add_at(text.key, in_quotes(owner) + " is in none of the local zones",
                    "add its zone to dns.local_zones, or remove the record");
  }
}

void read_dns_check(Section& section, DnsCheckConfig& check, Findings& findings) {
  for (const auto& text : section.texts("addresses").value_or(std::vector<ConfigText>{})) {
    const auto address = IpAddress::parse(text.value);
    if (address) {
      check.addresses.push_back(*address);
    } else {
      findings.add_at(text.key, in_quotes(text.value) + " is no address",
                      "write the address as others see it: \"192.0.2.1\" or \"2001:db8::1\"");
    }
  }
  static constexpr std::string_view times[] = {"off", "daily"};
  if (const auto when = section.choice("watch", times)) check.watch = *when == 1;
  if (const auto text = section.text("report_to")) {
    const auto mailbox = Mailbox::parse(text->value);
    if (mailbox && mailbox->domain()) {
      check.report_to = *mailbox;
    } else {
      findings.add_at(text->key, in_quotes(text->value) + " is no address", "write \"postmaster@north.example\"");
    }
  }
}

void read_dns(Section section, Config& config, Findings& findings) {
  for (const auto& text : section.texts("forwarders").value_or(std::vector<ConfigText>{})) {
    if (!is_forwarder(text.value)) {
      findings.add_at(text.key, in_quotes(text.value) + " is no address", "write \"192.0.2.53\" or \"127.0.0.1@5353\"");
    }
    config.dns.forwarders.push_back(text.value);
  }
  std::vector<Domain> zones;
  for (const auto& text : section.texts("local_zones").value_or(std::vector<ConfigText>{})) {
    if (auto zone = domain_of(text, findings)) zones.push_back(*std::move(zone));
    config.dns.local_zones.push_back(text.value);
  }
  for (const auto& text : section.texts("local_data").value_or(std::vector<ConfigText>{})) {
    check_local_data(text, zones, findings);
    config.dns.local_data.push_back(text.value);
  }
  if (const auto text = section.text("trust_anchor_file"); text && !text->value.empty()) {
    config.dns.trust_anchor_file = text->value == "none" ? "none" : path_of(*text, config, findings).string();
  }
  if (const auto timeout = section.duration("timeout", seconds{1}, minutes{2})) config.dns.timeout = *timeout;
  read_dns_check(section, config.dns_check, findings);
  section.finish();
}

// ---- [authentication], [outbound], [queue], [log] ----

void read_screener(Section section, Config& config) {
  assign(config.screener.digest_every, section.duration("digest_every", seconds{0}, std::chrono::days{31}));
  assign(config.screener.digest_after, section.duration("digest_after", seconds{0}, std::chrono::days{7}));
  section.finish();
}

void read_authentication(Section section, Config& config, Findings& findings) {
  for (const auto& text : section.texts("trusted_sealers").value_or(std::vector<ConfigText>{})) {
    if (auto domain = domain_of(text, findings)) config.authentication.trusted_sealers.push_back(*std::move(domain));
  }
  assign(config.authentication.received_spf, section.boolean("received_spf"));
  section.finish();
}

void read_outbound(Section section, Config& config, Findings& findings) {
  static constexpr std::array<std::string_view, 3> fallbacks{"send", "hold", "bounce"};
  auto& outbound = config.outbound;
  if (const auto port = section.integer("port", 1, 65535)) outbound.port = static_cast<std::uint16_t>(*port);
  assign(outbound.require_tls, section.boolean("require_tls"));
  assign_choice(outbound.fallback, section, "fallback", fallbacks);
  if (const auto n = section.integer("concurrency", 1, 10000)) outbound.concurrency = static_cast<std::size_t>(*n);
  if (const auto n = section.integer("concurrency_per_domain", 1, 10000)) {
    outbound.concurrency_per_domain = static_cast<std::size_t>(*n);
  }
  read_outbound_tls(section, config, findings);
  assign(outbound.connect_timeout, section.duration("connect_timeout", seconds{1}, minutes{10}));
  assign(outbound.command_timeout, section.duration("command_timeout", seconds{1}, hours{1}));
  assign(outbound.data_timeout, section.duration("data_timeout", seconds{1}, hours{1}));
  assign(outbound.final_timeout, section.duration("final_timeout", seconds{1}, hours{1}));
  assign(outbound.idle_timeout, section.duration("idle_timeout", seconds{0}, minutes{5}));
  assign(outbound.host_backoff, section.duration("host_backoff", seconds{0}, minutes{10}));
  if (const auto n = section.integer("connection_messages", 1, 100000)) {
    outbound.connection_messages = static_cast<std::size_t>(*n);
  }
  outbound.smarthost = read_next_hop(section, "smarthost", config, findings);
  section.finish();
}

void read_queue(Section section, Config& config) {
  auto& queue = config.queue;
  assign(queue.lifetime, section.duration("lifetime", seconds{1}, hours{24 * 100}));
  assign(queue.first_retry, section.duration("first_retry", seconds{1}, hours{24}));
  assign(queue.max_retry, section.duration("max_retry", seconds{1}, hours{24 * 7}));
  assign(queue.delay_warning, section.duration("delay_warning", seconds{0}, hours{24 * 100}));
  assign(queue.keep_failed, section.duration("keep_failed", hours{1}, hours{24 * 3650}));
  assign(queue.suppression, section.boolean("suppression"));
  assign(queue.suppress_for, section.duration("suppress_for", hours{1}, hours{24 * 3650}));
  if (queue.delay_warning >= queue.lifetime) {
    section.fail("delay_warning", "nothing waits as long as that: lifetime is " + duration_text(queue.lifetime),
                 "make delay_warning shorter than lifetime, or \"0s\"");
  }
  if (queue.first_retry > queue.max_retry) {
    section.fail(section.has("first_retry") ? "first_retry" : "max_retry",
                 "the first retry (" + duration_text(queue.first_retry) + ") comes later than max_retry (" +
                     duration_text(queue.max_retry) + ") allows",
                 "make first_retry at most max_retry");
  }
  section.finish();
}

void read_log(Section section, Config& config) {
  static constexpr std::array<std::string_view, 2> formats{"text", "json"};
  static constexpr std::array<std::string_view, 4> levels{"debug", "info", "warning", "error"};
  assign_choice(config.log.format, section, "format", formats);
  assign_choice(config.log.level, section, "level", levels);
  section.finish();
}

}  // namespace

// Relative paths are relative to the file's folder.
std::filesystem::path path_of(const ConfigText& text, const Config& config, Findings& findings) {
  if (text.value.empty()) findings.add_at(text.key, "is empty", "name a file or folder");
  if (text.value.find('\0') != std::string::npos) findings.add_at(text.key, "holds a NUL", "name a file or folder");
  return (folder_of(config.file) / text.value).lexically_normal();
}

std::optional<Domain> domain_of(const ConfigText& text, Findings& findings) {
  auto domain = Domain::parse(text.value);
  if (domain) return *std::move(domain);
  findings.add_at(text.key, in_quotes(text.value) + " is no domain name", "write a name like \"north.example\"");
  return std::nullopt;
}

bool is_forwarder(std::string_view text) {
  const auto at = text.find('@');
  const auto address = text.substr(0, at);
  const std::string host =
      address.find(':') == std::string_view::npos ? std::string(address) : "[" + std::string(address) + "]";
  const std::string port = at == std::string_view::npos ? "53" : std::string(text.substr(at + 1));
  const auto endpoint = net::Endpoint::parse(host + ":" + port);
  return endpoint.has_value() && endpoint->port != 0;
}

void read_admin_socket(Section& root, Config& config, Findings& findings) {
  config.admin_socket = "/run/cas/admin.sock";
  if (const auto text = root.text("admin_socket")) config.admin_socket = path_of(*text, config, findings);
}

void read_state_dirs(Section& root, Config& config, Findings& findings) {
  config.state_dir = "/var/lib/cas";
  if (const auto text = root.text("state_dir")) config.state_dir = path_of(*text, config, findings);
  config.keys_dir = config.state_dir / "keys";
  if (const auto text = root.text("keys_dir")) config.keys_dir = path_of(*text, config, findings);
}

std::vector<SigningConfig> read_signing_keys(Section& domain, const Config& config, Findings& findings) {
  std::vector<SigningConfig> keys;
  for (auto& section : domain.one_or_more("signing")) read_signing(std::move(section), config, keys, findings);
  return keys;
}

void read_resolver(Section& root, Config& config, Findings& findings) {
  read_dns(root.section("dns"), config, findings);
}

void read_all(const ConfigTables& tables, Config& config, Findings& findings) {
  Section root(tables, findings);
  read_top(root, config, findings);
  read_tls(root.section("tls"), config, findings);
  for (auto& section : root.sections("listen")) read_listen(std::move(section), config, findings);
  for (auto& section : root.sections("domain")) read_domain(std::move(section), config, findings);
  for (auto& section : root.sections("user")) read_user(std::move(section), config, findings);
  read_dns(root.section("dns"), config, findings);
  read_screener(root.section("screener"), config);
  read_authentication(root.section("authentication"), config, findings);
  read_strangers(root, config, findings);
  read_outbound(root.section("outbound"), config, findings);
  for (auto& section : root.sections("transport")) read_transport(std::move(section), config, findings);
  for (auto& section : root.sections("destination")) read_destination(std::move(section), config, findings);
  for (auto& section : root.sections("filter")) read_filter(std::move(section), config, findings);
  for (auto& section : root.sections("tls_policy")) read_tls_policy(std::move(section), config, findings);
  read_tls_reports(root.section("tls_reports"), config, findings);
  read_queue(root.section("queue"), config);
  read_limits(root.section("limits"), config, findings);
  read_log(root.section("log"), config);
  read_metrics(root.section("metrics"), config);
  if (!root.has("listen")) root.missing("listen", "add [[listen]] with address and role");
  if (!root.has("domain")) root.missing("domain", "add [[domain]] with name, maildir and mailboxes");
  root.finish();
  check_listeners(config, findings);
  check_required(config, findings);
}

}  // namespace cas::app
