// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Passwords as Argon2id strings ("$argon2id$v=19$m=...", libsodium). Slow on purpose: never on an I/O thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace cas::crypto {

/// With libsodium's interactive limits. Transient error when there is not enough memory.
[[nodiscard]] Result<std::string> hash_password(std::string_view password);
/// False for a wrong password and for a string that is no Argon2id hash.
[[nodiscard]] bool verify_password(std::string_view hash, std::string_view password);
/// Whether the text has the form of an Argon2id hash that verify_password can check.
[[nodiscard]] bool is_password_hash(std::string_view text);

}  // namespace cas::crypto
