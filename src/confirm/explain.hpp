// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What is wrong with a line that is no intent, for people: the receiver itself says no more than "syntax". It finds a
// fault exactly when parse_intent refuses, and reads values with the readers that parse_intent uses.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "confirm/reason.hpp"

namespace cas::confirm {

struct Fault {
  Reason reason = Reason::Syntax;  // what parse_intent says
  std::string tag;                 // whose value is wrong, or what stands where it should not; empty: the whole line
  std::size_t at = 0;              // the octet where it breaks, counted from 0; the line's size for what is missing
  std::string what;                // "recipients are not in rising order: "suzie" after "zoe""
  std::string mend;                // what would be right
  bool operator==(const Fault&) const = default;
};

/// The first fault of a line (without "CONFIRM " and CRLF), in the order of the line; none for an intent. Texts hold no
/// control characters, whatever the line holds. That m=- is for preflights only is not judged here.
[[nodiscard]] std::optional<Fault> explain(std::string_view line);

}  // namespace cas::confirm
