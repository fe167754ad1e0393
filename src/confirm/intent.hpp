// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The signed intent (CAS §4): the only credential that SMTP commands carry. One canonical spelling for each value:
// parse(print(x)) = x, and every other spelling is refused.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.hpp"
#include "base/time.hpp"
#include "confirm/reason.hpp"
#include "crypto/keys.hpp"
#include "message/address.hpp"

namespace cas::confirm {

using IntentId = std::array<std::uint8_t, 16>;

enum class Algorithm { Ed25519Sha256, RsaSha256 };
enum class Class { Personal, Transactional, Bulk, Automatic };

inline constexpr std::size_t max_intent_recipients = 100;  // CAS §20
inline constexpr std::size_t max_confirm_line = 8192;      // with "CONFIRM " and CRLF
inline constexpr std::size_t max_intent_line = max_confirm_line - std::string_view("CONFIRM \r\n").size();
inline constexpr std::chrono::seconds clock_skew{300};             // CAS §20
inline constexpr std::chrono::seconds ledger_keep{5 * 24 * 3600};  // after x + skew (CAS §10.5)

/// k: "p", "t", "b", "a".
[[nodiscard]] std::string_view letter(Class klass);
[[nodiscard]] std::optional<Class> read_class(std::string_view text);

/// Longest x - t: 24 h for personal and automatic, 72 h for transactional and bulk (CAS §4.8).
[[nodiscard]] std::chrono::seconds max_lifetime(Class klass);

struct Intent {
  IntentId id{};
  Domain signing_domain;  // d
  std::string selector;   // s
  Algorithm algorithm = Algorithm::Ed25519Sha256;
  UnixTime issued;                             // t
  UnixTime expires;                            // x
  std::optional<Mailbox> envelope_from;        // f; none is the null path
  Domain recipient_domain;                     // q
  std::vector<LocalPart> recipients;           // r; sorted by the octets of their encoded spelling, none twice, 1..100
  Mailbox author;                              // o
  Class klass = Class::Personal;               // k
  std::optional<std::string> list_id;          // l; exactly when bulk
  bool forwarded = false;                      // w=fwd
  std::optional<crypto::Sha256Digest> digest;  // m; none ("-") only in a preflight
  Octets signature;                            // b

  [[nodiscard]] bool lists(const Mailbox& recipient) const;
  bool operator==(const Intent&) const = default;
};

/// The line without "CONFIRM " and CRLF. Reasons: Syntax, Version, Algorithm, TooLong. Nothing is judged here but
/// the grammar: order, spelling, sortedness, k=b iff l. Version and Algorithm are said only of lines that have the
/// form of a later CAS: anything else is Syntax.
[[nodiscard]] std::expected<Intent, Reason> parse_intent(std::string_view line);
/// The canonical line. The intent must be one that parse_intent could give (sort_recipients helps).
[[nodiscard]] std::string print_intent(const Intent& intent);
/// Into the order of the line, dropping repetitions. Percent-encoded spellings are compared, not decoded values: what
/// stands on the line can be checked by reading the line.
void sort_recipients(Intent& intent);

/// SHA-256 of "CAS1 INTENT" LF and the line through ";b=" (CAS §4.5).
[[nodiscard]] crypto::Sha256Digest signature_hash(std::string_view line);
/// Fills algorithm and signature.
[[nodiscard]] Result<void> sign_intent(Intent& intent, const crypto::PrivateKey& key);
/// Whether `line` (which gave `intent`) was signed with that key, of the right type; RSA only 2048..4096, e = 65537.
[[nodiscard]] bool verify_intent(const Intent& intent, std::string_view line, const crypto::PublicKey& key);

/// A mailbox in the intent's spelling: percent-encoded local part "@" domain (CAS §4.2: addr). None for address
/// literals and for domains with "_", which the grammar has no place for.
[[nodiscard]] std::optional<std::string> print_addr(const Mailbox& mailbox);
[[nodiscard]] std::string percent_encode(std::string_view value);

/// Intent identifiers are derived, not drawn: the first 128 bits of HMAC-SHA-256(secret, queue id, recipient domain).
/// So a sender that crashed after the end of data shows the same intent again without having written it down.
[[nodiscard]] IntentId derive_intent_id(std::span<const std::uint8_t> secret, std::string_view queue_id,
                                        const Domain& recipient_domain);

}  // namespace cas::confirm
