// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Validation of an ARC chain (RFC 8617 §5.2), streaming like DKIM's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "auth/arc_chain.hpp"
#include "auth/body_hashes.hpp"
#include "auth/signature_check.hpp"
#include "dns/answers.hpp"

namespace cas::auth {

enum class ArcResult { None, Pass, Fail };
[[nodiscard]] std::string_view to_string(ArcResult result);

struct ArcOutcome {
  ArcResult result = ArcResult::None;
  std::string reason;                        // with Fail
  bool lookup_failed = false;                // Fail because a key could not be looked up now
  std::vector<Domain> sealers;               // with Pass: d= of each seal, from the first set
  std::string results;                       // with Pass: what the last sealer says it found, after "i=N;"
  std::vector<std::string> earlier_results;  // with Pass: the same of the sealers before, from the first
};

/// One message: constructed with its header, of which nothing is kept, asked at its end. `body` outlives this.
class ArcValidator {
 public:
  ArcValidator(SignedHeader& header, BodyHashes& body, UnixTime now);
  ArcValidator(const ArcValidator&) = delete;  // its parts refer to each other
  ArcValidator& operator=(const ArcValidator&) = delete;

  [[nodiscard]] std::vector<dns::Question> questions() const;
  /// When the body is finished. No value while answers are missing.
  [[nodiscard]] std::optional<ArcOutcome> outcome(dns::Answers& answers, DkimKeyCache& keys) const;

 private:
  struct Signed {
    std::string what;  // for the reason: "the seal of set 2"
    const SignatureField* field = nullptr;
    crypto::Sha256Digest hash{};
  };
  void gather(SignedHeader& header, BodyHashes& body);

  const BodyHashes& body_;
  ArcChain chain_;
  std::vector<Signed> signatures_;  // the last message signature, then the seals from the last to the first
  BodyHashes::Handle body_hash_ = 0;
  std::string results_;
  std::vector<std::string> earlier_results_;
};

}  // namespace cas::auth
