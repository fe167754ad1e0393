// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Keys of session tickets (RFC 5077 §4, RFC 8446 §4.6.1). OpenSSL keeps one key for as long as its context lives; who
// gets hold of that reads what was resumed with it. Here a key is used for an hour and known for another, then gone.
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <algorithm>

#include "net/tls_state.hpp"

namespace cas::net {

namespace {

constexpr std::chrono::hours use_time{1};
enum : int { failed = -1, no_ticket = 0, known = 1, known_but_old = 2 };  // as OpenSSL wants to be told

// The application's own place is Asio's, which deletes what stands there.
int place_in_context() {
  static const int place = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return place;
}

int use(const TicketKey& key, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, bool making) {
  std::array<OSSL_PARAM, 3> parameters{};
  std::string digest = "sha256";
  auto secret = key.mac;
  parameters[0] = OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, secret.data(), secret.size());
  parameters[1] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0);
  parameters[2] = OSSL_PARAM_construct_end();
  const bool set = EVP_MAC_CTX_set_params(mac, parameters.data()) == 1;
  OPENSSL_cleanse(secret.data(), secret.size());
  const auto* aes = EVP_aes_256_cbc();
  const bool ready = making ? EVP_EncryptInit_ex(cipher, aes, nullptr, key.cipher.data(), iv) == 1
                            : EVP_DecryptInit_ex(cipher, aes, nullptr, key.cipher.data(), iv) == 1;
  return set && ready ? known : failed;
}

// The contract is OpenSSL's: SSL_CTX_set_tlsext_ticket_key_evp_cb(3).
int on_ticket(SSL* session, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
              int making) {
  auto* keys = static_cast<TicketKeys*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(session), place_in_context()));
  const auto now = std::chrono::steady_clock::now();
  if (making == 1) {
    const auto key = keys->current(now);
    if (!key || RAND_bytes(iv, EVP_MAX_IV_LENGTH) != 1) return no_ticket;
    std::ranges::copy(key->name, name);
    return use(*key, iv, cipher, mac, true);
  }
  const auto found = keys->find(std::span<const unsigned char>(name, 16), now);
  if (!found) return no_ticket;
  const int ready = use(found->key, iv, cipher, mac, false);
  return ready == known && found->old ? known_but_old : ready;
}

}  // namespace

TicketKey::~TicketKey() {
  OPENSSL_cleanse(mac.data(), mac.size());
  OPENSSL_cleanse(cipher.data(), cipher.size());
}

void TicketKeys::rotate(State& state, Time now) {
  if (state.current && now - state.since < use_time) return;
  const bool just_now = state.current && now - state.since < 2 * use_time;
  state.former = just_now ? std::exchange(state.current, {}) : std::nullopt;
  TicketKey fresh;
  const bool drawn = RAND_bytes(fresh.name.data(), static_cast<int>(fresh.name.size())) == 1 &&
                     RAND_priv_bytes(fresh.mac.data(), static_cast<int>(fresh.mac.size())) == 1 &&
                     RAND_priv_bytes(fresh.cipher.data(), static_cast<int>(fresh.cipher.size())) == 1;
  state.current = drawn ? std::optional(fresh) : std::nullopt;
  state.since = now;
}

std::optional<TicketKey> TicketKeys::current(Time now) {
  return state_.with([&](State& state) {
    rotate(state, now);
    return state.current;
  });
}

std::optional<TicketKeys::Found> TicketKeys::find(std::span<const unsigned char> name, Time now) {
  return state_.with([&](State& state) -> std::optional<Found> {
    rotate(state, now);
    const auto is = [&](const auto& key) { return key && std::ranges::equal(key->name, name); };
    if (is(state.current)) return Found{.key = *state.current, .old = false};
    if (is(state.former)) return Found{.key = *state.former, .old = true};
    return std::nullopt;
  });
}

void TicketKeys::serve(SSL_CTX* context) {
  SSL_CTX_set_ex_data(context, place_in_context(), this);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
}

}  // namespace cas::net
