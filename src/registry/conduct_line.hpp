// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What is remembered of one name, in one line, as the store keeps it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policy/conduct.hpp"

namespace cas::registry {

[[nodiscard]] std::string text_of(const policy::Conduct::Remembered& one);
/// None: not what text_of() writes.
[[nodiscard]] std::optional<policy::Conduct::Remembered> read_remembered(std::string_view line);

/// Whole seconds, likewise.
[[nodiscard]] std::string seconds_text(TimePoint at);
[[nodiscard]] std::optional<TimePoint> time_in(std::string_view text);

}  // namespace cas::registry
