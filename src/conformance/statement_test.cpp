// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What stands here as text, confirm/ must read.
#include "conformance/statement.hpp"

#include <gtest/gtest.h>

#include "confirm/intent_samples.hpp"

namespace cas::conformance {
namespace {

namespace samples = confirm::samples;

StatementFacts facts() {
  return {.id = "AAECAwQFBgcICQoLDA0ODw",
          .signing_domain = "football.example.com",
          .selector = "brisbane",
          .envelope_from = "joe@football.example.com",
          .recipient_domain = "shopping.example.net",
          .author = "joe@football.example.com",
          .recipients = {"suzie"},
          .issued = UnixTime(seconds(1795460400)),
          .expires = UnixTime(seconds(1795546800))};
}

TEST(Statement, IsTheVectorOfTheSpecification) {
  Statement statement = state(facts());
  statement.set("m", "c1:a_XHkNAHBRi5EwVVJLppltFIoF_VuobkMu-PuI04wXI");
  EXPECT_EQ(statement.sign(samples::ed25519_key()).value(), samples::vector_line);
}

TEST(Statement, SortsRecipientsAndNamesTheAlgorithmOfTheKey) {
  auto wanted = facts();
  wanted.recipients = {"suzie", "%20a", "bob"};
  wanted.key_type = crypto::KeyType::Rsa;
  Statement statement = state(wanted);
  EXPECT_EQ(statement.value("r"), "%20a,bob,suzie");
  statement.set("m", "c1:a_XHkNAHBRi5EwVVJLppltFIoF_VuobkMu-PuI04wXI");
  const std::string line = statement.sign(samples::rsa_key()).value();
  const auto intent = confirm::parse_intent(line);
  ASSERT_TRUE(intent);
  EXPECT_TRUE(confirm::verify_intent(*intent, line, samples::public_half(samples::rsa_key())));
}

TEST(Statement, CanBeMadeWrongTagByTagAndIsSignedAsItStands) {
  Statement statement = state(facts());
  statement.swap("i", "d");
  statement.insert("m", {"z", "1"});
  statement.remove("k");
  statement.before = " ";
  statement.after = ";";
  statement.respell_signature = [](std::string b) { return "<" + b.substr(0, 2) + ">"; };
  const std::string line = statement.sign(samples::ed25519_key()).value();
  EXPECT_TRUE(line.starts_with(" v=CAS1;d=football.example.com;i=AAECAwQFBgcICQoLDA0ODw;s=brisbane;")) << line;
  EXPECT_NE(line.find(";z=1;m=;b=<"), std::string::npos) << line;
  EXPECT_EQ(line.find(";k="), std::string::npos) << line;
  EXPECT_TRUE(line.ends_with(">;")) << line;
  EXPECT_THROW(statement.set("k", "p"), std::logic_error);
}

}  // namespace
}  // namespace cas::conformance
