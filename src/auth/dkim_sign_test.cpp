// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What is signed, and how the field is written.
#include "auth/dkim_sign.hpp"

#include <gmock/gmock.h>

#include "auth/signed_message_test.hpp"

namespace cas::auth {
namespace {

using ::testing::ElementsAre;

TEST(DkimSign, MakesTheSignatureOfRfc8463SectionA3) {
  const std::string header =
      "From: Joe SixPack <joe@football.example.com>\r\nTo: Suzie Q <suzie@shopping.example.net>\r\n"
      "Subject: Is dinner ready?\r\nDate: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
      "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n";
  const std::string body = "Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";
  auto signing = test::signing_with(test::ed25519_key());
  const auto field = test::sign(header, body, signing, test::ed25519_key());
  EXPECT_THAT(field, ::testing::HasSubstr("bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8="));
}

TEST(DkimSign, FoldsWithinSeventyEightOctetsAndEndsInCrlf) {
  auto signing = test::signing_with(test::rsa_key());
  signing.headers = headers_to_sign(parse_header(test::plain_header).value(), recommended_headers());
  signing.expires = test::now + seconds{1000};
  signing.body_length = 3;
  const auto field = test::sign(test::plain_header, test::plain_body, signing, test::rsa_key());
  ASSERT_TRUE(field.ends_with("\r\n"));
  for (std::size_t at = 0; at < field.size();) {
    const auto end = field.find("\r\n", at);
    EXPECT_LE(end - at, 78U) << field.substr(at, end - at);
    at = end + 2;
  }
  const auto fields = parse_header(field);
  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->size(), 1U);
}

TEST(DkimSign, SignsEachFieldAsOftenAsItStandsAndSomeOnceMore) {
  const auto fields = parse_header("To: a@b.example\r\nX: 1\r\nX: 2\r\nFrom: a@b.example\r\n").value();
  const HeaderChoice choice{.signed_fields = {"x", "Absent"}, .oversigned = {"to", "Subject"}};
  EXPECT_THAT(headers_to_sign(fields, choice), ElementsAre("From", "to", "to", "Subject", "x", "x"));
}

TEST(DkimSign, BoundsTheNamesItLists) {
  std::string header = "From: a@b.example\r\n";
  for (int n = 0; n < 1000; ++n) header += "X: 1\r\n";
  const auto fields = parse_header(header).value();
  EXPECT_EQ(headers_to_sign(fields, HeaderChoice{.signed_fields = {"X"}, .oversigned = {}}).size(), 500U);
}

TEST(DkimSign, RefusesAMessageWithoutAuthorAndASelectorThatIsNone) {
  const auto fields = parse_header("To: a@b.example\r\n").value();
  SignedHeader header(fields);
  const auto signing = test::signing_with(test::ed25519_key());
  EXPECT_FALSE(sign_dkim(header, {}, signing, test::ed25519_key()));
  const auto with_author = parse_header(test::plain_header).value();
  SignedHeader signed_header(with_author);
  auto bad = signing;
  bad.selector = "a b";
  EXPECT_FALSE(sign_dkim(signed_header, {}, bad, test::ed25519_key()));
  EXPECT_TRUE(sign_dkim(signed_header, {}, signing, test::ed25519_key()));
}

TEST(DkimSign, TheRecommendedHeadersPassTheirOwnVerifier) {
  for (const auto& key : {test::ed25519_key(), test::rsa_key()}) {
    auto signing = test::signing_with(key);
    signing.headers = headers_to_sign(parse_header(test::plain_header).value(), recommended_headers());
    const auto field = test::sign(test::plain_header, test::plain_body, signing, key);
    const auto findings = test::check(test::zone_text(), field + test::plain_header, test::plain_body);
    EXPECT_EQ(findings.dkim.front().result, DkimResult::Pass) << field;
  }
}

}  // namespace
}  // namespace cas::auth
