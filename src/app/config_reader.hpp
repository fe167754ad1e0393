// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Reads TOML tables key by key: remembers which keys are known, where each value stands, and every fault. For the
// config_*.cpp of this folder alone.
#pragma once

#include <toml++/toml.h>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.hpp"
#include "app/config_keys.hpp"
#include "app/config_values.hpp"

namespace cas::app {

/// A value as messages show it.
[[nodiscard]] std::string in_quotes(std::string_view text);

/// The tables of the configuration file and of those read with it, in their order.
struct ConfigTables {
  std::vector<std::filesystem::path> files;
  std::vector<toml::table> tables;  // of each file
};
/// `file`, and conf.d/*.toml beside it (config_files.cpp). Bounded in size and number.
[[nodiscard]] std::expected<ConfigTables, std::vector<ConfigError>> read_tables(const std::filesystem::path& file);

/// What was found wrong, and where everything stands.
class Findings {
 public:
  explicit Findings(std::vector<std::filesystem::path> files) : files_(std::move(files)) {}

  void add(ConfigPlace place, std::string key, std::string problem, std::string mend);
  /// At the place of a key that was read, or of the table it would stand in.
  void add_at(const std::string& key, std::string problem, std::string mend);
  void remember(const std::string& key, const toml::node& node);
  [[nodiscard]] ConfigPlace place_of(const toml::source_region& region) const;

  [[nodiscard]] bool any() const { return !errors_.empty(); }
  [[nodiscard]] const ConfigPlaces& places() const { return places_; }
  /// In the order of the files.
  [[nodiscard]] std::vector<ConfigError> take();

  /// Where set, every key that is asked for is noted there, and each list of tables has one empty table (known_keys).
  std::vector<KnownKey>* known = nullptr;

 private:
  std::vector<std::filesystem::path> files_;
  std::multimap<std::pair<std::size_t, std::size_t>, ConfigError> errors_;  // by file and line; else as they came
  ConfigPlaces places_;
};

/// A text of the file and the full key it stands at: "dns.local_data[1]".
struct ConfigText {
  std::string value;
  std::string key;
};

/// One table, of which each file may hold a part. A key that is read is known; finish() reports all others. Absent keys
/// give none; wrong ones are reported and give none too, and so is one that stands in two files.
class Section {
 public:
  /// No part: the section is absent, and so is every key.
  Section(std::vector<const toml::table*> parts, std::string path, Findings& findings);
  /// The top of the files.
  Section(const ConfigTables& tables, Findings& findings);

  [[nodiscard]] std::optional<ConfigText> text(std::string_view key);
  [[nodiscard]] std::optional<bool> boolean(std::string_view key);
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view key, std::int64_t least, std::int64_t most);
  [[nodiscard]] std::optional<std::chrono::seconds> duration(std::string_view key, std::chrono::seconds least,
                                                             std::chrono::seconds most);
  [[nodiscard]] std::optional<std::vector<ConfigText>> texts(std::string_view key);
  [[nodiscard]] Section section(std::string_view key);
  [[nodiscard]] std::vector<Section> sections(std::string_view key);
  /// [key], or [[key]] for several: one table where there is one, those of a list otherwise.
  [[nodiscard]] std::vector<Section> one_or_more(std::string_view key);

  /// One of the words; the index of it.
  [[nodiscard]] std::optional<std::size_t> choice(std::string_view key, std::span<const std::string_view> words);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] bool present() const { return !parts_.empty(); }
  [[nodiscard]] bool has(std::string_view key) const;
  /// "domain[0].mode"
  [[nodiscard]] std::string full_key(std::string_view key) const;
  void fail(std::string_view key, std::string problem, std::string mend);
  void missing(std::string_view key, std::string mend);
  /// Reports what nobody asked for, with the known key that was probably meant.
  void finish();

 private:
  std::vector<const toml::node*> find_all(std::string_view key);
  const toml::node* find(std::string_view key);
  void note(std::string_view key, KnownKey fact);
  void wrong_type(std::string_view key, const toml::node& node, std::string_view wanted, std::string mend);

  std::vector<const toml::table*> parts_;
  std::string path_;
  Findings* findings_;
  std::vector<std::string_view> known_;  // the literals that callers name keys with
};

