// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// CAS §8, step by step.
#include "confirm/receiver.hpp"

#include <utility>

namespace cas::confirm {
namespace {

constexpr std::size_t max_name_octets = 253;

/// The one TXT record of an answer. RFC 6376 §3.6.2.2 leaves several undefined; here they are none.
const dns::Txt* only_txt(const dns::Answer& answer) {
  const dns::Txt* found = nullptr;
  for (const dns::Record& record : answer.records) {
    const auto* const txt = std::get_if<dns::Txt>(&record);
    if (txt == nullptr) continue;
    if (found != nullptr) return nullptr;
    found = txt;
  }
  return found;
}

crypto::KeyType key_type(Algorithm algorithm) {
  return algorithm == Algorithm::RsaSha256 ? crypto::KeyType::Rsa : crypto::KeyType::Ed25519;
}

/// CAS §8.3, step 17: what the signer claims must be what the message is.
bool claims_its_class(const Intent& intent, const MessageClass& message) {
  switch (message.klass) {
    case Class::Bulk: return intent.klass == Class::Bulk && intent.list_id == message.list_id;
    case Class::Automatic: return intent.klass == Class::Automatic || intent.klass == Class::Transactional;
    case Class::Personal:
    case Class::Transactional: return intent.klass == Class::Personal || intent.klass == Class::Transactional;
  }
  std::unreachable();
}

}  // namespace

std::expected<Intent, Reason> read_intent(std::string_view line) {
  auto intent = parse_intent(line);
  // CAS §8.1, step 1: "-" only in a preflight. An unknown algorithm is said only of a line that is right otherwise.
  const bool is_readable = intent || intent.error() == Reason::Algorithm;
  if (is_readable && line.contains(";m=-;b=")) return std::unexpected(Reason::Syntax);
  return intent;
}

std::expected<void, Reason> check_statement(const Intent& intent, const StatementFacts& facts) {
  const UnixTime now = to_unix(facts.now);
  if (intent.issued > now + clock_skew) return std::unexpected(Reason::Future);
  const auto lifetime = intent.expires - intent.issued;
  if (lifetime < seconds(0) || lifetime > max_lifetime(intent.klass)) return std::unexpected(Reason::Lifetime);

  if (intent.envelope_from != facts.mail_from.mailbox()) return std::unexpected(Reason::Envelope);
  if (!facts.recipient_domain_is_local) return std::unexpected(Reason::Envelope);

  if (facts.signing_domain_is_public_suffix) return std::unexpected(Reason::Alignment);
  const bool aligned = intent.author.domain() && intent.author.domain()->is_within(intent.signing_domain);
  if (!aligned && !intent.forwarded) return std::unexpected(Reason::Alignment);

  // No such key can be published; asking for it would fail as if DNS were ill.
  if (auth::dkim_key_name(intent.selector, intent.signing_domain).size() > max_name_octets) {
    return std::unexpected(Reason::KeyMissing);
  }
  return {};
}

bool is_expired(const Intent& intent, TimePoint now) {
  return intent.expires < to_unix(now) - clock_skew;
}

std::expected<KeyVerdict, Reason> check_key(const Intent& intent, std::string_view line, const dns::Answer& answer) {
  if (answer.status == dns::Status::Failed) return std::unexpected(Reason::KeyLookup);
  const dns::Txt* const txt = only_txt(answer);
  if (txt == nullptr) return std::unexpected(Reason::KeyMissing);
  const auto record = auth::parse_dkim_key(txt->text);
  if (!record) return std::unexpected(Reason::KeyMissing);
  if (record->revoked) return std::unexpected(Reason::KeyRevoked);
  // RFC 6376 §3.6.1: a domain that tests is treated as if it had not signed, even should the signature fail.
  if (record->testing) return KeyVerdict::Testing;
  if (!record->for_email || !record->sha256_allowed || record->type != key_type(intent.algorithm)) {
    return std::unexpected(Reason::KeyMissing);
  }
  if (record->strict_identity && !intent.forwarded && intent.author.domain() != intent.signing_domain) {
    return std::unexpected(Reason::Alignment);
  }
  if (!verify_intent(intent, line, *record->key)) return std::unexpected(Reason::Signature);
  return intent.forwarded ? KeyVerdict::Forwarded : KeyVerdict::Ok;  // CAS §4.7: alignment was waived for it
}

const Mailbox* MessageFacts::author() const {
  return !from_is_malformed && from_fields == 1 && from.size() == 1 ? &from.front() : nullptr;
}

std::expected<void, Reason> check_message(const Intent& intent, const MessageFacts& facts) {
  const Mailbox* const author = facts.author();
  if (author == nullptr || *author != intent.author) return std::unexpected(Reason::FromMismatch);
  // RFC 5322 §3.6 wants one Date and allows one Message-ID; a signer could not have meant this message.
  if (facts.date_fields != 1 || facts.message_id_fields != 1) return std::unexpected(Reason::Digest);
  if (intent.digest != digest_c1(intent.id, facts.hashes)) return std::unexpected(Reason::Digest);
  if (!claims_its_class(intent, facts.klass)) return std::unexpected(Reason::Class);
  return {};
}

}  // namespace cas::confirm
