// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See who.hpp.
#include "cmd/who.hpp"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

namespace cas::cmd {

std::string who() {
  const char* asked = std::getenv("SUDO_USER");
  if (asked != nullptr && *asked != 0) return asked;
  const passwd* user = ::getpwuid(::geteuid());
  return user == nullptr ? std::to_string(::geteuid()) : user->pw_name;
}

}  // namespace cas::cmd
