// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A signature field being written: tags, folded where a line would be long, and the signature itself at its end.
// Internal to auth/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "auth/header_hash.hpp"
#include "base/result.hpp"
#include "crypto/keys.hpp"

namespace cas::auth {

/// "Name: a=b; c=d; ... b=": what tag() is given must be free of CR, LF and ";" and is the caller's to know so.
class SignatureWriter {
 public:
  explicit SignatureWriter(std::string_view name) : text_(std::string(name) + ':'), name_size_(name.size()) {}

  SignatureWriter& tag(std::string_view name, std::string_view value);
  /// h=, which may be folded after each colon.
  SignatureWriter& list(std::string_view name, const std::vector<std::string>& items);
  /// Signs `hash`, to which this field is added in canonical form, and returns the whole field with its final CRLF.
  /// To be called last.
  [[nodiscard]] Result<std::string> sign(crypto::Sha256 hash, Canonicalization form, const crypto::PrivateKey& key);

 private:
  void put(std::string_view word, std::string_view blank);

  std::string text_;
  std::size_t name_size_;
  std::size_t line_start_ = 0;
};

/// "rsa-sha256" or "ed25519-sha256" (RFC 8463 §3).
[[nodiscard]] std::string_view algorithm_word(crypto::KeyType type);
[[nodiscard]] std::string_view form_word(Canonicalization form);

}  // namespace cas::auth
