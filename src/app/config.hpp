// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The configuration file as structs. Only config*.cpp know TOML; only this header says what can be configured.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ip_network.hpp"
#include "base/trace.hpp"
#include "confirm/discovery.hpp"
#include "confirm/sender.hpp"
#include "inbound/screener_keeper.hpp"
#include "message/address.hpp"
#include "milter/client.hpp"
#include "net/resolver.hpp"
#include "net/stream.hpp"
#include "outbound/destinations.hpp"
#include "outbound/next_hop.hpp"
#include "policy/auth_throttle.hpp"
#include "policy/authentication.hpp"
#include "policy/conduct.hpp"
#include "policy/connections.hpp"
#include "policy/quotas.hpp"
#include "policy/relationship.hpp"
#include "policy/send_as.hpp"
#include "policy/strangers.hpp"
#include "smtp/limits.hpp"
#include "tlspolicy/demand.hpp"

namespace cas::app {

/// A line of the configuration file, or of one that is read with it.
struct ConfigPlace {
  std::filesystem::path file;
  std::size_t line = 0;
};
using ConfigPlaces = std::map<std::string, ConfigPlace>;  // "listen[0].address" -> where it stands

/// Where a value stands, for messages: "cas.toml:12: domain[0].mode".
struct ConfigError {
  std::filesystem::path file;
  std::size_t line = 0;
  std::string key;
  std::string problem;  // what is wrong
  std::string mend;     // what would be right
  /// "cas.toml:12: domain[0].mode: \"maybe\" is not known; use off, optional or required"
  [[nodiscard]] std::string text() const;
};

/// Milter: an MTA in front asks what to do with its mail.
enum class Role { Mx, Submission, Milter };
enum class ListenTls { Off, StartTls, Implicit };

struct ListenConfig {
  net::Endpoint address;
  Role role = Role::Mx;
  ListenTls tls = ListenTls::StartTls;
  /// Submission: who comes from there may relay as anybody, without AUTH and TLS. Milter: mail from there is ours.
  std::vector<IpNetwork> trusted_networks{};
  /// Fronts that say for whom they connect: by a PROXY header, which then has to come; by XCLIENT.
  std::vector<IpNetwork> proxy_from{};
  std::vector<IpNetwork> xclient_from{};
  // Milter only:
  std::filesystem::path socket{};  // in place of the address
  bool hold_quarantined = true;    // in the MTA's hold queue
  bool local_users = false;        // [submission] on a Unix socket: see Config::submission_socket
  std::string key = "listen";      // where it stands in the file: "listen[0].address"
};

struct SigningConfig {
  std::string selector;
  std::filesystem::path key;  // PEM; read and checked at start
  std::string where;          // "domain[0].signing", "domain[0].signing[1]"
};

/// Who says which mailboxes a domain has.
enum class RecipientSource { List, File, Maildir, Callout, Sql };

struct RecipientsConfig {
  RecipientSource source = RecipientSource::List;
  std::vector<LocalPart> mailboxes;  // List
  std::filesystem::path file;        // File (recipients/alias_file.hpp)
  std::string database;              // Sql: "sqlite:FILE", or a connection string of PostgreSQL. Never shown
  std::string query;
  std::chrono::seconds timeout{5};                         // Callout, Sql: for one answer
  std::optional<std::chrono::seconds> keep, keep_unknown;  // Callout, Sql: answers; none: the source's own
  std::string subaddress = "+";                            // empty: none
  std::optional<Mailbox> postmaster, catch_all;
};

struct DomainConfig {
  Domain name;
  confirm::Mode mode = confirm::Mode::Optional;
  policy::Enforcement authentication = policy::Enforcement::Observe;
  policy::Screening screener = policy::Screening::Off;
  bool observe = false;
  // Exactly one of the three:
  std::filesystem::path maildir;             // a Maildir each: maildir/LOCAL-PART
  std::optional<outbound::NextHop> backend;  // the LMTP or SMTP server that has the mailboxes
  bool milter = false;                       // an MTA that asks by milter has them
  RecipientsConfig recipients;
  /// Keys named one by one. None: the active ones in keys_dir/NAME sign; with none there either, mail from this domain
  /// is sent unsigned and without CONFIRM.
  std::vector<SigningConfig> signing;
};

struct UserConfig {
  std::string name;      // what the client gives to AUTH
  std::string password;  // Argon2id string
  std::vector<policy::SendAs> send_as;
};

struct AuthenticationConfig {
  std::vector<Domain> trusted_sealers;  // whose ARC seals make up for a DMARC failure
  bool received_spf = false;            // write Received-SPF beside Authentication-Results
};

/// A server that mail is handed to in place of the MX hosts.
struct NextHopConfig {
  outbound::NextHop hop;
  std::filesystem::path password_file;  // read at start; empty: no AUTH
  std::string where;                    // "outbound", "transport[0]"
};

struct TransportConfig {
  Domain domain;
  bool with_subdomains = false;  // written ".x.example": what is below it, and not itself
  NextHopConfig next_hop;
};

struct OutboundConfig {
  std::optional<NextHopConfig> smarthost;
  std::vector<TransportConfig> transports;
  std::uint16_t port = 25;
  bool require_tls = false;
  bool dane = true;  // needs a trust anchor
  bool mta_sts = true;
  std::filesystem::path ca_file;                         // PEM; empty: the system's roots
  std::map<Domain, tlspolicy::TlsPin> pins;              // [[tls_policy]]
  confirm::Fallback fallback = confirm::Fallback::Send;  // to domains without CAS
  std::vector<outbound::DestinationRules::Rule> destinations;
  std::size_t concurrency = 200;            // attempts at once, in all
  std::size_t concurrency_per_domain = 20;  // to one destination
  std::chrono::seconds connect_timeout{30};
  std::chrono::seconds command_timeout{300};  // a whole reply; RFC 5321 §4.5.3.2
  std::chrono::seconds data_timeout{180};     // while the server takes nothing of a message
  std::chrono::seconds final_timeout{600};    // the reply to the end of data
  std::chrono::seconds idle_timeout{5};       // how long a connection waits for its next message
  std::chrono::seconds host_backoff{30};      // doubles: how long an address that failed is passed over
  std::size_t connection_messages = 100;      // at most, on one connection
};

struct QueueConfig {
  std::chrono::seconds lifetime{5 * 24 * 3600};
  std::chrono::seconds first_retry{300};
  std::chrono::seconds max_retry{4 * 3600};
  std::chrono::seconds delay_warning{0};             // 0: nobody is told of a delay
  std::chrono::seconds keep_failed{30 * 24 * 3600};  // what nobody may be told of
  bool suppression = false;                          // own users may not write to mailboxes that are gone
  std::chrono::seconds suppress_for{30 * 24 * 3600};
  bool operator==(const QueueConfig&) const = default;
};

/// What all sessions may use up together.
struct LoadConfig {
  policy::ConnectionLimits connections;
  policy::QuotaLimits users;
  policy::ConfirmLimits confirms;
  policy::AuthLimits auth;
  policy::ConductLimits conduct;
  std::size_t memory = std::size_t{256} << 20;
  std::optional<std::uint64_t> min_free_disk;  // none: see disk_reserve()
};

struct MetricsConfig {
  std::optional<net::Endpoint> listen;  // none: no metrics
};

enum class LogFormat { Text, Json };
struct LogConfig {
  LogFormat format = LogFormat::Text;
  Level level = Level::Info;
};

/// What others must be able to read in the DNS of our domains (docs/dns-check.md).
struct DnsCheckConfig {
  std::vector<IpAddress> addresses;  // as others see this server; none: those of its interfaces
  bool watch = true;                 // once a day
  std::optional<Mailbox> report_to;  // who is told what changed; none: the log alone
  bool operator==(const DnsCheckConfig&) const = default;
};

struct Config {
  explicit Config(Domain name) : host(std::move(name)) {}

