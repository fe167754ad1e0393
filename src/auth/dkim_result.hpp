// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What became of one DKIM signature, in the words of RFC 8601 §2.7.1.
#pragma once

#include <string_view>

namespace cas::auth {

/// Neutral: it cannot be read, or is of a kind unknown here. PermError: it can be read and can never verify (no key, an
/// author field that is not signed). Policy: it is right or may be, and is not accepted (rsa-sha1, a short key,
/// expired: RFC 8301). Fail: message or signature were changed. TempError: later it may be known.
enum class DkimResult { None, Pass, Fail, Policy, Neutral, TempError, PermError };

[[nodiscard]] std::string_view to_string(DkimResult result);

}  // namespace cas::auth
