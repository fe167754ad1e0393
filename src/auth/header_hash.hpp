// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Which header fields a signature covers, and their hash (RFC 6376 §3.7, §5.4.2). The header is indexed once for all
// signatures of a message, and each canonical form is made once.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "crypto/hash.hpp"
#include "message/header.hpp"

namespace cas::auth {

/// Views into the header section and `fields`, which both outlive it. Not thread-safe.
class SignedHeader {
 public:
  explicit SignedHeader(const std::vector<HeaderField>& fields);

  [[nodiscard]] const std::vector<HeaderField>& fields() const { return fields_; }
  /// Adds the fields that `names` (lower case) select to the hash: a name's first mention is its lowest field, the next
  /// one the field above it; a name that has no field left adds nothing. `own` (an index, or npos) is passed over: no
  /// signature covers itself by name.
  void hash(crypto::Sha256& hash, const std::vector<std::string>& names, Canonicalization form, std::size_t own);
  static constexpr std::size_t npos = static_cast<std::size_t>(-1);

 private:
  [[nodiscard]] std::string_view canonical(std::size_t index, Canonicalization form);

  const std::vector<HeaderField>& fields_;
  std::unordered_map<std::string, std::vector<std::size_t>> by_name_;  // top to bottom
  std::vector<std::string> relaxed_;                                   // made when first needed
};

}  // namespace cas::auth
