// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What a check expects of a reply, and what it says when something else came. Pure.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "smtp/reply.hpp"

namespace cas::conformance {

/// Why a check does not hold. Fails: the target did something else. NotChecked: it could not be seen. Rate: the target
/// bounds how often it may be asked (451 4.7.28), which says nothing of it. Lost: no connection, or none any more.
struct Fault {
  enum class Kind { Fails, NotChecked, Rate, Lost };
  Kind kind = Kind::Fails;
  std::string text;
};
template <class T>
using Checked = std::expected<T, Fault>;
using Outcome = Checked<void>;

[[nodiscard]] std::unexpected<Fault> fails(std::string text);
[[nodiscard]] std::unexpected<Fault> not_checked(std::string text);

/// `pattern`: alternatives joined by " or ", each a code, with "x" for any digit, and perhaps an enhanced code:
/// "550 5.7.1 or 550 5.7.7", "250", "5xx".
[[nodiscard]] bool matches(const smtp::Reply& reply, std::string_view pattern);

/// Holds when the reply matches; a fault that says what was asked, what was expected and what came otherwise. A reply
/// 451 4.7.28 that was not expected is a Rate fault, a "pending" NotChecked.
[[nodiscard]] Outcome expect(const smtp::Reply& reply, std::string_view asked, std::string_view pattern);

/// The same, and that the text has a word: without one 500 and 503 say that the verb is not known (CAS §9.3).
[[nodiscard]] Outcome expect_word(const smtp::Reply& reply, std::string_view asked, std::string_view pattern);

[[nodiscard]] bool has_word(const smtp::Reply& reply);

/// Whether every "[CAS:" in the reply has the form of CAS §15.1, behind the enhanced code, with " retry=" only where
/// the word is "pending".
[[nodiscard]] bool text_is_well_formed(const smtp::Reply& reply);

/// The reply on one line, made safe for a terminal.
[[nodiscard]] std::string shown(const smtp::Reply& reply);

}  // namespace cas::conformance
