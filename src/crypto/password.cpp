// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Argon2id through libsodium.
#include "crypto/password.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>

#include "base/encoding.hpp"
#include "crypto/sodium_ready.hpp"

namespace cas::crypto {
namespace {

/// "name=" and a number of 1 to 10 digits, followed by `end`; what was read is taken off the front.
bool take_parameter(std::string_view& text, std::string_view name, char end) {
  if (!text.starts_with(name)) return false;
  text.remove_prefix(name.size());
  const auto digits = static_cast<std::size_t>(std::ranges::find_if_not(text, is_digit) - text.begin());
  if (digits < 1 || digits > 10 || digits == text.size() || text[digits] != end) return false;
  text.remove_prefix(digits + 1);
  return true;
}

bool is_base64_field(std::string_view text) {
  return text.size() >= 11 && std::ranges::all_of(text, [](char c) { return is_alnum(c) || c == '+' || c == '/'; });
}

}  // namespace

Result<std::string> hash_password(std::string_view password) {
  if (!sodium_ready()) return transient("passwords cannot be hashed now", "libsodium does not start");
  std::array<char, crypto_pwhash_STRBYTES> out{};
  const int failed =
      crypto_pwhash_str_alg(out.data(), password.data(), password.size(), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                            crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13);
  if (failed != 0) return transient("passwords cannot be hashed now", "not enough memory for Argon2id");
  return std::string(out.data());
}

bool verify_password(std::string_view hash, std::string_view password) {
  if (!is_password_hash(hash) || !sodium_ready()) return false;
  const std::string terminated(hash);
  return crypto_pwhash_str_verify(terminated.c_str(), password.data(), password.size()) == 0;
}

bool is_password_hash(std::string_view text) {
  // $argon2id$v=19$m=65536,t=2,p=1$salt$hash
  constexpr std::string_view prefix = "$argon2id$v=19$";
  if (text.size() >= crypto_pwhash_STRBYTES || !text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  if (!take_parameter(text, "m=", ',') || !take_parameter(text, "t=", ',') || !take_parameter(text, "p=", '$')) {
    return false;
  }
  const auto dollar = text.find('$');
  return dollar != std::string_view::npos && is_base64_field(text.substr(0, dollar)) &&
         is_base64_field(text.substr(dollar + 1));
}

}  // namespace cas::crypto
