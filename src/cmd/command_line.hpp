// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The command line: subcommands and their options. What a subcommand does stands in a file of its own.
#pragma once

namespace cas::cmd {

/// Reads the command line and does what it says. The exit status is one of sysexits.h: 64 for a command line that
/// makes no sense, 78 for a configuration that cannot be used, 69 when the server does not answer. Never throws.
[[nodiscard]] int run(int argc, char** argv);

}  // namespace cas::cmd
