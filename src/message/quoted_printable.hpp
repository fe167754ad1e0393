// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Quoted-printable (RFC 2045 §6.7), writing only. Internal to message/.
#pragma once

#include <string>
#include <string_view>

namespace cas {

/// Text with CRLF line ends; a CR or LF on its own is encoded. Lines of at most 76 octets, ASCII only; "=_" never
/// occurs in it.
[[nodiscard]] std::string quoted_printable(std::string_view text);

/// ASCII without NUL and bare CR or LF, lines of at most 998 octets: goes as it is (RFC 2045 §2.7 7bit).
[[nodiscard]] bool is_seven_bit(std::string_view text);

}  // namespace cas
