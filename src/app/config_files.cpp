// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The files of the configuration: cas.toml, and what stands in conf.d beside it.
#include <algorithm>

#include "app/config_reader.hpp"
#include "base/encoding.hpp"

namespace cas::app {

namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t most_octets = std::uintmax_t{16} << 20;  // of a file
constexpr std::size_t most_files = 1000;                          // in conf.d

std::expected<toml::table, ConfigError> parse(const fs::path& file) {
  const auto refuse = [&](std::size_t line, std::string problem, std::string mend) {
    return std::unexpected(
        ConfigError{.file = file, .line = line, .key = {}, .problem = std::move(problem), .mend = std::move(mend)});
  };
  std::error_code fault;
  const auto size = fs::file_size(file, fault);
  if (fault) return refuse(0, "cannot be read: " + fault.message(), "name another with --config FILE");
  if (size > most_octets) return refuse(0, "is larger than 16 MiB", "name the configuration file");
  try {
    return toml::parse_file(file.string());
  } catch (const toml::parse_error& e) {
    if (e.source().begin.line == 0) return refuse(0, "cannot be read", "check its permissions, or who you are");
    return refuse(e.source().begin.line, "is no TOML: " + printable(e.description(), 300),
                  "write name = value, text in double quotes, tables as [name]");
  }
}

// In the order of their names. Hidden files, and what editors and packages leave behind, do not end in .toml.
std::expected<std::vector<fs::path>, ConfigError> files_beside(const fs::path& file) {
  const fs::path folder = file.parent_path() / "conf.d";
  const auto refuse = [&](std::string problem, std::string mend) {
    return std::unexpected(
        ConfigError{.file = folder, .line = 0, .key = {}, .problem = std::move(problem), .mend = std::move(mend)});
  };
  std::vector<fs::path> files;
  std::error_code fault;
  fs::directory_iterator entries(folder, fault);
  if (fault == std::errc::no_such_file_or_directory) return files;
  for (; !fault && entries != fs::directory_iterator(); entries.increment(fault)) {
    const auto& path = entries->path();
    if (path.extension() != ".toml" || path.filename().string().starts_with('.')) continue;
    if (files.size() == most_files) {
      return refuse("holds more than " + std::to_string(most_files) + " files", "join some of them");
    }
    files.push_back(path);
  }
  if (fault) return refuse("cannot be read: " + fault.message(), "check its permissions, or who you are");
  std::ranges::sort(files);
  return files;
}

}  // namespace

std::expected<ConfigTables, std::vector<ConfigError>> read_tables(const fs::path& file) {
  ConfigTables result{.files = {file}, .tables = {}};
  auto others = files_beside(file);
  if (!others) return std::unexpected(std::vector{std::move(others).error()});
  for (auto& other : *others) result.files.push_back(std::move(other));
  std::vector<ConfigError> errors;
  for (const auto& each : result.files) {
    auto table = parse(each);
    if (table) {
      result.tables.push_back(*std::move(table));
    } else {
      errors.push_back(std::move(table).error());
    }
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return result;
}

}  // namespace cas::app
