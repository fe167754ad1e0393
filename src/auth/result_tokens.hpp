// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The tokens of Authentication-Results (RFC 8601 §2.2), taken off the front of a text. Linear, nothing nests. Internal
// to auth/.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cas::auth {

/// NUL to 31 and DEL.
[[nodiscard]] bool is_control_char(char c);
/// RFC 2045 §5.1 token; octets above ASCII are let through for RFC 6532.
[[nodiscard]] bool is_token_char(char c);

/// Comments, folding and white space (RFC 5322 §3.2.2); also none. False when a comment does not end.
[[nodiscard]] bool skip_cfws(std::string_view& text);
/// Takes `c` where it is next.
[[nodiscard]] bool take(std::string_view& text, char c);
/// value = token / quoted-string, quoted pairs resolved, folding undone. None when neither stands at the front.
[[nodiscard]] std::optional<std::string> take_value(std::string_view& text);
/// Keyword (RFC 5321 §4.1.1.1) with the underscores that people write, in lower case; empty when none is next.
[[nodiscard]] std::string take_keyword(std::string_view& text);

}  // namespace cas::auth
