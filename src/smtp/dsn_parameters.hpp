// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The values of ENVID, RET, NOTIFY and ORCPT (RFC 3461 §4, RFC 6533 §3), read and written. None: malformed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "message/dsn_request.hpp"

namespace cas::smtp {

/// §4: xtext of at most `limit` octets, decoded. Upper-case hexadecimal digits; nothing but what stands for itself
/// bare.
[[nodiscard]] std::optional<std::string> from_xtext(std::string_view text, std::size_t limit);
[[nodiscard]] std::string xtext(std::string_view text);

/// §4.4: 1 to 100 characters when decoded, all of them printable ASCII or SP. Decoded.
[[nodiscard]] std::optional<std::string> parse_envid(std::string_view value);
/// §4.3: FULL or HDRS, in any case.
[[nodiscard]] std::optional<DsnReturn> parse_ret(std::string_view value);
/// §4.1: NEVER alone, or a list of SUCCESS, FAILURE and DELAY, each once, in any case.
[[nodiscard]] std::optional<DsnNotify> parse_notify(std::string_view value);
/// §4.2: whether it is addr-type ";" and an address in xtext, at most 500 octets. The address need not be one of its
/// type. "utf-8" (RFC 6533 §3) has an encoding of its own; UTF-8 itself stands in it only with `smtputf8`.
[[nodiscard]] bool is_orcpt(std::string_view value, bool smtputf8);

/// "FAILURE,DELAY"; empty: the sender said nothing.
[[nodiscard]] std::string notify_text(DsnNotify notify);

}  // namespace cas::smtp
