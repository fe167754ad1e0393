// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The receiver's judgement of a CONFIRM, cheapest check first (CAS §8.1, steps 1 to 8), and of the message at its end
// (steps 15 to 17). Each step is a function of facts; the driver gathers the facts between them, and asks for no
// DNS record before check_statement said yes and for no ledger row before check_key did.
#pragma once

#include <expected>
#include <optional>
#include <string_view>
#include <vector>

#include "auth/dkim_key.hpp"
#include "confirm/digest.hpp"
#include "confirm/intent.hpp"
#include "confirm/ledger.hpp"
#include "confirm/reason.hpp"
#include "dns/record.hpp"

namespace cas::confirm {

/// What the server knows before any lookup.
struct StatementFacts {
  TimePoint now;
  ReversePath mail_from;                   // of the transaction
  bool recipient_domain_is_local = false;  // q is served here
  bool signing_domain_is_public_suffix = false;
};

/// Step 1: length and grammar, for a transaction: an intent without a digest (m=-) is for preflights and refused.
[[nodiscard]] std::expected<Intent, Reason> read_intent(std::string_view line);
/// Steps 2 and 3: times, envelope, alignment (waived with w=fwd; a public suffix never signs), and that the key's name
/// can exist at all. Expiry is not judged here: a COMMITTED row wins over it (step 8).
[[nodiscard]] std::expected<void, Reason> check_statement(const Intent& intent, const StatementFacts& facts);
/// Whether step 2 found x in the past; the driver refuses with Reason::Expired unless step 8 finds the intent
/// COMMITTED for the recipients it lists.
[[nodiscard]] bool is_expired(const Intent& intent, TimePoint now);

/// What the key record says of an intent.
/// Forwarded: w=fwd, and the signature verifies. Nothing but a trusted forwarder of the recipient can confirm with it.
enum class KeyVerdict { Ok, Testing, Forwarded };
/// Steps 6 and 7: the TXT answer for s._domainkey.d. Failed answers give KeyLookup; none, several or malformed
/// records KeyMissing, as does a key of another type or service; empty p= KeyRevoked; t=y Testing, whatever the
/// signature (RFC 6376 §3.6.1); t=s and a subdomain Alignment (waived with w=fwd).
[[nodiscard]] std::expected<KeyVerdict, Reason> check_key(const Intent& intent, std::string_view line,
                                                          const dns::Answer& answer);

/// What kind of mail a message is by its own fields (CAS §4.8): bulk with a List-Id, automatic with Auto-Submitted
/// other than "no" (RFC 3834 §5), personal otherwise. Transactional mail looks like one of the last two.
struct MessageClass {
  Class klass = Class::Personal;
  std::string list_id;  // of bulk mail
};

/// Steps 15 to 17, facts from the received message.
struct MessageFacts {
  std::vector<Mailbox> from;  // every mailbox of every From field
  std::size_t from_fields = 0;
  std::size_t date_fields = 0;
  std::size_t message_id_fields = 0;
  bool from_is_malformed = false;
  MessageClass klass;
  MessageHashes hashes;

  /// The one author the message shows: one From field with one mailbox. None otherwise.
  [[nodiscard]] const Mailbox* author() const;
};
/// Exactly one From field with one mailbox and it is o (with w=fwd, o is still checked): FromMismatch. One Date, one
/// Message-ID, and the digest is m: Digest. Bulk mail says so with its own List-Id, automatic mail is no person's:
/// Class.
[[nodiscard]] std::expected<void, Reason> check_message(const Intent& intent, const MessageFacts& facts);

}  // namespace cas::confirm
