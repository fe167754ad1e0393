// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 and HMAC (OpenSSL EVP; libsodium only where it is faster). Pure: no randomness, no files.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace cas::crypto {

using Sha256Digest = std::array<std::uint8_t, 32>;

/// A running SHA-256. Movable; not thread-safe. Running out of memory is the only failure: std::bad_alloc.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  Sha256& update(std::string_view octets);
  Sha256& update(std::span<const std::uint8_t> octets);
  /// The digest; afterwards the object may only be destroyed or assigned to.
  [[nodiscard]] Sha256Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

[[nodiscard]] Sha256Digest sha256(std::string_view octets);
/// For TLSA records (RFC 6698 §2.1.3); nothing else here uses it.
[[nodiscard]] std::array<std::uint8_t, 64> sha512(std::span<const std::uint8_t> octets);
[[nodiscard]] Sha256Digest hmac_sha256(std::span<const std::uint8_t> key, std::string_view octets);
/// In time that does not depend on the contents.
[[nodiscard]] bool equal_constant_time(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b);

}  // namespace cas::crypto
