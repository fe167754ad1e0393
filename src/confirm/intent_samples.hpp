// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// For tests: the example of CAS §A.1 and intents to vary.
#pragma once

#include <string>
#include <string_view>

#include "confirm/intent.hpp"

namespace cas::confirm::samples {

inline Domain domain(std::string_view text) {
  return Domain::parse(text).value();
}
inline LocalPart local(std::string_view value) {
  return LocalPart::from_value(value).value();
}
inline Mailbox mailbox(std::string_view text) {
  return Mailbox::parse(text).value();
}

/// RFC 8463 §A.2.
inline crypto::PrivateKey ed25519_key() {
  return crypto::PrivateKey::ed25519_from_seed(from_base64("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=").value())
      .value();
}
inline crypto::PublicKey ed25519_public_key() {
  return crypto::PublicKey::from_dkim(crypto::KeyType::Ed25519,
                                      from_base64("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=").value())
      .value();
}
inline constexpr std::string_view ed25519_record = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

/// Made once a program: RSA keys are slow to make.
inline const crypto::PrivateKey& rsa_key() {
  static const crypto::PrivateKey key = crypto::generate_key(crypto::KeyType::Rsa).value();
  return key;
}
inline crypto::PublicKey public_half(const crypto::PrivateKey& key) {
  return crypto::PublicKey::from_dkim(key.type(), from_base64(key.dkim_public_key()).value()).value();
}

// CAS §A.1.
inline constexpr std::string_view vector_header =
    "Received: from x by y; Mon, 23 Nov 2026 19:00:00 +0000\r\n"
    "From: Joe SixPack <joe@football.example.com>\r\n"
    "To: Suzie Q <suzie@shopping.example.net>\r\n"
    "Subject: Is dinner\r\n"
    " ready?\r\n"
    "Date: Mon, 23 Nov 2026 19:00:00 +0000\r\n"
    "Message-ID: <20261123190000.1@football.example.com>\r\n";
inline constexpr std::string_view vector_body =
    "Hi.\r\n"
    "\r\n"
    "We lost the game.  Are you hungry yet?\r\n"
    "\r\n"
    "Joe.\r\n";
inline constexpr std::string_view vector_header_hash = "oOkcH935xVS_y7OmmDYWN6RMwoOKZyR-tEosIgmkR5U";
inline constexpr std::string_view vector_body_hash = "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8";
inline constexpr std::string_view vector_line =
    "v=CAS1;i=AAECAwQFBgcICQoLDA0ODw;d=football.example.com;s=brisbane;a=ed25519-sha256;t=1795460400;x=1795546800;"
    "f=joe@football.example.com;q=shopping.example.net;r=suzie;o=joe@football.example.com;k=p;"
    "m=c1:a_XHkNAHBRi5EwVVJLppltFIoF_VuobkMu-PuI04wXI;"
    "b=Ex5txsnmiYbfX8kmZvdtWmHYsFaalilIi_HrRJf58a3otlreKAFIrjIhGKpaz0mRm254dqXWj6-USj91hKanAQ";
inline constexpr UnixTime vector_issued{seconds(1795460400)};

inline Intent vector_intent() {
  return parse_intent(vector_line).value();
}

/// A text with one occurrence of `from` replaced; it must be there.
inline std::string with(std::string text, std::string_view from, std::string_view to) {
  return text.replace(text.find(from), from.size(), to);
}
inline std::string vector_with(std::string_view from, std::string_view to) {
  return with(std::string(vector_line), from, to);
}

/// The line of an intent signed anew.
inline std::string sign(Intent intent, const crypto::PrivateKey& key) {
  sign_intent(intent, key).value();
  return print_intent(intent);
}

}  // namespace cas::confirm::samples
