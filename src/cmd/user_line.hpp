// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The subcommands of `cas user`, for command_line.cpp.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "cmd/user.hpp"

namespace cas::cmd {

/// What the options are read into; lives as long as they are parsed and acted on.
struct UserWords {
  UserOptions options;
  std::string admin_config;
};

/// `act` is given what to do when one of them was chosen.
void add_user_commands(CLI::App& app, UserWords& words, std::function<void(std::function<int()>)> act);

}  // namespace cas::cmd
