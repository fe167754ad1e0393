// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// RFC 6376 §6.1 for each signature; none is let decide about another.
#include "auth/dkim_verify.hpp"

#include <algorithm>

#include "base/encoding.hpp"

namespace cas::auth {

namespace {

crypto::Sha256Digest signed_hash(SignedHeader& header, std::size_t own, const SignatureField& signature) {
  crypto::Sha256 hash;
  header.hash(hash, signature.headers, signature.header_form, own);
  hash.update(without_signature(header.fields()[own], signature.header_form));
  return hash.finish();
}

}  // namespace

DkimVerifier::DkimVerifier(SignedHeader& header, BodyHashes& body, UnixTime now, DkimLimits limits) : body_(body) {
  const auto& fields = header.fields();
  for (std::size_t index = 0; index < fields.size(); ++index) {
    if (!iequals(fields[index].name, "DKIM-Signature")) continue;
    if (candidates_.size() == limits.max_signatures) {
      ++passed_over_;
      continue;
    }
    Candidate candidate{.field = parse_signature(SignatureKind::Dkim, fields[index].value, now)};
    if (!candidate.field.fault) {
      candidate.hash = signed_hash(header, index, candidate.field);
      candidate.body = body.want(candidate.field.body_form, candidate.field.body_length);
    }
    candidate.field.headers = std::vector<std::string>();  // hashed; sixteen times what the header is long
    candidates_.push_back(std::move(candidate));
  }
}

std::vector<dns::Question> DkimVerifier::questions() const {
  std::vector<dns::Question> questions;
  for (const auto& candidate : candidates_) {
    if (!candidate.field.fault) questions.push_back(key_question(candidate.field));
  }
  return questions;
}

std::optional<std::vector<DkimOutcome>> DkimVerifier::outcomes(dns::Answers& answers, DkimKeyCache& keys) const {
  std::vector<const dns::Answer*> known;
  bool complete = true;
  for (const auto& candidate : candidates_) {
    known.push_back(candidate.field.fault ? nullptr : answers.find(key_question(candidate.field)));
    complete = complete && (candidate.field.fault || known.back() != nullptr);
  }
  if (!complete) return std::nullopt;
  std::vector<DkimOutcome> outcomes;
  for (std::size_t n = 0; n < candidates_.size(); ++n) outcomes.push_back(outcome(candidates_[n], known[n], keys));
  if (passed_over_ > 0) {
    DkimOutcome rest;
    rest.result = DkimResult::Policy;
    rest.reason = std::to_string(passed_over_) + " more signatures were not looked at";
    outcomes.push_back(std::move(rest));
  }
  if (outcomes.empty()) outcomes.emplace_back();
  return outcomes;
}

DkimOutcome DkimVerifier::outcome(const Candidate& candidate, const dns::Answer* answer, DkimKeyCache& keys) const {
  const SignatureField& field = candidate.field;
  DkimOutcome outcome;
  outcome.domain = field.domain;
  outcome.selector = field.selector;
  outcome.algorithm = field.algorithm;
  outcome.identity = field.identity;
  outcome.signature_start = field.signature_text.substr(0, 8);
  if (field.fault) {
    outcome.result = field.fault->result;
    outcome.reason = field.fault->reason;
    return outcome;
  }
  const std::uint64_t size = body_.body_size(candidate.body);
  if (field.body_length && *field.body_length > size) {
    outcome.result = DkimResult::PermError;  // RFC 6376 §3.5, l=
    outcome.reason = "it signs more of the body than there is";
    return outcome;
  }
  // The key first: without one nobody knows whether the signature was ever right (RFC 6376 §6.1.2 before §6.1.3).
  auto verdict = check_signature(field, candidate.hash, *answer, keys);
  outcome.result = verdict.result;
  outcome.reason = std::move(verdict.reason);
  outcome.key_is_test = verdict.key_is_test;
  outcome.rsa_bits = verdict.rsa_bits;
  if (outcome.result != DkimResult::Pass && outcome.result != DkimResult::Fail) return outcome;
  if (!std::ranges::equal(field.body_hash, body_.digest(candidate.body))) {
    outcome.only_body_changed = outcome.result == DkimResult::Pass;
    outcome.result = DkimResult::Fail;
    outcome.reason = "the body was changed";
  }
  if (outcome.result == DkimResult::Pass && field.body_length) outcome.unsigned_octets = size - *field.body_length;
  return outcome;
}

}  // namespace cas::auth
