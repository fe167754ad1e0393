// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Coroutines in a command that waits for them.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "net/task.hpp"

namespace cas::cmd {

/// Runs a task to its end on an io_context of its own; what escaped from it, if something did.
[[nodiscard]] std::optional<std::string> perform(const std::function<net::Task<void>()>& task);

}  // namespace cas::cmd
