// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas manual`, which packages use, and how `cas --help` sorts the commands.
#pragma once

#include "cmd/line.hpp"
#include "cmd/manual.hpp"

namespace cas::cmd {

/// Puts each command of `cas --help` into a group. After all of them are there.
void group_commands(CLI::App& app);
/// `app` as the manual sees it.
[[nodiscard]] ManualCommand manual_of(const CLI::App& app);
/// `cas manual`: hidden. `app` outlives the action.
void add_manual_command(CLI::App& app, Line& line);

}  // namespace cas::cmd