  Domain host;                      // our name: greeting, Received, authserv-id
  std::filesystem::path state_dir;  // cas.db
  std::filesystem::path keys_dir;   // signing keys: a folder for each domain (app/key_folder.hpp)
  std::filesystem::path admin_socket;
  std::filesystem::path submission_socket;  // for programs of this machine (`cas sendmail`); empty: none
  std::string run_as;                       // user to become after binding; needed when started as root
  std::size_t threads = 0;
  std::filesystem::path tls_certificate, tls_key;  // both or none
  net::ClientCertificates client_certificates;     // on mx listeners
  std::vector<ListenConfig> listen;
  std::vector<milter::FilterOptions> filters;  // [[filter]], in their order
  std::vector<DomainConfig> domains;
  std::vector<UserConfig> users;
  net::ResolverOptions dns;
  DnsCheckConfig dns_check;
  AuthenticationConfig authentication;
  policy::StrangerOptions strangers;
  OutboundConfig outbound;
  std::optional<Mailbox> tls_reports_from;  // none: no reports (RFC 8460)
  QueueConfig queue;
  smtp::Limits limits;
  LoadConfig load;
  inbound::KeeperOptions screener;
  LogConfig log;
  MetricsConfig metrics;

  std::filesystem::path file;  // where it was read; conf.d beside it may hold more
  ConfigPlaces places;         // for what is found out later
  /// Octets that stay free on the disk: as configured, or room for a message and a half and 100 MB.
  [[nodiscard]] std::uint64_t disk_reserve() const;
  /// A fault that shows only when the configuration is put to work, such as a port in use.
  [[nodiscard]] ConfigError error(std::string key, std::string problem, std::string mend) const;
};

/// The place of a key, or of the nearest table around it when the key itself is not there; none for the file itself.
[[nodiscard]] std::optional<ConfigPlace> place_of_key(const ConfigPlaces& places, std::string key);

/// Reads and checks one file, and the files *.toml in the folder conf.d beside it, in the order of their names: tables
/// of all files are one, lists of tables ([[domain]]) go on, and no key stands in two files. Told are unknown keys,
/// wrong types, values out of range, missing keys, files that do not exist, a submission listener without certificate,
/// send_as outside the configured domains: all errors found, in the order of the files. Relative paths are relative to
/// the folder of `file`, wherever they stand.
[[nodiscard]] std::expected<Config, std::vector<ConfigError>> load_config(const std::filesystem::path& file);

/// The same without a look at what the file points to: keys, folders and users may be missing.
[[nodiscard]] std::expected<Config, std::vector<ConfigError>> read_config(const std::filesystem::path& file);
/// The same of a text that is to become that file.
[[nodiscard]] std::expected<Config, std::vector<ConfigError>> read_config(std::string_view text,
                                                                          const std::filesystem::path& file);
/// A file of conf.d that is not written yet.
struct FileToBe {
  std::filesystem::path path;
  std::string text;
};
/// The files that are there, and one more.
[[nodiscard]] std::expected<Config, std::vector<ConfigError>> read_config(const std::filesystem::path& file,
                                                                          const FileToBe& more);

/// What is allowed and probably not meant, each with what would be right.
[[nodiscard]] std::vector<ConfigError> doubts_of(const Config& config);
/// When a server that may open `files` at once cannot hold as many connections as the configuration allows.
[[nodiscard]] std::optional<ConfigError> doubt_of_files(const Config& config, std::uint64_t files);
/// How many files are open beside the connections of clients, at most.
[[nodiscard]] std::size_t other_files(const Config& config);

/// Only where the server's admin socket is: for tools, whose user may not read the keys that load_config checks.
[[nodiscard]] std::expected<std::filesystem::path, std::vector<ConfigError>> load_admin_socket(
    const std::filesystem::path& file);
/// What `cas keys` needs, likewise.
struct KeysConfig {
  std::filesystem::path keys_dir;
  /// Those of the file, with the keys that it names one by one: where there are some, the folder is not looked at.
  std::map<Domain, std::vector<SigningConfig>> domains;
};
[[nodiscard]] std::expected<KeysConfig, std::vector<ConfigError>> load_keys_config(const std::filesystem::path& file);
/// Only how the DNS is asked: for tools, likewise.
[[nodiscard]] std::expected<net::ResolverOptions, std::vector<ConfigError>> load_resolver(
    const std::filesystem::path& file);
/// An address, or ADDRESS@PORT.
[[nodiscard]] bool is_forwarder(std::string_view text);

}  // namespace cas::app
