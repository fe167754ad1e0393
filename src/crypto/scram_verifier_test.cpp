// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// SCRAM verifiers as text.
#include "crypto/scram_verifier.hpp"

#include <gtest/gtest.h>

namespace cas::crypto {
namespace {

const std::string salt = "W22ZaJ0SNY7soEsUEjb6gQ==";
const std::string key = "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=";
const std::string other = "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

TEST(ScramVerifier, IsReadAsItIsWritten_Rfc5803_2) {
  const std::string text = "SCRAM-SHA-256$4096:" + salt + "$" + key + ":" + other;
  const auto verifier = ScramVerifier::parse(text);
  ASSERT_TRUE(verifier);
  EXPECT_EQ(verifier->iterations, 4096U);
  EXPECT_EQ(base64(verifier->salt), salt);
  EXPECT_EQ(base64(verifier->stored_key), key);
  EXPECT_EQ(base64(verifier->server_key), other);
  EXPECT_EQ(verifier->text(), text);
}

TEST(ScramVerifier, RefusesEverythingElse) {
  const std::string keys = "$" + key + ":" + other;
  const std::string short_key = base64(as_octets("0123456789012345678901234567890"));
  const std::vector<std::string> wrong{
      "",
      "SCRAM-SHA-256$",
      "SCRAM-SHA-1$4096:" + salt + keys,
      "scram-sha-256$4096:" + salt + keys,
      "SCRAM-SHA-256$4095:" + salt + keys,
      "SCRAM-SHA-256$10000001:" + salt + keys,
      "SCRAM-SHA-256$99999999999:" + salt + keys,
      "SCRAM-SHA-256$-4096:" + salt + keys,
      "SCRAM-SHA-256$04096:" + salt + keys,
      "SCRAM-SHA-256$4096 :" + salt + keys,
      "SCRAM-SHA-256$4096:" + keys,
      "SCRAM-SHA-256$4096:c2hvcnQ=" + keys,
      "SCRAM-SHA-256$4096:" + base64(as_octets(std::string(65, 's'))) + keys,
      "SCRAM-SHA-256$4096:" + salt + "$" + key,
      "SCRAM-SHA-256$4096:" + salt + "$" + key + ":",
      "SCRAM-SHA-256$4096:" + salt + "$" + short_key + ":" + other,
      "SCRAM-SHA-256$4096:" + salt + keys + ":",
      "SCRAM-SHA-256$4096:" + salt + keys + "\n",
      "SCRAM-SHA-256$4096:" + salt + keys + std::string(300, 'x'),
  };
  for (const auto& text : wrong) EXPECT_FALSE(ScramVerifier::parse(text)) << text;
}

}  // namespace
}  // namespace cas::crypto
