// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Authentication-Results (RFC 8601): written with our authserv-id, and removed where others forged it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "message/header.hpp"

namespace cas::auth {

/// One "method=result ptype.property=value ..." of the field.
struct MethodResult {
  std::string method;                                           // "cas", "spf", "dkim"
  std::string result;                                           // "pass"
  std::string reason;                                           // free text, may be empty
  std::vector<std::pair<std::string, std::string>> properties;  // {"header.from", "joe@example.org"}
};

/// Of each text: with every octet quoted it still fits a line of 998 (RFC 5322 §2.1.1).
inline constexpr std::size_t max_result_text = 480;

/// The folded field with final CRLF; "none" when there is no result. Values that are no token are quoted, control
/// characters dropped, texts cut at max_result_text: nothing breaks out of the field (RFC 8601 §2.2).
[[nodiscard]] std::string format_authentication_results(std::string_view authserv_id,
                                                        const std::vector<MethodResult>& results);

/// Whether the field is an Authentication-Results that claims to be ours and so must go (RFC 8601 §5): its authserv-id
/// equals ours, any case, or cannot be parsed. `field` may have any name.
[[nodiscard]] bool is_forged_result(const HeaderField& field, std::string_view authserv_id);

}  // namespace cas::auth
