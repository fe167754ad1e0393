// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What shells offer behind `cas`: commands, options, and the words that an option takes; files otherwise.
#include <algorithm>

#include "cmd/manual.hpp"

namespace cas::cmd {

namespace {

/// Every command by its path: "cas queue list".
void flatten(const std::string& path, const ManualCommand& command,
             std::vector<std::pair<std::string, const ManualCommand*>>& all) {
  all.emplace_back(path, &command);
  for (const auto& one : command.commands) flatten(path + " " + one.name, one, all);
}

std::string joined(const std::vector<std::string>& words) {
  std::string line;
  for (const auto& word : words) line += (line.empty() ? "" : " ") + word;
  return line;
}

std::vector<std::string> candidates(const ManualCommand& command) {
  std::vector<std::string> words;
  for (const auto& one : command.commands) words.push_back(one.name);
  for (const auto& option : command.options) words.insert(words.end(), option.names.begin(), option.names.end());
  words.emplace_back("--help");
  return words;
}

/// In single quotes of a shell.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// Both shells walk the words to find the command; then what an option takes, else what the command has.
std::string bash(const ManualCommand& root) {
  std::vector<std::pair<std::string, const ManualCommand*>> all;
  flatten("cas", root, all);
  std::string commands, words, values;
  for (const auto& [path, command] : all) {
    std::vector<std::string> names;
    for (const auto& one : command->commands) names.push_back(one.name);
    if (!names.empty()) commands += "    [" + quoted(path) + "]=" + quoted(" " + joined(names) + " ") + "\n";
    words += "    [" + quoted(path) + "]=" + quoted(joined(candidates(*command))) + "\n";
    for (const auto& option : command->options) {
      if (option.value.empty()) continue;
      for (const auto& name : option.names) {
        values += "    [" + quoted(path + " " + name) +
                  "]=" + quoted(option.words.empty() ? "-" : joined(option.words)) + "\n";
      }
    }
  }
  return "# bash completion for cas; made by `cas manual`\n\n_cas() {\n"
         "  local -A commands=(\n" +
         commands + "  )\n  local -A words=(\n" + words + "  )\n  local -A values=(\n" + values +
         "  )\n"
         "  local path=cas word n\n"
         "  for ((n = 1; n < COMP_CWORD; n++)); do\n"
         "    word=${COMP_WORDS[n]}\n"
         "    [[ $word != -* && ${commands[$path]-} == *\" $word \"* ]] && path+=\" $word\"\n"
         "  done\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} value=${values[\"$path ${COMP_WORDS[COMP_CWORD-1]}\"]-}\n"
         "  COMPREPLY=()\n"
         "  if [[ -n $value && $value != - ]]; then\n"
         "    COMPREPLY=($(compgen -W \"$value\" -- \"$current\"))\n"
         "  elif [[ -z $value && ( $current == -* || -n ${commands[$path]-} ) ]]; then\n"
         "    COMPREPLY=($(compgen -W \"${words[$path]-}\" -- \"$current\"))\n"
         "  fi\n"
         "}\n"
         "complete -o default -F _cas cas\n";
}

std::string zsh(const ManualCommand& root) {
  std::vector<std::pair<std::string, const ManualCommand*>> all;
  flatten("cas", root, all);
  const auto described = [](std::string name, const std::string& text) {
    std::ranges::replace(name, ':', ' ');
    return quoted(name + ":" + text);
  };
  std::string commands, words, values;
  for (const auto& [path, command] : all) {
    std::string list, names;
    for (const auto& one : command->commands) {
      list += " " + described(one.name, one.text);
      names += " " + one.name;
    }
    for (const auto& option : command->options) {
      for (const auto& name : option.names) {
        list += " " + described(name, option.text);
        if (option.value.empty()) continue;
        values +=
            "    " + quoted(path + " " + name) + " " + quoted(option.words.empty() ? "-" : joined(option.words)) + "\n";
      }
    }
    if (!names.empty()) commands += "    " + quoted(path) + " " + quoted(names + " ") + "\n";
    words += "    (" + quoted(path) + ") candidates=(" + list.substr(list.empty() ? 0 : 1) + ") ;;\n";
  }
  return "#compdef cas\n# made by `cas manual`\n\n"
         "local -A cas_commands values\n"
         "local -a candidates\n"
         "local where=cas word value n\n"
         "cas_commands=(\n" +
         commands + ")\nvalues=(\n" + values +
         ")\n"
         "for ((n = 2; n < CURRENT; n++)); do\n"
         "  word=${words[n]}\n"
         "  [[ $word != -* && ${cas_commands[$where]} == *\" $word \"* ]] && where+=\" $word\"\n"
         "done\n"
         "value=${values[$where ${words[CURRENT-1]}]}\n"
         "if [[ -n $value && $value != - ]]; then\n"
         "  compadd -- ${=value}\n"
         "elif [[ -n $value ]]; then\n"
         "  _files\n"
         "else\n"
         "  case $where in\n" +
         words +
         "  esac\n"
         "  if [[ -n ${cas_commands[$where]} || ${words[CURRENT]} == -* ]]; then\n"
         "    _describe cas candidates\n"
         "  else\n"
         "    _files\n"
         "  fi\n"
         "fi\n";
}

std::string fish(const ManualCommand& root) {
  std::vector<std::pair<std::string, const ManualCommand*>> all;
  flatten("cas", root, all);
  std::string out =
      "# made by `cas manual`\n"
      "function __cas_at\n"
      "    set -l have (commandline -opc)[2..-1]\n"
      "    set -l words (string match -v -- '-*' $have)\n"
      "    set -l wanted (string split -n ' ' -- $argv[1])\n"
      "    set -l count (count $wanted)\n"
      "    test $count -eq 0; and return (test (count $words) -eq 0)\n"
      "    test (count $words) -ge $count; and test \"$words[1..$count]\" = \"$wanted\"\n"
      "end\n"
      "function __cas_just_at\n"
      "    __cas_at $argv[1]; or return 1\n"
      "    set -l words (string match -v -- '-*' (commandline -opc)[2..-1])\n"
      "    test (count $words) -eq (count (string split -n ' ' -- $argv[1]))\n"
      "end\n";
  for (const auto& [path, command] : all) {
    const std::string below = path == "cas" ? "" : path.substr(4);
    for (const auto& one : command->commands) {
      out += "complete -c cas -f -n \"__cas_just_at " + quoted(below) + "\" -a " + quoted(one.name) + " -d " +
             quoted(one.text) + "\n";
    }
    for (const auto& option : command->options) {
      for (const auto& name : option.names) {
        const bool is_long = name.starts_with("--");
        out += "complete -c cas -n \"__cas_at " + quoted(below) + "\" " + (is_long ? "-l " : "-s ") +
               name.substr(is_long ? 2 : 1);
        if (!option.words.empty()) {
          out += " -x -a " + quoted(joined(option.words));
        } else if (!option.value.empty()) {
          out += " -r";
        }
        out += " -d " + quoted(option.text) + "\n";
      }
    }
  }
  return out;
}

}  // namespace

std::string completion(const ManualCommand& root, Shell shell) {
  switch (shell) {
    case Shell::Bash: return bash(root);
    case Shell::Zsh: return zsh(root);
    case Shell::Fish: return fish(root);
  }
  return {};
}

}  // namespace cas::cmd
