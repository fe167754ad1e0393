// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The letter that tells an owner who waits. Pure.
#pragma once

#include <string>

#include "message/address.hpp"
#include "registry/relationships.hpp"

namespace cas::inbound {

/// A whole message with CRLF line ends: plain text, no links, the domain of each sender before its name, nothing
/// of what they wrote. Auto-Submitted (RFC 3834 §5).
[[nodiscard]] std::string format_screener_digest(const registry::Relationships::Digest& digest, const Mailbox& owner,
                                                 const std::string& message_id, UnixTime now);

}  // namespace cas::inbound
