// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas user`: questions to the running server. 64 for options, 65 for what the server refuses, and as elsewhere.
#pragma once

#include <string>
#include <vector>

#include "cmd/commands.hpp"

namespace cas::cmd {

/// As given on the command line.
struct UserOptions {
  AdminOptions admin;
  std::string name;
  std::vector<std::string> send_as;         // of a new one; none: the name is the address
  std::vector<std::string> added, removed;  // rights
  bool scram = false;                       // keep a SCRAM verifier too
  bool password_stdin = false;
};

[[nodiscard]] int add_user(const UserOptions& options);
[[nodiscard]] int set_password(const UserOptions& options);
[[nodiscard]] int list_users(const UserOptions& options);
[[nodiscard]] int remove_user(const UserOptions& options);
[[nodiscard]] int enable_user(const UserOptions& options, bool enabled);
[[nodiscard]] int change_send_as(const UserOptions& options);

}  // namespace cas::cmd
