// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Reading the configuration: TOML first (config_files.cpp), then its sections, then what they point to.
#include "app/config.hpp"

#include "app/config_reader.hpp"
#include "base/encoding.hpp"

namespace cas::app {

namespace {

Config empty_config(const std::filesystem::path& file) {
  Config config(*Domain::parse("unset.invalid"));
  config.file = file;
  return config;
}

}  // namespace

std::string ConfigError::text() const {
  std::string place = file.string();
  if (line > 0) place += ":" + std::to_string(line);
  return place + ": " + (key.empty() ? "" : key + ": ") + problem + "; " + mend;
}

ConfigError Config::error(std::string key, std::string problem, std::string mend) const {
  auto place = place_of_key(places, key).value_or(ConfigPlace{.file = file, .line = 1});
  return ConfigError{.file = std::move(place.file),
                     .line = place.line,
                     .key = std::move(key),
                     .problem = std::move(problem),
                     .mend = std::move(mend)};
}

std::optional<ConfigPlace> place_of_key(const ConfigPlaces& places, std::string key) {
  while (true) {
    if (const auto place = places.find(key); place != places.end()) return place->second;
    const auto cut = key.find_last_of(".[");
    if (cut == std::string::npos) return std::nullopt;
    key.resize(cut);
  }
}

std::expected<Config, std::vector<ConfigError>> load_config(const std::filesystem::path& file) {
  auto tables = read_tables(file);
  if (!tables) return std::unexpected(std::move(tables).error());
  Findings findings(tables->files);
  Config config = empty_config(file);
  read_all(*tables, config, findings);
  config.places = findings.places();
  check_world(config, findings);
  if (findings.any()) return std::unexpected(findings.take());
  return config;
}

namespace {

std::expected<Config, std::vector<ConfigError>> read_unchecked(const ConfigTables& tables,
                                                               const std::filesystem::path& file) {
  Findings findings(tables.files);
  Config config = empty_config(file);
  read_all(tables, config, findings);
  config.places = findings.places();
  if (findings.any()) return std::unexpected(findings.take());
  return config;
}

std::expected<void, ConfigError> add_text(ConfigTables& tables, std::string_view text,
                                          const std::filesystem::path& file) {
  try {
    tables.tables.push_back(toml::parse(text, file.string()));
  } catch (const toml::parse_error& e) {
    return std::unexpected(ConfigError{.file = file,
                                       .line = e.source().begin.line,
                                       .key = {},
                                       .problem = "is no TOML: " + printable(e.description(), 300),
                                       .mend = "write name = value, text in double quotes"});
  }
  tables.files.push_back(file);
  return {};
}

}  // namespace

std::expected<Config, std::vector<ConfigError>> read_config(std::string_view text, const std::filesystem::path& file) {
  ConfigTables tables;
  if (auto added = add_text(tables, text, file); !added) return std::unexpected(std::vector{added.error()});
  return read_unchecked(tables, file);
}

std::expected<Config, std::vector<ConfigError>> read_config(const std::filesystem::path& file, const FileToBe& more) {
  auto tables = read_tables(file);
  if (!tables) return std::unexpected(std::move(tables).error());
  if (auto added = add_text(*tables, more.text, more.path); !added) return std::unexpected(std::vector{added.error()});
  return read_unchecked(*tables, file);
}

std::expected<Config, std::vector<ConfigError>> read_config(const std::filesystem::path& file) {
  auto tables = read_tables(file);
  if (!tables) return std::unexpected(std::move(tables).error());
  return read_unchecked(*tables, file);
}

std::expected<std::filesystem::path, std::vector<ConfigError>> load_admin_socket(const std::filesystem::path& file) {
  auto tables = read_tables(file);
  if (!tables) return std::unexpected(std::move(tables).error());
  Findings findings(tables->files);
  Config config = empty_config(file);
  Section root(*tables, findings);
  read_admin_socket(root, config, findings);
  if (findings.any()) return std::unexpected(findings.take());
  return config.admin_socket;
}

std::expected<KeysConfig, std::vector<ConfigError>> load_keys_config(const std::filesystem::path& file) {
  auto tables = read_tables(file);
  if (!tables) return std::unexpected(std::move(tables).error());
  Findings findings(tables->files);
  Config config = empty_config(file);
  Section root(*tables, findings);
  read_state_dirs(root, config, findings);
  KeysConfig keys{.keys_dir = config.keys_dir, .domains = {}};
  Findings others(tables->files);  // `cas config check` tells them
  for (auto& section : Section(*tables, others).sections("domain")) {
    const auto text = section.text("name");
    auto name = text ? Domain::parse(text->value) : permanent("no name");
    if (!name) continue;
    auto named = read_signing_keys(section, config, others);
    std::erase_if(named, [](const auto& signing) { return signing.selector.empty() || signing.key.empty(); });
    keys.domains.emplace(*std::move(name), std::move(named));
  }
  if (findings.any()) return std::unexpected(findings.take());
  return keys;
}

std::expected<net::ResolverOptions, std::vector<ConfigError>> load_resolver(const std::filesystem::path& file) {
  auto tables = read_tables(file);
  if (!tables) return std::unexpected(std::move(tables).error());
  Findings findings(tables->files);
  Config config = empty_config(file);
  Section root(*tables, findings);
  read_resolver(root, config, findings);
  if (findings.any()) return std::unexpected(findings.take());
  return std::move(config.dns);
}

std::vector<KnownKey> known_keys() {
  std::vector<KnownKey> keys;
  const ConfigTables nothing{.files = {"cas.toml"}, .tables = {}};
  Findings findings(nothing.files);
  findings.known = &keys;
  Config config = empty_config("cas.toml");
  read_all(nothing, config, findings);
  return keys;
}

}  // namespace cas::app
