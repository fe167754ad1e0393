// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The command line, walked for the manual, the shells and the groups of `cas --help`.
#include "cmd/manual_line.hpp"

#include <sysexits.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "cmd/terminal.hpp"

namespace cas::cmd {

namespace {

struct Group {
  std::string_view name;
  std::array<std::string_view, 12> commands;
};
// A command that is in none of them stands under the last.
constexpr std::array<Group, 5> groups{{
    {"Server and set-up", {"init", "doctor", "serve", "config", "cert", "keys", "dns", "status", "demo", "version"}},
    {"Mail under way", {"queue", "trace", "why", "report", "mailq", "sendmail", "suppression", "preflight"}},
    {"Who may", {"user", "password", "exempt", "allow", "block", "forwarder", "screener", "expect", "audit"}},
    {"By hand, and for implementers", {"check-auth", "sign", "intent", "conformance"}},
    {"More", {}},
}};

std::string_view group_of(std::string_view command) {
  for (const auto& group : groups) {
    if (std::ranges::find(group.commands, command) != group.commands.end()) return group.name;
  }
  return groups.back().name;
}

// "TEXT:{ed25519,rsa,both}": the words of a check, as CLI11 describes it.
std::vector<std::string> words_of(const std::string& type) {
  std::vector<std::string> words;
  const auto open = type.find('{');
  const auto close = type.find('}', open);
  if (open == std::string::npos || close == std::string::npos) return words;
  std::string word;
  for (const char c : type.substr(open + 1, close - open)) {
    if (c != ',' && c != '}') {
      word += c;
    } else {
      words.push_back(std::exchange(word, {}));
    }
  }
  return words;
}

ManualOption option_of(const CLI::Option& option) {
  ManualOption read{.text = option.get_description(),
                    .fallback = option.get_default_str(),
                    .required = option.get_required(),
                    .repeated = option.get_items_expected_max() > 1};
  const std::string type = option.get_type_name();
  read.words = words_of(type);
  if (option.get_positional() && option.get_lnames().empty()) {
    read.value = option.get_name(true);
    return read;
  }
  for (const auto& name : option.get_snames()) read.names.push_back("-" + name);
  for (const auto& name : option.get_lnames()) read.names.push_back("--" + name);
  if (option.get_items_expected_max() > 0) read.value = type.substr(0, type.find_first_of(":{ "));
  if (option.get_items_expected_max() > 0 && read.value.empty()) read.value = "VALUE";
  return read;
}

int show(std::string_view text) {
  return print(text) ? EX_OK : EX_IOERR;
}

int write_files(const std::filesystem::path& prefix, const ManualCommand& root) {
  for (const auto& [name, text] : manual_files(root)) {
    const auto file = prefix / name;
    std::error_code fault;
    std::filesystem::create_directories(file.parent_path(), fault);
    std::ofstream out(file, std::ios::binary);
    out << text;
    if (!out.flush()) return complain(EX_CANTCREAT, file.string() + " cannot be written");
  }
  return EX_OK;
}

int show_file(const ManualCommand& root, const std::string& name) {
  if (name == "configuration.md") return show(config_reference(example_config, app::known_keys()));
  for (const auto& [path, text] : manual_files(root)) {
    if (path == name || std::filesystem::path(path).filename() == name) return show(text);
  }
  return complain(EX_USAGE, "there is no page \"" + name + "\"; `cas manual --list` names them");
}

int list_files(const ManualCommand& root) {
  std::string names = "configuration.md\n";
  for (const auto& [name, text] : manual_files(root)) names += name + "\n";
  return show(names);
}

}  // namespace

void group_commands(CLI::App& app) {
  for (auto* command : app.get_subcommands([](CLI::App*) { return true; })) {
    if (!command->get_group().empty()) command->group(std::string(group_of(command->get_name())));
  }
  app.get_formatter()->column_width(22);
}

ManualCommand manual_of(const CLI::App& app) {
  ManualCommand command{.name = app.get_name(), .group = app.get_group(), .text = app.get_description()};
  for (const auto* option : app.get_options([](const CLI::Option*) { return true; })) {
    const bool everywhere = option == app.get_help_ptr() || option == app.get_help_all_ptr();
    const bool shown = !option->get_group().empty() && !everywhere;
    if (shown) command.options.push_back(option_of(*option));
  }
  for (const auto* one : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!one->get_group().empty()) command.commands.push_back(manual_of(*one));
  }
  return command;
}

void add_manual_command(CLI::App& app, Line& line) {
  struct Options {
    std::string page;
    std::filesystem::path prefix;
    bool list = false;
  };
  const auto options = std::make_shared<Options>();
  auto* manual = app.add_subcommand("manual", "Print a page of the manual, or install all of them")->group("");
  auto* page = manual->add_option("PAGE", options->page, "cas.1, cas-queue.1, cas.toml.5, cas.fish, configuration.md");
  auto* install =
      manual->add_option("--install", options->prefix, "write all of them below this prefix")->excludes(page);
  manual->add_flag("--list", options->list, "what there is")->excludes(page, install);
  manual->callback([&app, &line, options] {
    line.action = [&app, options] {
      const auto root = manual_of(app);
      if (!options->prefix.empty()) return write_files(options->prefix, root);
      return options->page.empty() ? list_files(root) : show_file(root, options->page);
    };
  });
}

}  // namespace cas::cmd
