// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// As much of DER (X.690) as RSA public keys need, walked by hand: OpenSSL's decoder costs ten times a verification.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace cas::crypto {

/// The two numbers of an RSA public key, big-endian without leading zeros; views into what was parsed.
struct RsaNumbers {
  std::span<const std::uint8_t> modulus;
  std::span<const std::uint8_t> exponent;
};

/// SubjectPublicKeyInfo (RFC 5280 §4.1, algorithm rsaEncryption) or RSAPublicKey (RFC 8017 §A.1.1). None for anything
/// else: other algorithms, lengths or integers not in their shortest form, negative or zero numbers, octets left over.
[[nodiscard]] std::optional<RsaNumbers> parse_rsa_public_key(std::span<const std::uint8_t> der);

}  // namespace cas::crypto
