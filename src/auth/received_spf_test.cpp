// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The Received-SPF field (RFC 7208 §9.1).
#include "auth/received_spf.hpp"

#include <gmock/gmock.h>

#include "message/header.hpp"

namespace cas::auth {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

SpfQuery query() {
  return {.ip = IpAddress::parse("192.0.2.1").value(),
          .helo = "mail.a.example",
          .mail_from = "joe@a.example",
          .receiver = "mx.south.example",
          .now = {}};
}

SpfOutcome passed() {
  SpfOutcome outcome;
  outcome.result = SpfResult::Pass;
  outcome.domain = "a.example";
  outcome.reason = "\"ip4:192.0.2.1\" in the record of a.example matches";
  outcome.term = "ip4:192.0.2.1";
  return outcome;
}

std::string unfolded(const SpfOutcome& outcome, const SpfQuery& asked) {
  const std::string field = format_received_spf(outcome, asked);
  const auto fields = parse_header(field);
  EXPECT_TRUE(fields && fields->size() == 1) << field;
  if (!fields || fields->size() != 1) return {};
  EXPECT_EQ(fields->front().name, "Received-SPF");
  std::string text = unfold(fields->front().value);
  std::ranges::replace(text, '\t', ' ');
  return text;
}

TEST(ReceivedSpf, SaysWhatWasFoundAndOfWhom) {
  EXPECT_EQ(unfolded(passed(), query()),
            " pass (mx.south.example: \"ip4:192.0.2.1\" in the record of a.example matches) client-ip=192.0.2.1;"
            " envelope-from=\"joe@a.example\"; helo=mail.a.example; identity=mailfrom; receiver=mx.south.example;"
            " mechanism=\"ip4:192.0.2.1\"");
}

TEST(ReceivedSpf, IsFolded) {
  const std::string field = format_received_spf(passed(), query());
  EXPECT_TRUE(field.ends_with("\r\n"));
  std::size_t longest = 0, at = 0;
  while (at < field.size()) {
    const auto end = field.find("\r\n", at);
    longest = std::max(longest, end - at);
    at = end + 2;
  }
  EXPECT_LE(longest, 78U);
}

TEST(ReceivedSpf, NamesTheHeloIdentityAndTheDefault) {
  SpfOutcome outcome = passed();
  outcome.identity = SpfIdentity::Helo;
  outcome.term.clear();
  SpfQuery asked = query();
  asked.mail_from.clear();
  asked.receiver.clear();
  const std::string text = unfolded(outcome, asked);
  EXPECT_THAT(text, HasSubstr("identity=helo;"));
  EXPECT_THAT(text, HasSubstr("envelope-from=\"\";"));
  EXPECT_THAT(text, HasSubstr("receiver=unknown;"));
  EXPECT_THAT(text, HasSubstr("mechanism=default"));
}

TEST(ReceivedSpf, QuotesWhatIsNoDotAtom) {
  SpfQuery asked = query();
  asked.ip = IpAddress::parse("2001:db8::1").value();
  asked.helo = "a..b";
  asked.mail_from = "\"a \\ b\"@c.example";
  const std::string text = unfolded(passed(), asked);
  EXPECT_THAT(text, HasSubstr("client-ip=\"2001:db8::1\";"));
  EXPECT_THAT(text, HasSubstr("helo=\"a..b\";"));
  EXPECT_THAT(text, HasSubstr("envelope-from=\"\\\"a \\\\ b\\\"@c.example\";"));
}

TEST(ReceivedSpf, TellsTheProblemOfAnError) {
  for (const auto result : {SpfResult::TempError, SpfResult::PermError}) {
    SpfOutcome outcome = passed();
    outcome.result = result;
    outcome.reason = "it broke";
    EXPECT_THAT(unfolded(outcome, query()), HasSubstr("problem=\"it broke\";"));
  }
  EXPECT_THAT(unfolded(passed(), query()), Not(HasSubstr("problem")));
}

TEST(ReceivedSpf, NothingBreaksOutOfTheField) {
  const std::string hostile = "a)\r\nBcc: x@b.example\r\n\r\n(\"\\\x01\xff; mechanism=all";
  SpfOutcome outcome = passed();
  outcome.result = SpfResult::PermError;
  outcome.reason = outcome.term = hostile;
  SpfQuery asked = query();
  asked.helo = asked.mail_from = asked.receiver = hostile;
  const std::string text = unfolded(outcome, asked);
  EXPECT_THAT(text, HasSubstr("helo=\"a)??Bcc: x@b.example???"
                              "?(\\\"\\\\??; mechanism=all\";"));
  EXPECT_THAT(text, HasSubstr("(a\\)??Bcc: x@b.example????\\(\"\\\\??; mechanism=all: a\\)"));
}

TEST(ReceivedSpf, IsBounded) {
  SpfOutcome outcome = passed();
  outcome.reason = outcome.term = std::string(9000, '"');
  SpfQuery asked = query();
  asked.helo = asked.mail_from = asked.receiver = std::string(9000, '\\');
  EXPECT_LT(format_received_spf(outcome, asked).size(), 5000U);
}

}  // namespace
}  // namespace cas::auth
