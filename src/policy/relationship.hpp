// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Relationships (author -> mailbox) and what the Screener makes of strangers (CAS §11). Pure: who is a stranger is read
// from the store by registry/relationships.hpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "confirm/intent.hpp"
#include "message/address.hpp"
#include "policy/exceptions.hpp"

namespace cas::policy {

/// What a mailbox does with mail of strangers. Hold: taken in and kept out of the inbox. Defer: not taken in until it
/// is approved (CAS §11).
enum class Screening : std::uint8_t { Off, Hold, Defer };
[[nodiscard]] std::string_view to_string(Screening screening);
[[nodiscard]] std::optional<Screening> parse_screening(std::string_view word);

/// What a mailbox's owner thinks of who sends a message.
enum class Standing : std::uint8_t { Stranger, Pending, Approved, Blocked };
[[nodiscard]] std::string_view to_string(Standing standing);

struct Relation {
  Standing standing = Standing::Stranger;
  bool expected = false;          // a window is open for who sends it
  bool answers_own_mail = false;  // the mailbox wrote to that domain not long ago
  bool room_for_silent = true;    // the same of mail that nobody wrote
  bool room = true;               // one more may wait (Screener bounds, CAS §11)
  std::string by{};               // the key that was approved or blocked; empty: nobody decided
};

/// Under which names a relationship is looked for, and under which a new one is kept. A name says what it was proven
/// by, so that what is approved is not what anybody may claim:
///   "joe@x.example"          the author, by an intent or an aligned signature
///   "list:news.x.example"    a List-Id that an intent or a signature of a domain above it proves
///   "spf:joe@x.example"      the author, by SPF alone, of the author's own domain
///   "?joe@x.example"         what anybody may claim
///   "domain:x.example"       every proven author of a domain: only by explicit choice
struct RelationNames {
  std::string key;                      // of the relationship itself
  std::vector<std::string> wider;       // whose standing holds too: domains of the author, what SPF alone would prove
  std::vector<std::string> blocking{};  // whose block holds whatever is proven: domains of who is named
  std::string domain;  // that bounds count by: the organisational domain, or the key for public providers
  bool proven = false;
};

namespace relation_mark {
inline constexpr std::string_view list = "list:", spf = "spf:", unproven = "?", domain = "domain:";
}  // namespace relation_mark

/// None where nobody is named: no author and no envelope sender. Authors are put into one spelling: lower case,
/// without what follows "+".
[[nodiscard]] std::optional<RelationNames> relation_names(const SenderIdentity& sender, confirm::Class klass);

/// Whether what is decided of a domain ("domain:x.example") is decided of a key that proves an author there.
[[nodiscard]] bool is_decided_by(std::string_view key, std::string_view domain_key);

/// A mailbox as relationships know it: lower case, without what follows "+".
[[nodiscard]] std::string relation_mailbox(const Mailbox& mailbox);
/// The key of an author that is proven: begins with no relation_mark.
[[nodiscard]] std::string author_key(const Mailbox& author);

/// The keys that a person's word for a sender means: "joe@x.example" (as a signature or SPF proves it; with
/// `unauthenticated` also as anybody may claim it), "x.example" (every proven author of the domain), "list:LISTID", or
/// a key as it stands in a listing. Empty: it means nobody, or a public provider's whole domain.
[[nodiscard]] std::vector<std::string> keys_meant(std::string_view who, bool unauthenticated);

/// What was registered: the name below a public suffix.
[[nodiscard]] Domain organizational_domain(const Domain& domain);

/// Whether a domain is one where anybody may have an address: its authors count one by one.
[[nodiscard]] bool is_public_provider(const Domain& domain);

struct ScreenerBounds {
  std::size_t pending = 50;       // relationships that wait, of a mailbox
  std::size_t unproven = 10;      // of these, whose author nothing proves
  std::size_t held_of_one = 20;   // messages that wait, of one relationship
  std::size_t silent_a_day = 50;  // messages that nobody wrote, to a mailbox
  std::size_t new_a_day = 20;     // relationships, for a receiving domain and a sending one
};

/// What waits in a mailbox.
struct Waiting {
  std::size_t pending = 0;         // relationships
  std::size_t unproven = 0;        // of these
  std::size_t of_this_domain = 0;  // of these, with the sender's domain
  std::size_t held = 0;            // messages of this relationship
  std::size_t new_today = 0;       // from the sender's domain to the recipient's
};
/// Whether one more message of that relationship may wait.
[[nodiscard]] bool has_screener_room(const Waiting& waiting, Standing standing, bool proven,
                                     const ScreenerBounds& bounds);

}  // namespace cas::policy
