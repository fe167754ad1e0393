// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Pages about commands, in roff (man macros).
#include "cmd/manual.hpp"

#include <algorithm>
#include <set>

#include "app/version.hpp"

namespace cas::cmd {

namespace {

std::string bold(std::string_view text) {
  return "\\fB" + roff(text) + "\\fR";
}

std::string italic(std::string_view text) {
  return "\\fI" + roff(text) + "\\fR";
}

/// "--config TEXT" as one line, in the fonts of a manual.
std::string usage_of(const ManualOption& option) {
  if (option.names.empty()) return italic(option.value) + (option.repeated ? "..." : "");
  std::string line;
  for (const auto& name : option.names) line += (line.empty() ? "" : ", ") + bold(name);
  if (!option.words.empty()) {
    std::string words;
    for (const auto& word : option.words) words += (words.empty() ? "" : "|") + bold(word);
    return line + " " + words;
  }
  return option.value.empty() ? line : line + " " + italic(option.value);
}

std::string synopsis_of(const std::string& path, const ManualCommand& command) {
  std::string line = bold(path);
  const bool options = std::ranges::any_of(command.options, [](const auto& one) { return !one.names.empty(); });
  for (const auto& option : command.options) {
    if (!option.names.empty() && option.required) line += " " + usage_of(option);
  }
  if (options) line += " [" + italic("options") + "]";
  for (const auto& option : command.options) {
    if (!option.names.empty()) continue;
    line += option.required ? " " + usage_of(option) : " [" + usage_of(option) + "]";
  }
  return line;
}

using Leaf = std::pair<std::string, const ManualCommand*>;  // "cas queue list"

void leaves_of(const std::string& path, const ManualCommand& command, std::vector<Leaf>& found) {
  if (command.commands.empty()) found.emplace_back(path, &command);
  for (const auto& one : command.commands) leaves_of(path + " " + one.name, one, found);
}

std::string sentence(std::string_view text) {
  std::string whole(text);
  if (!whole.empty() && !whole.ends_with('.')) whole += '.';
  return whole;
}

std::string options_of(const ManualCommand& command) {
  std::string page;
  for (const auto& option : command.options) {
    page += ".TP\n" + usage_of(option) + "\n" + roff(sentence(option.text));
    std::string more;
    if (option.required && !option.names.empty()) more += "Required. ";
    if (option.repeated && !option.names.empty()) more += "May be given again. ";
    if (!option.fallback.empty()) more += "Default: " + option.fallback + ". ";
    if (!more.empty()) page += "\n" + roff(more.substr(0, more.size() - 1));
    page += "\n";
  }
  return page;
}

constexpr std::string_view exit_section =
    ".SH EXIT STATUS\n0 when done; otherwise as sysexits.h has it: 64 for the command line, 65 for what was read, 69 "
    "and 75 when\nsomebody has to be asked who does not answer, 77 for what is not permitted, 78 for the "
    "configuration.\nCommands that check something end with 1 when it does not hold.\n";

constexpr std::string_view files_section =
    ".SH FILES\n.TP\n.I /etc/cas/cas.toml\nThe configuration, see\n.BR cas.toml (5).\n.TP\n.I "
    "/run/cas/admin.sock\nWhere the running server is asked.\n";

}  // namespace

std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '\'' || c == '.') {
      out += out.empty() || out.back() == '\n' ? std::string("\\&") + c : std::string(1, c);
    } else {
      out += c;
    }
  }
  return out;
}

std::string roff_head(std::string_view page, int section, std::string_view text) {
  std::string upper(page);
  std::ranges::transform(upper, upper.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return ".\\\" SPDX-FileCopyrightText: The CAS authors\n.\\\" SPDX-License-Identifier: Apache-2.0\n.TH " +
         roff(upper) + " " + std::to_string(section) + " " + std::string(app::version_date) + " \"cas " +
         std::string(app::version) + "\" \"CAS manual\"\n.SH NAME\n" + roff(page) + " \\- " + roff(text) + "\n";
}

std::string command_page(const ManualCommand& command) {
  const std::string name = "cas " + command.name;
  std::vector<Leaf> leaves;
  leaves_of(name, command, leaves);
  std::string page = roff_head("cas-" + command.name, 1, command.text) + ".SH SYNOPSIS\n.nh\n.na\n";
  for (const auto& [path, leaf] : leaves) page += synopsis_of(path, *leaf) + "\n.br\n";
  page.resize(page.size() - 4);  // the last .br
  page += ".ad\n.hy\n.SH DESCRIPTION\n" + roff(sentence(command.text)) + "\n";
  if (command.commands.empty()) {
    if (!command.options.empty()) page += ".SH OPTIONS\n" + options_of(command);
  } else {
    page += ".SH COMMANDS\n";
    for (const auto& [path, leaf] : leaves) {
      page += ".SS " + roff(path) + "\n" + roff(sentence(leaf->text)) + "\n" + options_of(*leaf);
    }
  }
  page += exit_section;
  page += files_section;
  return page + ".SH SEE ALSO\n.BR cas (1),\n.BR cas.toml (5),\n.BR cas (8)\n";
}

std::string main_page(const ManualCommand& root) {
  std::string page = roff_head("cas", 1, root.text);
  page +=
      ".SH SYNOPSIS\n.B cas\n.I command\n.RI [ options ]\n.SH DESCRIPTION\n" + roff(sentence(root.text)) +
      "\nEach command says with\n.B \\-\\-help\nwhat it takes, and has a page of its own.\nThe server is described in\n"
      ".BR cas (8),\nits configuration in\n.BR cas.toml (5).\n.SH COMMANDS\n";
  std::vector<std::string> groups;
  for (const auto& command : root.commands) {
    if (std::ranges::find(groups, command.group) == groups.end()) groups.push_back(command.group);
  }
  for (const auto& group : groups) {
    page += ".SS " + roff(group) + "\n";
    for (const auto& command : root.commands) {
      if (command.group != group) continue;
      page += ".TP\n.BR cas\\-" + roff(command.name) + " (1)\n" + roff(sentence(command.text)) + "\n";
    }
  }
  page += exit_section;
  page += files_section;
  return page + ".SH SEE ALSO\n.BR cas.toml (5),\n.BR cas (8)\n";
}

std::map<std::string, std::string> manual_files(const ManualCommand& root) {
  std::map<std::string, std::string> files;
  files["share/man/man1/cas.1"] = main_page(root);
  for (const auto& command : root.commands) files["share/man/man1/cas-" + command.name + ".1"] = command_page(command);
  files["share/man/man5/cas.toml.5"] = config_page(example_config, app::known_keys());
  files["share/man/man8/cas.8"] =
      roff_head("cas", 8, "the server of the CAS mail gateway") + std::string(daemon_manual);
  files["share/bash-completion/completions/cas"] = completion(root, Shell::Bash);
  files["share/zsh/vendor-completions/_cas"] = completion(root, Shell::Zsh);
  files["share/fish/vendor_completions.d/cas.fish"] = completion(root, Shell::Fish);
  return files;
}

}  // namespace cas::cmd
