// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// One header index and one set of body hashes for both.
#include "auth/message_check.hpp"

namespace cas::auth {

MessageCheck::MessageCheck(const std::vector<HeaderField>& fields, UnixTime now)
    : MessageCheck(SignedHeader(fields), now) {}

MessageCheck::MessageCheck(SignedHeader header, UnixTime now) : dkim_(header, body_, now), arc_(header, body_, now) {}

std::vector<dns::Question> MessageCheck::questions() const {
  auto questions = dkim_.questions();
  for (auto& question : arc_.questions()) questions.push_back(std::move(question));
  return questions;
}

std::optional<MessageFindings> MessageCheck::findings(dns::Answers& answers, DkimKeyCache& keys) const {
  auto dkim = dkim_.outcomes(answers, keys);
  auto arc = arc_.outcome(answers, keys);
  if (!dkim || !arc) return std::nullopt;
  return MessageFindings{.dkim = *std::move(dkim), .arc = *std::move(arc)};
}

}  // namespace cas::auth
