// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// An intent as text, tag by tag, that is signed as it stands, right or wrong: what a receiver is asked to refuse must
// fail for nothing else than the one rule it breaks. Pure; it shares nothing with the intent of confirm/.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/keys.hpp"

namespace cas::conformance {

struct Tag {
  std::string name, value;
};

struct Statement {
  std::vector<Tag> tags;  // v to m; b is added when it is signed
  std::string before;     // stands before "v=", signed too
  std::string after;      // stands behind the signature
  std::function<std::string(std::string)> respell_signature;

  [[nodiscard]] const std::string& value(std::string_view name) const;
  void set(std::string_view name, std::string value);
  /// Before the tag `next`.
  void insert(std::string_view next, Tag tag);
  void remove(std::string_view name);
  void swap(std::string_view a, std::string_view b);

  /// "v=CAS1;...;b=..." (CAS §4.5).
  [[nodiscard]] Result<std::string> sign(const crypto::PrivateKey& key) const;

 private:
  [[nodiscard]] std::vector<Tag>::iterator find(std::string_view name);
};

struct StatementFacts {
  std::string id, signing_domain, selector, envelope_from, recipient_domain, author;
  std::vector<std::string> recipients;  // local parts, encoded; sorted here
  crypto::KeyType key_type = crypto::KeyType::Ed25519;
  UnixTime issued, expires;
};
/// A right one of class p, without a value for m.
[[nodiscard]] Statement state(StatementFacts facts);

/// Seconds as the line writes them.
[[nodiscard]] std::string seconds_text(UnixTime time);

}  // namespace cas::conformance
