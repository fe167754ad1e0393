// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// DNS records as text to paste into a zone.
#pragma once

#include <string>
#include <string_view>

#include "crypto/keys.hpp"

namespace cas::cmd {

/// The DKIM key record (RFC 6376 §3.6.1; RFC 8463 §4): "v=DKIM1; k=ed25519; p=...".
[[nodiscard]] std::string key_record(crypto::KeyType type, const std::string& public_key);

/// A TXT value in master-file syntax: character-strings of at most 255 octets (RFC 1035 §3.3.14), quoted and, when
/// there are several, in parentheses. The value holds neither quotes nor backslashes.
[[nodiscard]] std::string txt_strings(std::string_view value);

}  // namespace cas::cmd
