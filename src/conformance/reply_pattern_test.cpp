// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Patterns, expectations and the form of reply texts.
#include "conformance/reply_pattern.hpp"

#include <gtest/gtest.h>

namespace cas::conformance {
namespace {

using smtp::Reply;

Reply reply(std::string_view line) {
  smtp::ReplyParser parser;
  return *parser.on_line(line).value();
}

TEST(ReplyPattern, MatchesCodesAndEnhancedCodes) {
  const Reply refused = reply("550 5.7.5 [CAS:signature] no");
  for (const std::string_view pattern : {"550", "550 5.7.5", "5xx", "55x", "250 or 550", "250 2.0.0 or 550 5.7.5"}) {
    EXPECT_TRUE(matches(refused, pattern)) << pattern;
  }
  for (const std::string_view pattern : {"250", "550 5.7.1", "4xx", "250 or 451", "550 5.7.1 or 550 5.7.7", "5"}) {
    EXPECT_FALSE(matches(refused, pattern)) << pattern;
  }
}

TEST(ReplyPattern, AnEnhancedCodeThatIsNotThereMatchesNone) {
  EXPECT_TRUE(matches(reply("250 ok"), "250"));
  EXPECT_FALSE(matches(reply("250 ok"), "250 2.7.0"));
}

TEST(ReplyPattern, SaysWhatWasAskedExpectedAndWhatCame) {
  EXPECT_TRUE(expect(reply("250 2.7.0 ok"), "CONFIRM", "250 2.7.0"));
  const auto fault = expect(reply("250 2.0.0 \x1b[31m"), "CONFIRM", "550 5.7.5").error();
  EXPECT_EQ(fault.kind, Fault::Kind::Fails);
  EXPECT_EQ(fault.text, "CONFIRM: expected 550 5.7.5, came 250 2.0.0 ?[31m");
}

TEST(ReplyPattern, ARateIsNoFaultUnlessItWasExpectedCasSection152) {
  const Reply rate = reply("451 4.7.28 [CAS:rate] later");
  EXPECT_EQ(expect(rate, "CONFIRM", "250 2.7.0").error().kind, Fault::Kind::Rate);
  EXPECT_TRUE(expect(rate, "CONFIRM", "4xx"));
}

TEST(ReplyPattern, APendingRecipientCannotBeChecked) {
  const Reply pending = reply("451 4.7.0 [CAS:pending retry=1800] later");
  EXPECT_EQ(expect(pending, "RCPT", "250").error().kind, Fault::Kind::NotChecked);
  EXPECT_EQ(expect(reply("451 4.7.0 [CAS:expired] no"), "CONFIRM", "250").error().kind, Fault::Kind::Fails);
}

TEST(ReplyPattern, AWordTellsARefusalFromAnUnknownVerbCasSection93) {
  EXPECT_TRUE(expect_word(reply("503 5.5.1 [CAS:sequence] no"), "CONFIRM", "503 5.5.1"));
  EXPECT_EQ(expect_word(reply("503 5.5.1 no"), "CONFIRM", "503 5.5.1").error().text,
            "CONFIRM: expected a [CAS:word], came 503 5.5.1 no");
  EXPECT_FALSE(expect_word(reply("250 2.7.0 [CAS:ok] yes"), "CONFIRM", "503 5.5.1"));
}

TEST(ReplyPattern, KnowsTheFormOfTextsCasSection151) {
  for (const std::string_view line :
       {"250 2.0.0 ok", "250 2.7.0 [CAS:ok]", "550 5.7.5 [CAS:key-missing] no key",
        "451 4.7.0 [CAS:pending retry=1800] later", "451 4.7.0 [CAS:pending] later", "250 2.0.0 about [CAS]"}) {
    EXPECT_TRUE(text_is_well_formed(reply(line))) << line;
  }
  for (const std::string_view line :
       {"250 [CAS:ok] no enhanced code", "250 2.7.0 fine [CAS:ok]", "250 2.7.0 [CAS:OK]", "250 2.7.0 [CAS:]",
        "250 2.7.0 [CAS:ok", "250 2.7.0 [CAS:ok]text", "250 2.7.0 [CAS:ok retry=5]", "451 4.7.0 [CAS:pending retry=]",
        "451 4.7.0 [CAS:pending retry=1234567890]", "451 4.7.0 [CAS:pending wait=5]"}) {
    EXPECT_FALSE(text_is_well_formed(reply(line))) << line;
  }
}

}  // namespace
}  // namespace cas::conformance
