// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What the files that define subcommands share (command_line.cpp and *_line.cpp; no other includes CLI11).
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>

#include "cmd/commands.hpp"

namespace cas::cmd {

/// What to do, and where the server is asked.
struct Line {
  std::string admin_config;
  AdminOptions admin;
  std::function<int()> action;
};

void add_admin_options(CLI::App& command, Line& line);
[[nodiscard]] AdminOptions admin_options(const Line& line);

/// A subcommand that asks the running server, and reads into options that it may share with others.
template <class Options>
CLI::App* add_asking(CLI::App& above, Line& line, const char* name, const char* what,
                     const std::shared_ptr<Options>& options, std::type_identity_t<int (*)(const Options&)> act) {
  auto* command = above.add_subcommand(name, what);
  add_admin_options(*command, line);
  command->callback([&line, options, act] {
    line.action = [&line, options, act] {
      options->admin = admin_options(line);
      return act(*options);
    };
  });
  return command;
}

/// `cas init` and `cas doctor`.
void add_init_command(CLI::App& app, Line& line);
void add_doctor_command(CLI::App& app, Line& line);
/// `cas why`.
void add_why_command(CLI::App& app, Line& line);
/// `cas user`.
void add_user_commands(CLI::App& app, Line& line);
/// `cas exempt`, `cas allow`, `cas block`, `cas forwarder`, `cas audit`.
void add_exception_commands(CLI::App& app, Line& line);
/// `cas screener`, `cas expect`. `line` outlives the parse and the action.
void add_screener_commands(CLI::App& app, Line& line);
/// `cas dns`, likewise.
void add_dns_commands(CLI::App& app, Line& line);
/// `cas report`, likewise.
void add_report_command(CLI::App& app, Line& line);

}  // namespace cas::cmd
