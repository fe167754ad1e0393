// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Verifying. The EVP_PKEY of an RSA key is built once and shared; each verification has a context to itself.
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "base/guarded.hpp"
#include "crypto/der.hpp"
#include "crypto/evp.hpp"
#include "crypto/keys.hpp"
#include "crypto/sodium_ready.hpp"

namespace cas::crypto {
namespace {

constexpr int min_rsa_bits = 1024;
constexpr int max_rsa_bits = 4096;
constexpr std::size_t max_exponent_octets = 8;
constexpr std::array<std::uint8_t, 3> exponent_65537{0x01, 0x00, 0x01};

int bit_length(std::span<const std::uint8_t> number) {
  return static_cast<int>((number.size() - 1) * 8) + std::bit_width(number[0]);
}

/// What OpenSSL need not be asked: sizes, and that both numbers are odd (an even one is no RSA key, RFC 8017 §3.1).
bool is_plausible(const RsaNumbers& key) {
  const int bits = bit_length(key.modulus);
  return bits >= min_rsa_bits && bits <= max_rsa_bits && (key.modulus.back() & 1) != 0 &&
         key.exponent.size() <= max_exponent_octets && (key.exponent.back() & 1) != 0 &&
         (key.exponent.size() > 1 || key.exponent[0] > 1);
}

BignumPtr to_bignum(std::span<const std::uint8_t> number) {
  return BignumPtr(BN_bin2bn(number.data(), static_cast<int>(number.size()), nullptr));
}

PkeyPtr rsa_pkey(const RsaNumbers& key) {
  const QuietErrors quiet;
  using Builder = std::unique_ptr<OSSL_PARAM_BLD, Freer<OSSL_PARAM_BLD_free>>;
  using Params = std::unique_ptr<OSSL_PARAM, Freer<OSSL_PARAM_free>>;
  const BignumPtr n = to_bignum(key.modulus);
  const BignumPtr e = to_bignum(key.exponent);
  const Builder builder(OSSL_PARAM_BLD_new());
  const PkeyContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  if (!n || !e || !builder || !context) return nullptr;
  if (OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return nullptr;
  }
  const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
  EVP_PKEY* pkey = nullptr;
  if (!params || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &pkey, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return nullptr;
  }
  return PkeyPtr(pkey);
}

PkeyContextPtr verify_context(EVP_PKEY* key) {
  PkeyContextPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  const bool ready = context && EVP_PKEY_verify_init(context.get()) == 1 &&
                     EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1 &&
                     EVP_PKEY_CTX_set_signature_md(context.get(), EVP_sha256()) == 1;
  return ready ? std::move(context) : nullptr;
}

}  // namespace

struct PublicKey::State {
  [[nodiscard]] bool verify_rsa(const Sha256Digest& hash, std::span<const std::uint8_t> signature) const;

  KeyType type = KeyType::Ed25519;
  std::array<std::uint8_t, crypto_sign_PUBLICKEYBYTES> ed25519{};
  PkeyPtr rsa;
  /// Contexts ready to verify, which cost a fifth of a verification to make. Each is used by one thread at a time.
  mutable Guarded<std::vector<PkeyContextPtr>> idle;
  int rsa_bits = 0;
  bool exponent_is_65537 = false;
};

bool PublicKey::State::verify_rsa(const Sha256Digest& hash, std::span<const std::uint8_t> signature) const {
  constexpr std::size_t max_idle = 4;
  const QuietErrors quiet;
  auto context = idle.with([](auto& contexts) {
    PkeyContextPtr last;
    if (!contexts.empty()) {
      last = std::move(contexts.back());
      contexts.pop_back();
    }
    return last;
  });
  if (!context) context = verify_context(rsa.get());
  if (!context) return false;
  const bool ok = EVP_PKEY_verify(context.get(), signature.data(), signature.size(), hash.data(), hash.size()) == 1;
  idle.with([&](auto& contexts) {
    if (contexts.size() < max_idle) contexts.push_back(std::move(context));
  });
  return ok;
}

Result<PublicKey> PublicKey::from_dkim(KeyType type, std::span<const std::uint8_t> p) {
  auto state = std::make_shared<State>();
  state->type = type;
  if (type == KeyType::Ed25519) {
    if (!sodium_ready()) return transient("the key cannot be checked now", "libsodium does not start");
    if (p.size() != state->ed25519.size()) return permanent("an Ed25519 key has 32 octets");
    std::ranges::copy(p, state->ed25519.begin());
    return PublicKey(std::move(state));
  }
  const auto numbers = parse_rsa_public_key(p);
  if (!numbers) return permanent("not an RSA public key");
  if (!is_plausible(*numbers)) return permanent("an RSA key that is not used here");
  state->rsa = rsa_pkey(*numbers);
  if (!state->rsa) return transient("the key cannot be checked now", "OpenSSL made no key of the numbers");
  state->rsa_bits = bit_length(numbers->modulus);
  state->exponent_is_65537 = std::ranges::equal(numbers->exponent, exponent_65537);
  return PublicKey(std::move(state));
}

KeyType PublicKey::type() const {
  return state_->type;
}
int PublicKey::rsa_bits() const {
  return state_->rsa_bits;
}
bool PublicKey::rsa_exponent_is_65537() const {
  return state_->exponent_is_65537;
}

bool PublicKey::verify(const Sha256Digest& hash, std::span<const std::uint8_t> signature) const {
  if (state_->type == KeyType::Rsa) return state_->verify_rsa(hash, signature);
  // libsodium refuses keys that are not canonical, not on the curve or of small order, each time.
  return signature.size() == crypto_sign_BYTES &&
         crypto_sign_verify_detached(signature.data(), hash.data(), hash.size(), state_->ed25519.data()) == 0;
}

}  // namespace cas::crypto
