// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Commands that people paste into a shell.
#pragma once

#include <string>
#include <string_view>

namespace cas {

/// A path or a name as one word; in single quotes where a shell would see more in it. What no terminal should see is
/// escaped.
[[nodiscard]] std::string shell_word(std::string_view word);

}  // namespace cas
