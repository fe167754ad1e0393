// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The subcommands about exceptions, with their options.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace cas::cmd {

/// Puts what is to be done into `action` when one of them was given. Both outlive the parsing and the doing.
void add_exception_commands(CLI::App& app, std::function<int()>& action);

}  // namespace cas::cmd
