// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The DKIM key record (RFC 6376 §3.6.1, RFC 8463 §4): selector._domainkey.domain TXT.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/keys.hpp"
#include "message/address.hpp"

namespace cas::auth {

struct DkimKeyRecord {
  bool testing = false;          // t=y
  bool strict_identity = false;  // t=s: no subdomains
  bool for_email = true;         // s= includes "email" or "*"
  bool sha256_allowed = true;    // h= absent or includes sha256
  bool revoked = false;          // empty p=
  crypto::KeyType type = crypto::KeyType::Rsa;
  std::optional<crypto::PublicKey> key;  // absent when revoked
};

/// WeakKey: an RSA key below 1024 bits (RFC 8301 §3.2). BadKey: no key at all, or one that is not used here.
enum class DkimKeyError { Syntax, Version, KeyType, BadKey, WeakKey };

inline constexpr std::size_t max_dkim_key_record = 4096;  // octets; CAS §20

/// One TXT record's text. v= must be first and DKIM1 where present; unknown tags are ignored.
[[nodiscard]] std::expected<DkimKeyRecord, DkimKeyError> parse_dkim_key(std::string_view text);

/// "v=DKIM1; k=ed25519; p=..." for publishing.
[[nodiscard]] std::string format_dkim_key(const crypto::PrivateKey& key);

/// selector._domainkey.domain
[[nodiscard]] std::string dkim_key_name(std::string_view selector, const Domain& domain);

}  // namespace cas::auth
