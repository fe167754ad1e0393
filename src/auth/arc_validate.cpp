// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// RFC 8617 §5.2, steps 4 to 6. Message signatures of earlier sets are not looked at: those who handled the message
// since have changed it, and their seals say what they found.
#include "auth/arc_validate.hpp"

#include <algorithm>
#include <utility>

namespace cas::auth {

namespace {

crypto::Sha256Digest message_hash(SignedHeader& header, const ArcSet& set) {
  const auto form = set.message_signature.header_form;
  crypto::Sha256 hash;
  header.hash(hash, set.message_signature.headers, form, set.message);
  hash.update(without_signature(header.fields()[set.message], form));
  return hash.finish();
}

crypto::Sha256Digest seal_hash(const std::vector<HeaderField>& fields, const std::vector<ArcSet>& sets,
                               std::size_t count) {
  crypto::Sha256 hash;
  hash_sets(hash, fields, sets, count);
  hash.update(without_signature(fields[sets[count - 1].seal], Canonicalization::Relaxed));
  return hash.finish();
}

ArcOutcome failed(std::string reason) {
  ArcOutcome outcome;
  outcome.result = ArcResult::Fail;
  outcome.reason = std::move(reason);
  return outcome;
}

}  // namespace

std::string_view to_string(ArcResult result) {
  switch (result) {
    case ArcResult::None: return "none";
    case ArcResult::Pass: return "pass";
    case ArcResult::Fail: return "fail";
  }
  std::unreachable();
}

ArcValidator::ArcValidator(SignedHeader& header, BodyHashes& body, UnixTime now)
    : body_(body), chain_(read_arc_chain(header.fields(), now)) {
  if (chain_.fault.empty() && !chain_.empty()) {
    if (const auto& fault = chain_.sets.back().message_signature.fault) {
      chain_.fault = "the last message signature: " + fault->reason;
    }
  }
  if (!chain_.fault.empty()) chain_.sets.clear();  // of no more use, and large where somebody wants it so
  if (!chain_.empty() && chain_.fault.empty()) gather(header, body);
}

void ArcValidator::gather(SignedHeader& header, BodyHashes& body) {
  const auto& sets = chain_.sets;
  const ArcSet& last = sets.back();
  body_hash_ = body.want(last.message_signature.body_form, last.message_signature.body_length);
  signatures_.push_back(Signed{
      .what = "the last message signature", .field = &last.message_signature, .hash = message_hash(header, last)});
  for (std::size_t count = sets.size(); count > 0; --count) {
    signatures_.push_back(Signed{.what = "the seal of set " + std::to_string(count),
                                 .field = &sets[count - 1].seal_signature,
                                 .hash = seal_hash(header.fields(), sets, count)});
  }
  for (const ArcSet& set : sets) {
    earlier_results_.emplace_back(parse_arc_results(header.fields()[set.results].value)->payload);
  }
  results_ = std::move(earlier_results_.back());
  earlier_results_.pop_back();
  for (ArcSet& set : chain_.sets) set.message_signature.headers = std::vector<std::string>();  // hashed
}

std::vector<dns::Question> ArcValidator::questions() const {
  std::vector<dns::Question> questions;
  for (const auto& signature : signatures_) questions.push_back(key_question(*signature.field));
  return questions;
}

std::optional<ArcOutcome> ArcValidator::outcome(dns::Answers& answers, DkimKeyCache& keys) const {
  if (chain_.empty()) return ArcOutcome();
  if (!chain_.fault.empty()) return failed(chain_.fault);
  bool complete = true;
  for (const auto& signature : signatures_) {
    complete = answers.find(key_question(*signature.field)) != nullptr && complete;
  }
  if (!complete) return std::nullopt;
  const auto& message = *signatures_.front().field;
  if (message.body_length && *message.body_length > body_.body_size(body_hash_)) {
    return failed("the last message signature signs more of the body than there is");
  }
  if (!std::ranges::equal(message.body_hash, body_.digest(body_hash_))) return failed("the body was changed");
  ArcOutcome outcome;
  for (const auto& signature : signatures_) {
    const auto* answer = answers.find(key_question(*signature.field));
    const auto verdict = check_signature(*signature.field, signature.hash, *answer, keys);
    if (verdict.result == DkimResult::Pass) continue;
    outcome = failed(signature.what + ": " + verdict.reason);
    outcome.lookup_failed = verdict.result == DkimResult::TempError;
    return outcome;
  }
  outcome.result = ArcResult::Pass;
  for (const auto& set : chain_.sets) outcome.sealers.push_back(*set.seal_signature.domain);
  outcome.results = results_;
  outcome.earlier_results = earlier_results_;
  return outcome;
}

}  // namespace cas::auth
