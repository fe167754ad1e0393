// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// DKIM verification of a message that streams by (RFC 6376 §6): the header when it is there, the body through
// BodyHashes, the keys from dns::Answers. Memory does not grow with the body.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "auth/body_hashes.hpp"
#include "auth/header_hash.hpp"
#include "auth/signature_check.hpp"
#include "dns/answers.hpp"

namespace cas::auth {

/// What one signature came to, or that there is none (result None).
struct DkimOutcome {
  DkimResult result = DkimResult::None;
  std::string reason;            // ours; empty with Pass and None
  std::optional<Domain> domain;  // d=
  std::string selector;
  std::string algorithm;              // as written
  std::string identity;               // i=
  std::string signature_start;        // the first eight characters of b=: which one is meant (RFC 6008)
  std::uint64_t unsigned_octets = 0;  // of the body, behind what l= covers
  bool key_is_test = false;
  bool only_body_changed = false;  // with Fail: what it signs of the header is as it was
  int rsa_bits = 0;
};

struct DkimLimits {
  std::size_t max_signatures = 16;  // from the top; what stands below is reported as one that was not looked at
};

/// One message: constructed with its header, asked at its end.
class DkimVerifier {
 public:
  /// Tells `body` what it will need. Nothing of `header` is kept; `body` outlives this.
  DkimVerifier(SignedHeader& header, BodyHashes& body, UnixTime now, DkimLimits limits = {});

  /// What outcomes() will ask the DNS: to ask early.
  [[nodiscard]] std::vector<dns::Question> questions() const;
  /// When the body is finished. One for each DKIM-Signature, top to bottom; a single None where there is none. No value
  /// while answers are missing.
  [[nodiscard]] std::optional<std::vector<DkimOutcome>> outcomes(dns::Answers& answers, DkimKeyCache& keys) const;

 private:
  struct Candidate {
    SignatureField field;
    crypto::Sha256Digest hash{};  // what is signed
    BodyHashes::Handle body = 0;
  };
  [[nodiscard]] DkimOutcome outcome(const Candidate& candidate, const dns::Answer* answer, DkimKeyCache& keys) const;

  const BodyHashes& body_;
  std::vector<Candidate> candidates_;
  std::size_t passed_over_ = 0;  // signatures beyond the limit
};

}  // namespace cas::auth
