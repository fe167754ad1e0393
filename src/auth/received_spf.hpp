// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The Received-SPF field (RFC 7208 §9.1).
#pragma once

#include <string>

#include "auth/spf.hpp"

namespace cas::auth {

/// The folded field with final CRLF: result, a comment with the reason, client-ip, envelope-from, helo, identity,
/// receiver, mechanism ("default" where no term matched) and, with errors, problem. What a client or a record said is
/// cut at 255 octets, quoted where it is no dot-atom, and printable ASCII: nothing breaks out of the field.
[[nodiscard]] std::string format_received_spf(const SpfOutcome& outcome, const SpfQuery& query);

}  // namespace cas::auth
