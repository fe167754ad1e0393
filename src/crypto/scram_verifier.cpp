// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See scram_verifier.hpp.
#include "crypto/scram_verifier.hpp"

#include <algorithm>
#include <charconv>

namespace cas::crypto {

namespace {

constexpr std::string_view scheme = "SCRAM-SHA-256$";
constexpr std::size_t longest = 256;

std::string_view take(std::string_view& text, char end) {
  const std::string_view part = text.substr(0, text.find(end));
  text.remove_prefix(std::min(text.size(), part.size() + 1));
  return part;
}

bool read_key(std::string_view text, Sha256Digest& key) {
  const auto octets = from_base64(text);
  if (!octets || octets->size() != key.size()) return false;
  std::ranges::copy(*octets, key.begin());
  return true;
}

}  // namespace

std::string ScramVerifier::text() const {
  return std::string(scheme) + std::to_string(iterations) + ':' + base64(salt) + '$' + base64(stored_key) + ':' +
         base64(server_key);
}

Result<ScramVerifier> ScramVerifier::parse(std::string_view text) {
  const std::string_view whole = text;
  const auto fault = [] { return permanent("this is no SCRAM-SHA-256 verifier"); };
  if (text.size() > longest || !text.starts_with(scheme)) return fault();
  text.remove_prefix(scheme.size());
  ScramVerifier verifier;
  const std::string_view iterations = take(text, ':');
  const auto [end, error] =
      std::from_chars(iterations.data(), iterations.data() + iterations.size(), verifier.iterations);
  if (error != std::errc{} || end != iterations.data() + iterations.size()) return fault();
  if (verifier.iterations < least_iterations || verifier.iterations > most_iterations) return fault();
  auto salt = from_base64(take(text, '$'));
  if (!salt || salt->size() < least_salt || salt->size() > most_salt) return fault();
  verifier.salt = *std::move(salt);
  if (!read_key(take(text, ':'), verifier.stored_key) || !read_key(text, verifier.server_key)) return fault();
  if (verifier.text() != whole) return fault();  // leading zeros, separators too many
  return verifier;
}

}  // namespace cas::crypto
