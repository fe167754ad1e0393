// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Hashes through OpenSSL EVP. The algorithm is fetched once: EVP_sha256() would look it up again at every init.
#include "crypto/hash.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <new>
#include <utility>

namespace cas::crypto {
namespace {

const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return fetched != nullptr ? fetched : EVP_sha256();
}

void require(bool ok) {
  if (!ok) throw std::bad_alloc();
}

}  // namespace

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  require(state_->context != nullptr && EVP_DigestInit_ex2(state_->context, sha256_algorithm(), nullptr) == 1);
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

Sha256& Sha256::update(std::string_view octets) {
  require(EVP_DigestUpdate(state_->context, octets.data(), octets.size()) == 1);
  return *this;
}

Sha256& Sha256::update(std::span<const std::uint8_t> octets) {
  require(EVP_DigestUpdate(state_->context, octets.data(), octets.size()) == 1);
  return *this;
}

Sha256Digest Sha256::finish() {
  Sha256Digest digest{};
  require(EVP_DigestFinal_ex(state_->context, digest.data(), nullptr) == 1);
  return digest;
}

Sha256Digest sha256(std::string_view octets) {
  return Sha256().update(octets).finish();
}

std::array<std::uint8_t, 64> sha512(std::span<const std::uint8_t> octets) {
  std::array<std::uint8_t, 64> digest{};
  require(EVP_Digest(octets.data(), octets.size(), digest.data(), nullptr, EVP_sha512(), nullptr) == 1);
  return digest;
}

Sha256Digest hmac_sha256(std::span<const std::uint8_t> key, std::string_view octets) {
  Sha256Digest mac{};
  unsigned int size = mac.size();
  // A null key would mean "the key of before" to OpenSSL; an empty one has to point somewhere.
  const void* key_data = key.empty() ? static_cast<const void*>("") : key.data();
  require(HMAC(sha256_algorithm(), key_data, static_cast<int>(key.size()),
               reinterpret_cast<const unsigned char*>(octets.data()), octets.size(), mac.data(), &size) != nullptr);
  return mac;
}

bool equal_constant_time(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace cas::crypto
