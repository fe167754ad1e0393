// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// From root to the user that does the work, for good.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.hpp"

namespace cas::app {

struct Identity {
  std::string name;
  uid_t user = 0;
  gid_t group = 0;
};

/// A user of this system. Permanent error when there is none of that name.
[[nodiscard]] Result<Identity> find_user(const std::string& name);

/// Who the server is to be: `run_as`, or who we are when that is empty. Permanent error when we would have to be root
/// to become it.
[[nodiscard]] Result<Identity> future_identity(const std::string& run_as);

/// Becomes that user with its groups, gives up all capabilities unless it is root, and makes sure that none of it can
/// be regained, also not through a set-user-ID program. Before any other thread exists: capabilities belong to
/// threads. An error leaves the process half-way: end it.
[[nodiscard]] Result<void> become(const Identity& identity);

}  // namespace cas::app
