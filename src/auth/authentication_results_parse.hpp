// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What an Authentication-Results field says (RFC 8601 §2.2), and ARC-Authentication-Results behind its instance
// (RFC 8617 §4.1.1). Whether to believe it is the reader's business.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/authentication_results.hpp"

namespace cas::auth {

struct AuthenticationResults {
  std::string authserv_id;
  std::vector<MethodResult> results;  // methods, results and property names in lower case, comments dropped
};

/// `value`: behind the colon, folding kept. None on a syntax error, an unknown version, and more than 64 results or
/// properties of one. Results of another method version than 1 are left out (RFC 8601 §2.2). Two things that others
/// write are let through: a property without its type ("action=none"), and a ";" at the end.
[[nodiscard]] std::optional<AuthenticationResults> parse_authentication_results(std::string_view value);

}  // namespace cas::auth
