// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Reading the configuration: TOML first, then its sections, then what they point to.
#include "app/config.hpp"

#include "app/config_reader.hpp"
#include "base/encoding.hpp"

namespace cas::app {

namespace {

std::expected<toml::table, std::vector<ConfigError>> parse(const std::filesystem::path& file) {
  const auto refuse = [&](std::size_t line, std::string problem, std::string mend) {
    Findings findings(file);
    findings.add(line, "", std::move(problem), std::move(mend));
    return std::unexpected(findings.take());
  };
  std::error_code fault;
  const auto size = std::filesystem::file_size(file, fault);
  if (fault) return refuse(0, "cannot be read: " + fault.message(), "name another with --config FILE");
  if (size > std::size_t{16} << 20) return refuse(0, "is larger than 16 MiB", "name the configuration file");
  try {
    return toml::parse_file(file.string());
  } catch (const toml::parse_error& e) {
    if (e.source().begin.line == 0) return refuse(0, "cannot be read", "check its permissions, or who you are");
    return refuse(e.source().begin.line, "is no TOML: " + printable(e.description(), 300),
                  "write name = value, text in double quotes, tables as [name]");
  }
}

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
  const std::size_t line = line_of_key(lines, key);
  return ConfigError{
      .file = file, .line = line, .key = std::move(key), .problem = std::move(problem), .mend = std::move(mend)};
}

std::size_t line_of_key(const std::map<std::string, std::size_t>& lines, std::string key) {
  while (true) {
    if (const auto place = lines.find(key); place != lines.end()) return place->second;
    const auto cut = key.find_last_of(".[");
    if (cut == std::string::npos) return 1;
    key.resize(cut);
  }
}

std::expected<Config, std::vector<ConfigError>> load_config(const std::filesystem::path& file) {
  auto table = parse(file);
  if (!table) return std::unexpected(std::move(table).error());
  Findings findings(file);
  Config config = empty_config(file);
  read_all(*table, config, findings);
  config.lines = findings.lines();
  check_world(config, findings);
  if (findings.any()) return std::unexpected(findings.take());
  return config;
}

std::expected<Config, std::vector<ConfigError>> read_config(std::string_view text, const std::filesystem::path& file) {
  Findings findings(file);
  Config config = empty_config(file);
  try {
    const toml::table table = toml::parse(text, file.string());
    read_all(table, config, findings);
  } catch (const toml::parse_error& e) {
    findings.add(e.source().begin.line, "", "is no TOML: " + printable(e.description(), 300),
                 "write name = value, text in double quotes, tables as [name]");
  }
  config.lines = findings.lines();
  if (findings.any()) return std::unexpected(findings.take());
  return config;
}

std::expected<Config, std::vector<ConfigError>> read_config(const std::filesystem::path& file) {
  auto table = parse(file);
  if (!table) return std::unexpected(std::move(table).error());
  Findings findings(file);
  Config config = empty_config(file);
  read_all(*table, config, findings);
  config.lines = findings.lines();
  if (findings.any()) return std::unexpected(findings.take());
  return config;
}

std::expected<std::filesystem::path, std::vector<ConfigError>> load_admin_socket(const std::filesystem::path& file) {
  auto table = parse(file);
  if (!table) return std::unexpected(std::move(table).error());
  Findings findings(file);
  Config config = empty_config(file);
  Section root(&*table, "", findings);
  read_admin_socket(root, config, findings);
  if (findings.any()) return std::unexpected(findings.take());
  return config.admin_socket;
}

std::expected<KeysConfig, std::vector<ConfigError>> load_keys_config(const std::filesystem::path& file) {
  auto table = parse(file);
  if (!table) return std::unexpected(std::move(table).error());
  Findings findings(file);
  Config config = empty_config(file);
  Section root(&*table, "", findings);
  read_state_dirs(root, config, findings);
  KeysConfig keys{.keys_dir = config.keys_dir, .domains = {}};
  Findings others(file);  // `cas config check` tells them
  for (auto& section : Section(&*table, "", others).sections("domain")) {
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
  auto table = parse(file);
  if (!table) return std::unexpected(std::move(table).error());
  Findings findings(file);
  Config config = empty_config(file);
  Section root(&*table, "", findings);
  read_resolver(root, config, findings);
  if (findings.any()) return std::unexpected(findings.take());
  return std::move(config.dns);
}

}  // namespace cas::app
