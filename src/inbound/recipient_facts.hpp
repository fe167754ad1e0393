// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What a name that mail is for says of who decides about it: the same for a session and for `cas why`.
#pragma once

#include <optional>

#include "inbound/services.hpp"

namespace cas::inbound {

/// Why what the Screener keeps in the queue is there.
inline constexpr const char* in_screener_note = "the Screener: waits for the recipient's word";

/// The same mailbox; case makes no difference in local parts.
[[nodiscard]] bool is_same(const Mailbox& a, const Mailbox& b);

/// Where a name leads to one mailbox here, that mailbox's owner is asked.
[[nodiscard]] std::optional<Mailbox> owner_of(const Directory& directory, const recipients::Resolution& found);

/// As the mailbox chose, or its domain; off where the domain is not ours.
[[nodiscard]] policy::Screening screening_of(const Services& services, const Mailbox& mailbox);

/// What the entries for the name and for its owner's mailbox say.
[[nodiscard]] policy::ExceptionFindings find_exceptions(const Services& services, const policy::SenderIdentity& sender,
                                                        const Mailbox& name, const std::optional<Mailbox>& owner);

}  // namespace cas::inbound
