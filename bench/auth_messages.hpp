// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Messages for the benchmarks of DKIM and ARC: the header of ordinary mail, a body of text, signed by keys that are
// made anew each time.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "auth/arc_seal.hpp"
#include "auth/dkim_sign.hpp"
#include "auth/message_check.hpp"

namespace cas::bench {

inline constexpr UnixTime now{seconds{1'700'000'000}};  // past for libopendkim too, which asks the clock

inline constexpr std::string_view plain_header =
    "Received: from mail.north.example (mail.north.example [192.0.2.25])\r\n"
    "\tby mx.south.example (Postfix) with ESMTPS id 4Zx1Yk2Jc7z9qR\r\n"
    "\tfor <suzie@south.example>; Tue, 14 Nov 2023 22:00:01 +0000 (UTC)\r\n"
    "Received: from [198.51.100.7] (client.north.example [198.51.100.7])\r\n"
    "\tby mail.north.example with ESMTPSA id A1B2C3D4E5\r\n"
    "\tfor <suzie@south.example>; Tue, 14 Nov 2023 22:00:00 +0000\r\n"
    "From: Joe SixPack <joe@north.example>\r\n"
    "To: Suzie Q <suzie@south.example>\r\n"
    "Cc: Bob <bob@south.example>,\r\n Carol <carol@south.example>\r\n"
    "Subject: Is dinner ready? We have been waiting for it since the afternoon\r\n"
    "Date: Tue, 14 Nov 2023 22:00:00 +0000\r\n"
    "Message-ID: <20231114220000.4711@north.example>\r\n"
    "References: <20231113190000.17@south.example>\r\n\t<20231113200000.18@north.example>\r\n"
    "In-Reply-To: <20231113200000.18@north.example>\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Type: text/plain; charset=utf-8; format=flowed\r\n"
    "Content-Transfer-Encoding: 8bit\r\n"
    "User-Agent: Example Mail 7.1 (X11; Linux x86_64)\r\n"
    "X-Spam-Status: No, score=-1.9 required=5.0 tests=BAYES_00,DKIM_SIGNED,DKIM_VALID\r\n"
    "\tautolearn=ham autolearn_force=no version=3.4.6\r\n";

inline const crypto::PrivateKey& key_of(crypto::KeyType type) {
  static const crypto::PrivateKey rsa = crypto::generate_key(crypto::KeyType::Rsa, 2048).value();
  static const crypto::PrivateKey ed25519 = crypto::generate_key(crypto::KeyType::Ed25519).value();
  return type == crypto::KeyType::Rsa ? rsa : ed25519;
}

/// Lines of up to 76 octets, paragraphs, here and there two blanks or one at the end: `size` octets.
inline std::string body_of(std::size_t size) {
  std::string body;
  for (int line = 0; body.size() < size; ++line) {
    body += line % 9 == 8 ? "" : "We lost the game.  Are you hungry yet? Dinner could be ready at eight, or at";
    if (line % 7 == 6) body += ' ';
    body += "\r\n";
  }
  body.resize(size - 2);
  return body + "\r\n";
}

struct Message {
  std::string header;  // without the empty line
  std::string body;
  dns::Question question;  // where the key stands
  dns::Answer answer;
};

inline Message unsigned_message(std::size_t size) {
  return {.header = std::string(plain_header),
          .body = body_of(size - plain_header.size() - 2),
          .question = {},
          .answer = {}};
}

inline auth::DkimSigning signing_of(const std::vector<HeaderField>& fields, Canonicalization form) {
  auth::DkimSigning signing{.domain = Domain::parse("north.example").value(),
                            .selector = "cas1",
                            .headers = auth::headers_to_sign(fields, auth::recommended_headers())};
  signing.header_form = form;
  signing.body_form = form;
  signing.signed_at = now;
  return signing;
}

inline std::string sign(const Message& message, crypto::KeyType type,
                        Canonicalization form = Canonicalization::Relaxed) {
  const auto fields = parse_header(message.header).value();
  auth::BodyHashes hashes;
  const auto handle = hashes.want(form);
  hashes.update(message.body);
  hashes.finish();
  auth::SignedHeader header(fields);
  return auth::sign_dkim(header, hashes.digest(handle), signing_of(fields, form), key_of(type)).value();
}

inline void publish(Message& message, crypto::KeyType type) {
  message.question = {.name = "cas1._domainkey.north.example", .type = dns::Type::TXT};
  message.answer.status = dns::Status::Ok;
  message.answer.records = {dns::Txt{auth::format_dkim_key(key_of(type))}};
}

/// `size` octets and one signature.
inline Message signed_message(std::size_t size, crypto::KeyType type,
                              Canonicalization form = Canonicalization::Relaxed) {
  Message message = unsigned_message(size);
  message.header.insert(0, sign(message, type, form));
  publish(message, type);
  return message;
}

/// Sealed by `hops` servers one after the other.
inline Message sealed_message(std::size_t size, crypto::KeyType type, std::size_t hops) {
  Message message = unsigned_message(size);
  const auto body = auth::BodyHashes::Handle{};
  for (std::size_t hop = 0; hop < hops; ++hop) {
    auth::BodyHashes hashes;
    hashes.want(Canonicalization::Relaxed);
    hashes.update(message.body);
    hashes.finish();
    const auto fields = parse_header(message.header).value();
    const auth::ArcSealing sealing{.domain = Domain::parse("north.example").value(),
                                   .selector = "cas1",
                                   .results = "mx.north.example; spf=pass smtp.mailfrom=joe@north.example; dkim=pass",
                                   .chain = hop == 0 ? auth::ArcResult::None : auth::ArcResult::Pass,
                                   .headers = auth::headers_to_sign(fields, auth::recommended_headers()),
                                   .now = now};
    message.header.insert(0, auth::seal_arc(fields, hashes.digest(body), sealing, key_of(type)).value());
  }
  publish(message, type);
  return message;
}

/// All that a receiver does with a message whose key it has been told.
inline auth::MessageFindings check(const Message& message, auth::DkimKeyCache& keys) {
  const auto fields = parse_header(message.header);
  auth::MessageCheck check(*fields, now);
  check.update(message.body);
  check.finish();
  dns::Answers answers;
  answers.add(message.question, message.answer);
  return check.findings(answers, keys).value();
}

/// The key of `message` and a signature: what remains when everything but SHA-256 and the signature costs nothing.
struct Bare {
  crypto::Sha256Digest hash{};
  Octets signature;
  crypto::PublicKey key;
  explicit Bare(crypto::KeyType type)
      : signature(key_of(type).sign(hash).value()),
        key(*auth::parse_dkim_key(auth::format_dkim_key(key_of(type))).value().key) {}
};

}  // namespace cas::bench
