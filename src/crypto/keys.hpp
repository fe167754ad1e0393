// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Signing and verifying: Ed25519 (RFC 8032; libsodium, which verifies twice as fast as OpenSSL) and RSASSA-PKCS1-v1_5
// with SHA-256. What is signed is always the SHA-256 of something: Ed25519 signs the 32 octets of the hash as its
// message (RFC 8463 §3), RSA uses the hash as its digest (RFC 6376 §3.3). Keys are immutable and safe to share.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "crypto/hash.hpp"

namespace cas::crypto {

enum class KeyType { Rsa, Ed25519 };

class PrivateKey {
 public:
  /// PEM, PKCS#8 or PKCS#1. Refuses (permanently) what cannot be read, encrypted keys, key types other than RSA and
  /// Ed25519, RSA outside 2048..4096 bits or with e != 65537. The text of the key is never part of an error.
  [[nodiscard]] static Result<PrivateKey> from_pem(std::string_view pem);
  /// The 32 octets of an Ed25519 secret seed (RFC 8032 §5.1.5).
  [[nodiscard]] static Result<PrivateKey> ed25519_from_seed(std::span<const std::uint8_t> seed);

  [[nodiscard]] KeyType type() const;
  [[nodiscard]] Result<Octets> sign(const Sha256Digest& hash) const;
  /// How many octets every signature of this key has: 64 for Ed25519, as many as the modulus for RSA.
  [[nodiscard]] std::size_t signature_size() const;
  /// What the p= tag of a DKIM key record holds, in base64 (RFC 6376 §3.6.1, RFC 8463 §4).
  [[nodiscard]] std::string dkim_public_key() const;
  /// PKCS#8 PEM.
  [[nodiscard]] std::string to_pem() const;

 private:
  struct State;
  explicit PrivateKey(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

class PublicKey {
 public:
  /// The decoded p= of a key record: SubjectPublicKeyInfo or, as many publish it, PKCS#1 RSAPublicKey for RSA; 32
  /// octets for Ed25519 (under ones of small order nothing verifies). The DER is walked here, not by OpenSSL's slow
  /// decoder. Refuses RSA above 4096 or below 1024 bits and trailing octets; who needs a narrower range asks rsa_bits()
  /// and rsa_exponent_is_65537().
  [[nodiscard]] static Result<PublicKey> from_dkim(KeyType type, std::span<const std::uint8_t> p);

  [[nodiscard]] KeyType type() const;
  [[nodiscard]] int rsa_bits() const;
  [[nodiscard]] bool rsa_exponent_is_65537() const;
  /// False for any signature that does not verify, whatever is wrong with it.
  [[nodiscard]] bool verify(const Sha256Digest& hash, std::span<const std::uint8_t> signature) const;

 private:
  struct State;
  explicit PublicKey(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

/// New keys, from the library's own generator. For set-up commands; slow for RSA.
[[nodiscard]] Result<PrivateKey> generate_key(KeyType type, int rsa_bits = 2048);

}  // namespace cas::crypto
