// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Who asks for a change, for the logs.
#pragma once

#include <string>

namespace cas::cmd {

/// The user behind sudo, or the one we run as.
[[nodiscard]] std::string who();

}  // namespace cas::cmd
