// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The manual, made of what the program itself knows: commands and options as the command line has them, keys as the
// configuration is read. So it cannot differ from them. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/config_keys.hpp"

namespace cas::cmd {

// ---- Commands ----

struct ManualOption {
  std::vector<std::string> names{};  // "--config"; none: an argument
  std::string value{};               // "TEXT"; an argument's name; empty: a flag
  std::string text{};
  std::string fallback{};            // the default, where it is told
  std::vector<std::string> words{};  // all values that may be given
  bool required = false, repeated = false;
};

struct ManualCommand {
  std::string name{};
  std::string group{};
  std::string text{};
  std::vector<ManualOption> options{};
  std::vector<ManualCommand> commands{};
};

/// roff: cas(1), which lists the commands, and cas-NAME(1).
[[nodiscard]] std::string main_page(const ManualCommand& root);
[[nodiscard]] std::string command_page(const ManualCommand& command);

enum class Shell { Bash, Zsh, Fish };
[[nodiscard]] std::string completion(const ManualCommand& root, Shell shell);

// ---- The configuration ----

/// A key as the commented example shows it.
struct ExampleKey {
  std::string name;      // "limits.message", "domain.signing.key"
  std::string value;     // as TOML
  bool optional = true;  // it is commented out
  std::string text;      // what is said of it
  /// `value` is the default: it is commented out, and the text does not say what holds when it is left out.
  [[nodiscard]] bool is_default() const;
};
struct ExampleTable {
  std::string name;  // "limits", "domain"; empty: the top of the file
  bool list = false;
  bool optional = false;  // it is commented out
  std::string text;
  std::vector<ExampleKey> keys;
};
/// packaging/cas.toml: tables in their order, each once.
[[nodiscard]] std::vector<ExampleTable> parse_example(std::string_view example);
/// Where the example and the reader disagree about which keys there are, or a key is described nowhere or twice.
[[nodiscard]] std::vector<std::string> disagreements(std::string_view example, const std::vector<app::KnownKey>& keys);

/// cas.toml(5), and the same for docs/configuration.md.
[[nodiscard]] std::string config_page(std::string_view example, const std::vector<app::KnownKey>& keys);
[[nodiscard]] std::string config_reference(std::string_view example, const std::vector<app::KnownKey>& keys);

// ---- All of it ----

/// The text of packaging/cas.toml and packaging/man/cas.8 (cmake/embed.cmake).
extern const std::string_view example_config;
extern const std::string_view daemon_manual;

/// "share/man/man1/cas.1" and so on: where each file is installed below a prefix, and what is in it.
[[nodiscard]] std::map<std::string, std::string> manual_files(const ManualCommand& root);

// ---- roff ----

/// Text for a line: what roff would take for its own is masked.
[[nodiscard]] std::string roff(std::string_view text);
/// `.TH` and what every page begins with.
[[nodiscard]] std::string roff_head(std::string_view page, int section, std::string_view text);

}  // namespace cas::cmd
