// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What a header section loses and gains when its message crosses our boundary, and what it says that decisions need.
// Pure: the header in, the new header and the facts out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "confirm/receiver.hpp"
#include "message/header.hpp"

namespace cas::policy {

/// Whom a message comes from. What a host of an own network relays was written elsewhere: it is neither completed,
/// which would break its signatures, nor judged.
enum class Origin { Outside, User, OwnNetwork };

struct BoundaryFacts {
  std::string authserv_id;  // ours: Authentication-Results that claim it are forged (RFC 8601 §5)
  Origin origin = Origin::Outside;
  UnixTime now;
  std::string message_id;  // "local@host", used when a submission has none
};

/// Whether a field is taken out there (see edit_header).
[[nodiscard]] bool is_dropped(const HeaderField& field, const BoundaryFacts& facts);

/// The header section (with its final empty line) as it is kept: without forged Authentication-Results, Return-Path
/// (RFC 5321 §4.4: ours to add) and CAS-Confirmation (CAS §14.3); what a user submits also loses Bcc and gains Date and
/// Message-ID (RFC 6409 §8). All other fields stay as they are, octet for octet and in order.
[[nodiscard]] std::string edit_header(const std::vector<HeaderField>& fields, const BoundaryFacts& facts);

/// Facts for steps 15 and 17 (CAS §8.3); `hashes` is left for the caller.
[[nodiscard]] confirm::MessageFacts message_facts(const std::vector<HeaderField>& fields);

/// Bulk with exactly one List-Id that has an identifier; bulk that no intent can claim, with an empty identifier, by
/// any other List-Id and by List-Unsubscribe; else automatic by the first Auto-Submitted; else personal (CAS §4.8).
[[nodiscard]] confirm::MessageClass classify(const std::vector<HeaderField>& fields);

/// The identifier between the angle brackets of a List-Id (RFC 2919), lower-cased; empty when there is none, or none
/// that an intent can carry (CAS §4.3: at most 200 octets of UTF-8, no control characters).
[[nodiscard]] std::string list_identifier(std::string_view value);

/// Received fields, to break loops: so many are a loop (RFC 5321 §6.3: at least 100).
inline constexpr std::size_t max_hops = 100;
[[nodiscard]] std::size_t count_hops(const std::vector<HeaderField>& fields);

}  // namespace cas::policy
