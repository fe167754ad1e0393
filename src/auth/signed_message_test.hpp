// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// For the tests of signatures: keys whose halves everybody knows, messages, and what a verifier says about them.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "auth/dkim_sign.hpp"
#include "auth/message_check.hpp"
#include "testing/replay.hpp"

namespace cas::auth::test {

/// RFC 8463 §A.2.
inline crypto::PrivateKey ed25519_key() {
  return crypto::PrivateKey::ed25519_from_seed(from_base64("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=").value())
      .value();
}
/// Made once for all tests of the program.
inline const crypto::PrivateKey& rsa_key() {
  static const crypto::PrivateKey key = crypto::generate_key(crypto::KeyType::Rsa).value();
  return key;
}

inline constexpr UnixTime now{seconds{1'800'000'000}};

inline const std::string plain_header =
    "From: Joe <joe@north.example>\r\n"
    "To: suzie@south.example\r\n"
    "Subject: Is dinner\r\n\t ready?\r\n"
    "Date: Fri, 15 Jan 2027 08:00:00 +0000\r\n";
inline const std::string plain_body = "Hi.  \r\n\r\nWe lost\tthe  game.\r\n\r\n\r\n";

inline std::string name_of(const crypto::PrivateKey& key) {
  return key.type() == crypto::KeyType::Rsa ? "r" : "e";
}
/// The keys of north.example: e._domainkey and r._domainkey.
inline std::string zone_text() {
  std::string text;
  for (const auto* key : {&rsa_key()})
    text += name_of(*key) + "._domainkey.north.example TXT " + format_dkim_key(*key) + "\n";
  return text + "e._domainkey.north.example TXT " + format_dkim_key(ed25519_key()) + "\n";
}

inline DkimSigning signing_with(const crypto::PrivateKey& key) {
  DkimSigning signing{.domain = Domain::parse("north.example").value(), .selector = name_of(key), .headers = {}};
  signing.headers = {"From", "To", "Subject", "Date", "Subject"};
  signing.signed_at = now;
  return signing;
}

/// The signature field of a message.
inline std::string sign(const std::string& header, const std::string& body, const DkimSigning& signing,
                        const crypto::PrivateKey& key) {
  const auto fields = parse_header(header).value();
  SignedHeader index(fields);
  BodyHashes hashes;
  const auto handle = hashes.want(signing.body_form, signing.body_length);
  hashes.update(body);
  hashes.finish();
  return sign_dkim(index, hashes.digest(handle), signing, key).value();
}

inline MessageFindings check(testing::Zone& zone, const std::string& header, const std::string& body,
                             UnixTime at = now) {
  const auto fields = parse_header(header).value();
  MessageCheck message(fields, at);
  message.update(body);
  message.finish();
  DkimKeyCache keys;
  return testing::replay(zone, [&](dns::Answers& answers) { return message.findings(answers, keys); });
}

inline MessageFindings check(const std::string& zone_text, const std::string& header, const std::string& body,
                             UnixTime at = now) {
  testing::Zone zone(zone_text);
  return check(zone, header, body, at);
}

}  // namespace cas::auth::test
