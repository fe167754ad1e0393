// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Digest c1 (CAS §4.4).
#include "confirm/digest.hpp"

#include <array>

#include "base/encoding.hpp"

namespace cas::confirm {
namespace {

/// In this order, in lower case.
constexpr std::array<std::string_view, 23> digested_fields{"from",
                                                           "sender",
                                                           "reply-to",
                                                           "to",
                                                           "cc",
                                                           "date",
                                                           "message-id",
                                                           "subject",
                                                           "in-reply-to",
                                                           "references",
                                                           "mime-version",
                                                           "content-type",
                                                           "content-transfer-encoding",
                                                           "auto-submitted",
                                                           "list-id",
                                                           "list-unsubscribe",
                                                           "list-unsubscribe-post",
                                                           "content-disposition",
                                                           "content-id",
                                                           "content-location",
                                                           "disposition-notification-to",
                                                           "resent-from",
                                                           "resent-sender"};

}  // namespace

crypto::Sha256Digest header_hash(const std::vector<HeaderField>& fields) {
  crypto::Sha256 hash;
  for (const std::string_view name : digested_fields) {
    for (auto field = fields.rbegin(); field != fields.rend(); ++field) {
      if (iequals(field->name, name)) hash.update(relaxed_header(*field));
    }
  }
  return hash.finish();
}

crypto::Sha256Digest digest_c1(const IntentId& id, const MessageHashes& hashes) {
  std::string input = "CAS1 c1\n";
  input += base64url(id) + '\n';
  input += base64url(hashes.header) + '\n';
  input += base64url(hashes.body) + '\n';
  return crypto::sha256(input);
}

BodyHasher::BodyHasher()
    : canonical_(BodyCanonicalizer::Form::Relaxed, [this](std::string_view octets) { hash_.update(octets); }) {}

crypto::Sha256Digest BodyHasher::finish() {
  canonical_.finish();
  return hash_.finish();
}

}  // namespace cas::confirm
