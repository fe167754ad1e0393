// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The life of a signing key: made, published, in use, retired, removed. Its state stands in the name of its file, so
// that one rename changes it and `ls` shows it. Pure: names, what comes next, and what the DNS was found to say.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "crypto/keys.hpp"
#include "dns/record.hpp"

namespace cas::app {

/// Next: made, not used before it is found in the DNS. Active: signs. Old: signs no more; its record stays published
/// while mail is on its way.
enum class KeyState { Next, Active, Old };

[[nodiscard]] std::string_view to_string(KeyState state);
[[nodiscard]] std::string_view to_string(crypto::KeyType type);

/// How long the record of an old key stays: CAS §6.3 asks for up to 96 hours after the last signature; queues hold
/// mail for 5 days (RFC 5321 §4.5.4.1).
inline constexpr std::chrono::days old_key_time{7};

struct KeyName {
  std::string selector;  // one label, lower case
  KeyState state = KeyState::Active;
  auto operator<=>(const KeyName&) const = default;
};

/// "cas20261125e.pem", "cas20261125e.next.pem", "cas20261125e.old.pem".
[[nodiscard]] std::string file_name(const KeyName& name);
/// None for any other name, so that a misspelt state ("x.nxt.pem") is never a key in use: a selector here is one label
/// of lower-case letters, digits and inner hyphens, 63 octets at most.
[[nodiscard]] std::optional<KeyName> parse_file_name(std::string_view name);

/// The day in a selector that was made here.
[[nodiscard]] std::optional<std::chrono::sys_days> day_of(std::string_view selector);
/// "cas20261125r" for RSA, "cas20261125e" for Ed25519; with 2, 3, ... behind it where `taken` has some of that day: one
/// more than the greatest, since the record of one that was removed may still be known.
[[nodiscard]] std::string new_selector(std::span<const std::string> taken, crypto::KeyType type,
                                       std::chrono::sys_days today);

struct KeyFacts {
  std::string selector;
  crypto::KeyType type = crypto::KeyType::Ed25519;
  KeyState state = KeyState::Active;
  std::chrono::sys_days created;  // by its selector, else by its file
  TimePoint changed;              // of its file: when it was made or, of an old one, when it was retired
};

struct KeyStep {
  std::string selector;
  KeyState from = KeyState::Next;
  KeyState to = KeyState::Active;
  auto operator<=>(const KeyStep&) const = default;
};

struct Rotation {
  std::vector<crypto::KeyType> make;  // nothing waits: make these, publish them, and ask again
  std::vector<std::string> check;     // these must be published before any step is taken
  std::vector<KeyStep> steps;         // in this order: at every moment some key of a type in use is active
};

/// A next key takes the place of the active ones of its type. Where no key waits but a type has several active ones, a
/// rotation was cut short: the newest stays. Otherwise new keys of the active types are to be made; of both types where
/// nothing is active.
[[nodiscard]] Rotation plan_rotation(std::span<const KeyFacts> keys);

/// When an old key may go.
[[nodiscard]] TimePoint removable_at(const KeyFacts& key);

// ---- What the DNS says ----

/// Unusable: a record that no receiver takes; Unknown: the DNS failed, which is no absence.
enum class Publication { Published, Missing, Different, Unusable, Several, Revoked, Unknown };

struct Published {
  Publication state = Publication::Unknown;
  std::string why;  // for people
};

[[nodiscard]] std::string_view to_string(Publication state);

/// Whether what `key` signs verifies with the key of the one TXT record in `answer`, and receivers may use that record.
[[nodiscard]] Published judge_publication(const dns::Answer& answer, const crypto::PrivateKey& key);

}  // namespace cas::app
