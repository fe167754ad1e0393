// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The header token (CAS §14): what a preflight hands out for one confirmed recipient, and a message carries in
// CAS-Confirmation. The receiver alone can make and check it. One spelling for each value, as in the intent.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "confirm/intent.hpp"

namespace cas::confirm {

using TokenMac = std::array<std::uint8_t, 16>;

inline constexpr std::size_t min_token_secret = 32;  // CAS §14.2

struct Token {
  std::string kid;        // names a secret of the receiver: 1 to 16 of a-z and 0-9
  Class klass{};          // k of the intent
  UnixTime expires;       // x
  IntentId id{};          // i
  Domain signing_domain;  // d
  TokenMac mac{};
  bool operator==(const Token&) const = default;
};

/// What a token is bound to beside what stands in it: the transaction and the message that it came with.
struct TokenBinding {
  ReversePath mail_from;               // f
  Mailbox recipient;                   // r and q
  Mailbox author;                      // o
  std::optional<std::string> list_id;  // l, decoded; exactly when bulk
  crypto::Sha256Digest digest{};       // m
};

/// None for everything that print_token would not write.
[[nodiscard]] std::optional<Token> parse_token(std::string_view text);
[[nodiscard]] std::string print_token(const Token& token);

/// The token for one recipient of an intent. A permanent error for a secret below 32 octets, a kid out of form, an
/// intent without a digest (m=-) or with w=fwd, and a recipient that it does not list.
[[nodiscard]] Result<Token> make_token(std::span<const std::uint8_t> secret, std::string_view kid, const Intent& intent,
                                       const LocalPart& recipient);

/// Whether the token was made with this secret for this binding; the MACs are compared in constant time. Which secret
/// the kid names, and whether the token has expired, is for the caller. False for addresses that no intent can name.
[[nodiscard]] bool check_token(std::span<const std::uint8_t> secret, const Token& token, const TokenBinding& binding);

}  // namespace cas::confirm