/// Relative paths are relative to the file's folder.
[[nodiscard]] std::filesystem::path path_of(const ConfigText& text, const Config& config, Findings& findings);
[[nodiscard]] std::optional<Domain> domain_of(const ConfigText& text, Findings& findings);

/// Where mail goes that no MX record is asked about, and who may send it (config_routes.cpp): the hop named by `key`
/// with tls, verify, fingerprints, user and password_file beside it; one [[transport]]; the networks of a listener.
[[nodiscard]] std::optional<NextHopConfig> read_next_hop(Section& section, std::string_view key, const Config& config,
                                                         Findings& findings);
void read_transport(Section section, Config& config, Findings& findings);
/// `domain` of a table for one domain, or, written with a dot before it, for what is below it; what is wrong is told.
struct DomainPattern {
  Domain domain;
  bool with_subdomains = false;
  std::string text;  // as it is written
};
[[nodiscard]] std::optional<DomainPattern> read_domain_pattern(Section& section, const std::string& example,
                                                               Findings& findings);
/// One [[destination]] (config_destinations.cpp); after outbound and every transport.
void read_destination(Section section, Config& config, Findings& findings);
/// maildir or deliver of a [[domain]].
void read_delivery(Section& section, const Config& config, DomainConfig& domain, Findings& findings);
/// Who says which mailboxes a [[domain]] has, and what becomes of other names (config_recipients.cpp); after delivery.
void read_recipients(Section& section, const Config& config, DomainConfig& domain, Findings& findings);
/// [strangers] and each [[dnsbl]] (config_strangers.cpp); after the top of the file.
void read_strangers(Section& root, Config& config, Findings& findings);
void read_listen_networks(Section& section, ListenConfig& listen, Findings& findings);
/// A listener for MTAs that ask by milter (config_milter.cpp): its address and keys.
void read_milter_listener(Section& section, ListenConfig& listen, const Config& config, Findings& findings);
/// One [[filter]].
void read_filter(Section section, Config& config, Findings& findings);
/// What cannot be done for a domain whose mailboxes an MTA has.
void check_milter_domain(Section& section, const DomainConfig& domain);
/// TLS to other servers (config_tls.cpp): its keys of [outbound], one [[tls_policy]], [tls_reports] after the domains.
void read_outbound_tls(Section& section, Config& config, Findings& findings);
void read_tls_policy(Section section, Config& config, Findings& findings);
/// `fingerprints` of a table, as DANE-EE records.
[[nodiscard]] std::vector<dns::Tlsa> read_fingerprints(Section& section, Findings& findings);
void read_tls_reports(Section section, Config& config, Findings& findings);

/// Everything the file says (config_sections.cpp).
void read_all(const ConfigTables& tables, Config& config, Findings& findings);
/// That key alone.
void read_admin_socket(Section& root, Config& config, Findings& findings);
/// state_dir and keys_dir alone.
void read_state_dirs(Section& root, Config& config, Findings& findings);
/// [domain.signing] or each [[domain.signing]] of a domain.
[[nodiscard]] std::vector<SigningConfig> read_signing_keys(Section& domain, const Config& config, Findings& findings);
/// [limits] (config_limits.cpp).
void read_limits(Section section, Config& config, Findings& findings);
/// submission_socket and [metrics] (config_local.cpp).
void read_submission_socket(Section& root, Config& config, Findings& findings);
void read_metrics(Section section, Config& config);
/// [dns] alone.
void read_resolver(Section& root, Config& config, Findings& findings);
/// What the file points to: keys, folders, users (config_check.cpp).
void check_world(const Config& config, Findings& findings);
/// Its part about the files of recipients.
void check_recipients(const Config& config, Findings& findings);

}  // namespace cas::app
