// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// DNS records as text to paste into a zone.
#pragma once

#include <string>

#include "crypto/keys.hpp"
#include "setup/zone_text.hpp"

namespace cas::cmd {

/// The DKIM key record (RFC 6376 §3.6.1; RFC 8463 §4): "v=DKIM1; k=ed25519; p=...".
[[nodiscard]] std::string key_record(crypto::KeyType type, const std::string& public_key);

using setup::txt_strings;

}  // namespace cas::cmd
