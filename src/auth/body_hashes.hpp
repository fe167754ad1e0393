// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// All hashes of one body that its signatures need, in one pass: each canonical form is made once, each prefix that an
// l= asks for is hashed once.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "crypto/hash.hpp"
#include "message/header.hpp"

namespace cas::auth {

/// want() for each hash, then update() as the body streams by, then finish(), then digest(). Memory does not grow with
/// the body. Not thread-safe, not movable (its parts refer to each other).
class BodyHashes {
 public:
  /// Which hash: the same wish gets the same handle.
  using Handle = std::size_t;

  BodyHashes() = default;
  BodyHashes(const BodyHashes&) = delete;
  BodyHashes& operator=(const BodyHashes&) = delete;

  /// SHA-256 of the body in that form, or of its first `length` octets (l=). Before the first update().
  Handle want(Canonicalization form, std::optional<std::uint64_t> length = std::nullopt);
  void update(std::string_view octets);
  void finish();

  // After finish():
  [[nodiscard]] const crypto::Sha256Digest& digest(Handle handle) const { return hashes_[handle]->digest; }
  /// How many octets the whole body has in the form of that hash.
  [[nodiscard]] std::uint64_t body_size(Handle handle) const;

 private:
  struct Hash {
    Canonicalization form;
    std::optional<std::uint64_t> length;
    std::uint64_t left;
    crypto::Sha256 running;
    crypto::Sha256Digest digest{};
  };
  struct Canonical {
    std::unique_ptr<BodyCanonicalizer> canonicalizer;
    std::vector<Hash*> hashes;
    std::uint64_t size = 0;
  };
  [[nodiscard]] Canonical& canonical(Canonicalization form) { return canonical_.at(static_cast<std::size_t>(form)); }
  static void take(Canonical& canonical, std::string_view octets);

  std::vector<std::unique_ptr<Hash>> hashes_;
  std::array<Canonical, 2> canonical_;
};

}  // namespace cas::auth
