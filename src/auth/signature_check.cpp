// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Key records one by one, the first reason kept.
#include "auth/signature_check.hpp"

#include <optional>

namespace cas::auth {
namespace {

constexpr std::size_t max_records = 4;

SignatureVerdict verdict(DkimResult result, std::string reason) {
  return SignatureVerdict{.result = result, .reason = std::move(reason)};
}

std::string_view reason_for(DkimKeyError error) {
  switch (error) {
    case DkimKeyError::Syntax: return "the key record cannot be read";
    case DkimKeyError::Version: return "the record at the key's name is not DKIM1";
    case DkimKeyError::KeyType: return "the key is of a type that is not known";
    case DkimKeyError::BadKey: return "the key in the record is damaged";
    case DkimKeyError::WeakKey: return "the key has less than 1024 bits";
  }
  return "the key cannot be used";
}

/// What the record says about signatures of this kind; none: nothing against it.
std::optional<SignatureVerdict> objection(const SignatureField& signature, const DkimKeyRecord& key) {
  if (key.revoked) return verdict(DkimResult::PermError, "the key was revoked");
  if (key.type != signature.key_type) return verdict(DkimResult::PermError, "the key is of another type");
  if (!key.sha256_allowed) return verdict(DkimResult::PermError, "the key may not be used with SHA-256");
  if (!key.for_email) return verdict(DkimResult::PermError, "the key is not for mail");
  if (key.strict_identity && !signature.identity_is_domain) {
    return verdict(DkimResult::PermError, "the key is not for subdomains");
  }
  return std::nullopt;
}

SignatureVerdict check_record(const SignatureField& signature, const crypto::Sha256Digest& hash, std::string_view text,
                              DkimKeyCache& keys) {
  const auto entry = keys.parse(text);
  if (!*entry) {
    const auto error = entry->error();
    // RFC 8301 §3.2
    const auto result = error == DkimKeyError::WeakKey ? DkimResult::Policy : DkimResult::PermError;
    return verdict(result, std::string(reason_for(error)));
  }
  const DkimKeyRecord& key = **entry;
  auto found = objection(signature, key).value_or(SignatureVerdict{});
  found.key_is_test = key.testing;
  if (key.key) found.rsa_bits = key.key->rsa_bits();
  if (!found.reason.empty()) return found;
  if (key.key->verify(hash, signature.signature)) {
    found.result = DkimResult::Pass;
  } else {
    found.result = DkimResult::Fail;
    found.reason = "the signature does not fit what it signs";
  }
  return found;
}

}  // namespace

dns::Question key_question(const SignatureField& signature) {
  dns::Question question;
  question.name = dkim_key_name(signature.selector, *signature.domain);
  question.type = dns::Type::TXT;
  return question;
}

SignatureVerdict check_signature(const SignatureField& signature, const crypto::Sha256Digest& hash,
                                 const dns::Answer& answer, DkimKeyCache& keys) {
  if (answer.status == dns::Status::Failed) return verdict(DkimResult::TempError, "the key cannot be looked up now");
  std::optional<SignatureVerdict> first;
  std::size_t tried = 0;
  for (const auto& record : answer.records) {
    const auto* txt = std::get_if<dns::Txt>(&record);
    if (txt == nullptr) continue;
    auto found = check_record(signature, hash, txt->text, keys);
    if (found.result == DkimResult::Pass) return found;
    if (!first) first = std::move(found);
    if (++tried == max_records) break;
  }
  return first.value_or(verdict(DkimResult::PermError, "there is no key"));
}

}  // namespace cas::auth
