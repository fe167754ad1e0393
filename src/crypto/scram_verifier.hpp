// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What a server keeps of a password for SCRAM-SHA-256 (RFC 5802 §3, RFC 7677). Made with PBKDF2: whoever steals it
// guesses far faster than at an Argon2id string.
#pragma once

#include <string>
#include <string_view>

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "crypto/hash.hpp"

namespace cas::crypto {

struct ScramVerifier {
  static constexpr unsigned least_iterations = 4096;  // RFC 7677 §4
  static constexpr unsigned most_iterations = 10'000'000;
  static constexpr std::size_t least_salt = 8;
  static constexpr std::size_t most_salt = 64;  // octets

  unsigned iterations = least_iterations;
  Octets salt;
  Sha256Digest stored_key{};
  Sha256Digest server_key{};

  /// "SCRAM-SHA-256$ITERATIONS:SALT$StoredKey:ServerKey", the last three in base64 (RFC 5803 §2).
  [[nodiscard]] std::string text() const;
  /// One spelling for each value. Permanent error.
  [[nodiscard]] static Result<ScramVerifier> parse(std::string_view text);
  bool operator==(const ScramVerifier&) const = default;
};

}  // namespace cas::crypto
