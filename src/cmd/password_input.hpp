// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Passwords as people type them. Never on a command line: everybody on the machine can read that.
#pragma once

#include <string>

#include "cmd/admin_client.hpp"

namespace cas::cmd {

/// One line of standard input; from a terminal without echo, and twice. 65 where the two differ, and for nothing or
/// more than `longest` octets.
[[nodiscard]] Or<std::string> read_password(std::size_t longest);
[[nodiscard]] bool stdin_is_terminal();

}  // namespace cas::cmd
