// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The message digest c1 (CAS §4.4): which message the signer meant. Salted by the intent's id; unchanged by refolding,
// field name case, trailing blanks and added trace fields; changed by a second From or any edit of the body.
#pragma once

#include <string_view>
#include <vector>

#include "confirm/intent.hpp"
#include "crypto/hash.hpp"
#include "message/header.hpp"

namespace cas::confirm {

/// The two halves, which do not depend on the intent: compute once, combine for every intent of the message.
struct MessageHashes {
  crypto::Sha256Digest header{};
  crypto::Sha256Digest body{};
  bool operator==(const MessageHashes&) const = default;
};

[[nodiscard]] crypto::Sha256Digest header_hash(const std::vector<HeaderField>& fields);
[[nodiscard]] crypto::Sha256Digest digest_c1(const IntentId& id, const MessageHashes& hashes);

/// The body half while the body streams by. Not thread-safe, not movable (its parts refer to each other).
class BodyHasher {
 public:
  BodyHasher();
  BodyHasher(const BodyHasher&) = delete;
  BodyHasher& operator=(const BodyHasher&) = delete;
  void update(std::string_view octets) { canonical_.update(octets); }
  [[nodiscard]] crypto::Sha256Digest finish();

 private:
  crypto::Sha256 hash_;
  BodyCanonicalizer canonical_;
};

}  // namespace cas::confirm
