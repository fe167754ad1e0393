// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What a message says about itself, checked in one pass while it streams by: its DKIM signatures and its ARC chain.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "auth/arc_validate.hpp"
#include "auth/dkim_verify.hpp"

namespace cas::auth {

struct MessageFindings {
  std::vector<DkimOutcome> dkim;
  ArcOutcome arc;
};

/// Constructed with the header section, fed the body, then finished. Nothing of the header is kept. Not thread-safe.
class MessageCheck {
 public:
  MessageCheck(const std::vector<HeaderField>& fields, UnixTime now);

  /// For hashes that somebody else wants of the same body: want() before the first update().
  [[nodiscard]] BodyHashes& body() { return body_; }
  /// What findings() will ask the DNS: to ask while the body is still on its way.
  [[nodiscard]] std::vector<dns::Question> questions() const;
  void update(std::string_view octets) { body_.update(octets); }
  void finish() { body_.finish(); }
  /// No value while answers are missing.
  [[nodiscard]] std::optional<MessageFindings> findings(dns::Answers& answers, DkimKeyCache& keys) const;

 private:
  MessageCheck(SignedHeader header, UnixTime now);

  BodyHashes body_;
  DkimVerifier dkim_;
  ArcValidator arc_;
};

}  // namespace cas::auth
