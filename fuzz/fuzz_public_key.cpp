// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Public keys: DER that is walked by hand. What is accepted has a size within bounds and verifies nothing that nobody
// signed; OpenSSL's own decoder, where it accepts the octets too, finds the same size.
#include <openssl/x509.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "crypto/keys.hpp"

namespace {

using namespace cas;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_rsa(std::span<const std::uint8_t> der) {
  const auto key = crypto::PublicKey::from_dkim(crypto::KeyType::Rsa, der);
  if (!key) return;
  require(key->rsa_bits() >= 1024 && key->rsa_bits() <= 4096);
  const Octets nothing(static_cast<std::size_t>((key->rsa_bits() + 7) / 8), 0);
  require(!key->verify(crypto::sha256("x"), nothing));

  const unsigned char* at = der.data();
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> theirs(
      d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())), EVP_PKEY_free);
  require(!theirs || EVP_PKEY_get_bits(theirs.get()) == key->rsa_bits());
}

void check_ed25519(std::span<const std::uint8_t> octets) {
  const auto key = crypto::PublicKey::from_dkim(crypto::KeyType::Ed25519, octets);
  if (!key) return;
  require(octets.size() == 32);
  require(!key->verify(crypto::sha256("x"), Octets(64, 0)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check_rsa({data, size});
  check_ed25519({data, size});
  return 0;
}
