// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The Sender Rewriting Scheme: the envelope sender of mail that an alias sends on. SPF allows our addresses to come
// from here, and not those of whoever wrote first; a bounce comes back to us, and from the address we know for whom it
// is.
//
//   joe@west.example                    SRS0=HASH=DD=west.example=joe@north.example
//   SRS0=xyz=AA=west.example=joe@b.c    SRS1=HASHDD=b.c==xyz=AA=west.example=joe@north.example
//
// HASH is a keyed hash of the rest and of our domain, DD the day; both survive a change of case. Pure.
#pragma once

#include <optional>
#include <span>

#include "base/time.hpp"
#include "message/address.hpp"

namespace cas::policy {

/// Bounces come back for so long.
inline constexpr std::chrono::days srs_lifetime{14};

/// Whether the local part is of that form, whoever made it.
[[nodiscard]] bool looks_like_srs(const LocalPart& local);

/// The address at `ours` that stands for `sender`. None where it would be longer than a local part may be (64 octets),
/// and for an address literal. `secret` is the installation's; what it makes here is good for nothing else.
[[nodiscard]] std::optional<Mailbox> srs_encode(std::span<const std::uint8_t> secret, const Mailbox& sender,
                                                const Domain& ours, UnixTime now);
/// Whom an address of ours stands for; its local part may have lost its case on the way. None for all that this secret
/// did not make for this domain, and for what is older than srs_lifetime or from days to come.
[[nodiscard]] std::optional<Mailbox> srs_decode(std::span<const std::uint8_t> secret, const Mailbox& address,
                                                UnixTime now);

}  // namespace cas::policy
