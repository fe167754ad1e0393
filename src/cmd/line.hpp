// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What the files that define subcommands share (command_line.cpp and *_line.cpp; no other includes CLI11).
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

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

/// `cas screener`, `cas expect`. `line` outlives the parse and the action.
void add_screener_commands(CLI::App& app, Line& line);
/// `cas report`, likewise.
void add_report_command(CLI::App& app, Line& line);

}  // namespace cas::cmd
