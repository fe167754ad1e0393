// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Passwords as people type them. Never on a command line: everybody on the machine can read that.
#pragma once

#include <string>

#include "cmd/admin_client.hpp"

namespace cas::cmd {

inline constexpr std::size_t shortest_password = 8;  // octets; NIST SP 800-63B section 5.1.1.1

/// One line of standard input; from a terminal without echo, and twice. 65 where the two differ, and for fewer octets
/// than that or more than `longest`.
[[nodiscard]] Or<std::string> read_password(std::size_t longest);
[[nodiscard]] bool stdin_is_terminal();

}  // namespace cas::cmd
