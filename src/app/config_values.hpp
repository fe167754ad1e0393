// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Values of the configuration that TOML has no type for, and what to suggest for a misspelt key. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cas::app {

/// "30s", "5m", "4h", "5d": a whole number and one unit, nothing between. None for anything else, and for more than
/// ten years.
[[nodiscard]] std::optional<std::chrono::seconds> parse_duration(std::string_view text);
/// The largest unit that needs no fraction: "90s", "5m", "4h", "5d".
[[nodiscard]] std::string duration_text(std::chrono::seconds duration);

/// How many insertions, deletions, replacements and swaps of neighbours lead from one to the other.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);
/// The known word that was probably meant; none when no word is near.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> known);

/// "off, optional or required"
[[nodiscard]] std::string one_of(std::span<const std::string_view> words);

}  // namespace cas::app
