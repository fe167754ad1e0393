// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What is wrong with one value of an intent (CAS §4.3), in words. Only for values that the grammar's readers refused:
// these functions never say that a value is right, they say where to look.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cas::confirm::faults {

/// `at` counts from the beginning of the value.
struct Detail {
  std::size_t at = 0;
  std::string what;
  std::string mend;
};

/// Text of the line in double quotes, made printable and cut.
[[nodiscard]] std::string in_quotes(std::string_view text);

[[nodiscard]] Detail in_domain(std::string_view text, bool underscores);
[[nodiscard]] Detail in_local_part(std::string_view text);
[[nodiscard]] Detail in_addr(std::string_view text);
[[nodiscard]] Detail in_recipients(std::string_view text);
[[nodiscard]] Detail in_list_id(std::string_view text);
[[nodiscard]] Detail in_seconds(std::string_view text);
/// `octets`: how many there should be.
[[nodiscard]] Detail in_octets(std::string_view text, std::size_t octets);
[[nodiscard]] Detail in_digest(std::string_view text);
[[nodiscard]] Detail in_signature(std::string_view text);

}  // namespace cas::confirm::faults
