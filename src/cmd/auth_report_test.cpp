// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What `cas check-auth` prints.
#include "cmd/auth_report.hpp"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "cmd/resolver_options.hpp"

namespace cas::cmd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

AuthReport spf_report(auth::SpfResult result, const std::string& term) {
  AuthReport report;
  report.asked = {.ip = IpAddress::parse("192.0.2.1").value(),
                  .helo = "mail.a.example",
                  .mail_from = "joe@a.example",
                  .receiver = {},
                  .now = {}};
  report.spf.result = result;
  report.spf.domain = "a.example";
  report.spf.reason = "\"" + term + "\" in the record of a.example matches";
  report.spf.record_domain = "a.example";
  report.spf.record = "v=spf1 ip4:192.0.2.0/24 " + term;
  report.spf.term = term;
  return report;
}

AuthReport message_report() {
  AuthReport report = spf_report(auth::SpfResult::Pass, "a");
  MessageReport message;
  auth::DkimOutcome dkim;
  dkim.result = auth::DkimResult::Fail;
  dkim.domain = Domain::parse("a.example").value();
  dkim.selector = "s1";
  dkim.algorithm = "rsa-sha256";
  dkim.reason = "the body was changed";
  dkim.rsa_bits = 2048;
  message.findings.dkim.push_back(dkim);
  message.keys.emplace_back(RecordText{.name = "s1._domainkey.a.example", .text = "v=DKIM1; p=AAAA"});
  message.dmarc.result = auth::DmarcResult::Fail;
  message.dmarc.author_domain = Domain::parse("b.example").value();
  message.dmarc.record_domain = Domain::parse("b.example").value();
  message.dmarc.policy = message.dmarc.disposition = auth::DmarcPolicy::Reject;
  message.dmarc.reason = "nothing that passed is aligned with b.example";
  message.dmarc_record = RecordText{.name = "_dmarc.b.example", .text = "v=DMARC1; p=reject"};
  message.findings.arc.result = auth::ArcResult::Pass;
  message.findings.arc.sealers = {Domain::parse("c.example").value(), Domain::parse("d.example").value()};
  report.message = std::move(message);
  return report;
}

boost::json::object parsed(const AuthReport& report) {
  const std::string text = auth_json(report);
  EXPECT_TRUE(text.ends_with("}\n"));
  EXPECT_EQ(std::ranges::count(text, '\n'), 1);
  return boost::json::parse(text).as_object();
}

TEST(AuthJson, SaysWhatSpfFound) {
  EXPECT_EQ(auth_json(spf_report(auth::SpfResult::SoftFail, "~all")),
            "{\"spf\":{\"result\":\"softfail\",\"identity\":\"mailfrom\",\"domain\":\"a.example\",\"explanation\":\"\","
            "\"reason\":\"\\\"~all\\\" in the record of a.example matches\",\"term\":\"~all\","
            "\"record\":{\"name\":\"a.example\",\"type\":\"TXT\",\"text\":\"v=spf1 ip4:192.0.2.0/24 ~all\"}}}\n");
}

TEST(AuthJson, HasNoSectionsForAMessageThatWasNotGiven) {
  EXPECT_EQ(parsed(spf_report(auth::SpfResult::Pass, "a")).size(), 1U);
}

TEST(AuthJson, LeavesOutARecordThatDoesNotExist) {
  AuthReport report = spf_report(auth::SpfResult::None, "");
  report.spf.record.clear();
  report.spf.record_domain.clear();
  const auto object = parsed(report);
  const auto& spf = object.at("spf").as_object();
  EXPECT_FALSE(spf.contains("record"));
  EXPECT_FALSE(spf.contains("term"));
}

TEST(AuthJson, SaysWhatTheMessageShows) {
  const auto object = parsed(message_report());
  const auto& dkim = object.at("dkim").as_array().at(0).as_object();
  EXPECT_EQ(dkim.at("result"), "fail");
  EXPECT_EQ(dkim.at("domain"), "a.example");
  EXPECT_EQ(dkim.at("selector"), "s1");
  EXPECT_EQ(dkim.at("record").at("name"), "s1._domainkey.a.example");
  EXPECT_EQ(dkim.at("record").at("text"), "v=DKIM1; p=AAAA");
  const auto& dmarc = object.at("dmarc").as_object();
  EXPECT_EQ(dmarc.at("result"), "fail");
  EXPECT_EQ(dmarc.at("domain"), "b.example");
  EXPECT_EQ(dmarc.at("policy"), "reject");
  EXPECT_EQ(object.at("arc").at("result"), "pass");
  EXPECT_EQ(object.at("arc").at("sealers").as_array().size(), 2U);
}

TEST(AuthJson, NoPolicyIsNamedWithoutARecord) {
  AuthReport report = message_report();
  report.message->dmarc = {};
  report.message->dmarc_record.reset();
  const auto object = parsed(report);
  EXPECT_EQ(object.at("dmarc").at("result"), "none");
  EXPECT_FALSE(object.at("dmarc").as_object().contains("policy"));
}

TEST(AuthJson, IsJsonWhateverStrangersWrote) {
  AuthReport report = spf_report(auth::SpfResult::PermError, "a");
  report.spf.record = "v=spf1 \xff\x1b\"\\";
  report.spf.domain = "b\xc3\xbc\".example\n";
  const auto object = parsed(report);
  EXPECT_EQ(object.at("spf").at("record").at("text"), "v=spf1 \\xFF\\x1B\"\\x5C");
  EXPECT_EQ(object.at("spf").at("domain"), "b\xc3\xbc\".example\n");
}

TEST(AuthText, SaysWhichRecordDecidedAndWhatToDo) {
  EXPECT_EQ(auth_text(spf_report(auth::SpfResult::Fail, "-all")),
            "SPF    fail       \"a.example\" (MAIL FROM), from 192.0.2.1\n"
            "       because    \"-all\" in the record of a.example matches\n"
            "       record     a.example TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n"
            "       to do      if this host sends for a.example, add ip4:192.0.2.1 to the record of a.example before "
            "\"-all\"; if not, all is well: the record refuses a stranger\n");
}

TEST(AuthText, AdvisesForEachResultButPass) {
  EXPECT_THAT(auth_text(spf_report(auth::SpfResult::Pass, "a")), Not(HasSubstr("to do")));
  for (const auto result : {auth::SpfResult::Fail, auth::SpfResult::SoftFail, auth::SpfResult::Neutral,
                            auth::SpfResult::None, auth::SpfResult::TempError, auth::SpfResult::PermError})
    EXPECT_THAT(auth_text(spf_report(result, "?all")), HasSubstr("to do")) << auth::to_string(result);
  AuthReport v6 = spf_report(auth::SpfResult::None, "");
  v6.asked.ip = IpAddress::parse("2001:db8::1").value();
  EXPECT_THAT(auth_text(v6), HasSubstr("\"v=spf1 ip6:2001:db8::1 -all\""));
  for (const auto result : {auth::DkimResult::None, auth::DkimResult::Fail, auth::DkimResult::Policy,
                            auth::DkimResult::Neutral, auth::DkimResult::TempError, auth::DkimResult::PermError}) {
    AuthReport report = message_report();
    report.message->findings.dkim.front().result = result;
    const std::string text = auth_text(report);
    const auto dkim = text.find("\nDKIM");
    EXPECT_THAT(text.substr(dkim, text.find("\nDMARC") - dkim), HasSubstr("to do")) << auth::to_string(result);
  }
}

TEST(AuthText, HasAParagraphForEachMethod) {
  const std::string text = auth_text(message_report());
  EXPECT_THAT(text, HasSubstr("\n\nDKIM   fail       a.example, selector s1, rsa-sha256, 2048 bits\n"));
  EXPECT_THAT(text, HasSubstr("record     s1._domainkey.a.example TXT \"v=DKIM1; p=AAAA\"\n"));
  EXPECT_THAT(text, HasSubstr("\n\nDMARC  fail       b.example, policy reject\n"));
  EXPECT_THAT(text, HasSubstr("record     _dmarc.b.example TXT \"v=DMARC1; p=reject\"\n"));
  EXPECT_THAT(text, HasSubstr("\n\nARC    pass       sealed by c.example, d.example\n"));
}

TEST(AuthText, WarnsOfWhatASignatureDoesNotCover) {
  AuthReport report = message_report();
  report.message->findings.dkim.front().unsigned_octets = 17;
  report.message->findings.dkim.front().key_is_test = true;
  EXPECT_THAT(auth_text(report), HasSubstr("17 octets at the end of the body are not signed"));
  EXPECT_THAT(auth_text(report), HasSubstr("t=y"));
}

TEST(AuthText, SaysThatAHeaderCannotBeRead) {
  AuthReport report = message_report();
  report.message->header_fault = "a line is no field\x1b";
  const std::string text = auth_text(report);
  EXPECT_THAT(text, HasSubstr("malformed"));
  EXPECT_THAT(text, HasSubstr("a line is no field\\x1B"));
  EXPECT_THAT(text, Not(HasSubstr("DKIM")));
}

TEST(AuthText, ATerminalGetsNothingOfStrangersAsItIs) {
  const std::string hostile = "\x1b[2J\r\n\xe2\x80\xae\xff";
  AuthReport report = message_report();
  report.spf.domain = report.spf.record_domain = report.spf.record = report.spf.term = hostile;
  report.spf.explanation = hostile;
  auto& message = *report.message;
  message.findings.dkim.front().selector = message.findings.dkim.front().algorithm = hostile;
  message.findings.dkim.front().reason = hostile;
  message.keys.front() = RecordText{.name = hostile, .text = hostile};
  message.dmarc.reason = hostile;
  message.dmarc_record = RecordText{.name = hostile, .text = hostile};
  message.findings.arc.reason = message.findings.arc.results = hostile;
  for (const auto result : {auth::SpfResult::Fail, auth::SpfResult::None, auth::SpfResult::PermError}) {
    report.spf.result = result;
    const std::string text = auth_text(report);
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
    EXPECT_THAT(text, Not(HasSubstr("\r")));
    EXPECT_THAT(text, Not(HasSubstr("\xff")));
    EXPECT_THAT(text, Not(HasSubstr("\xe2\x80\xae")));
  }
}

TEST(AuthText, SaysWhoseRecordIsToBeCorrected) {
  AuthReport report = spf_report(auth::SpfResult::PermError, "include:c.example");
  EXPECT_THAT(auth_text(report), HasSubstr("to do      correct the record of a.example; until"));
  report.spf.record_domain = "b.example";
  EXPECT_THAT(auth_text(report),
              HasSubstr("correct the record of b.example, or take what leads to it out of the record "
                        "of a.example; until"));
  report.spf.record.clear();
  EXPECT_THAT(auth_text(report), HasSubstr("leave one SPF record at b.example"));
}

TEST(AuthText, AHelloThatIsNoNameCannotHaveARecord) {
  AuthReport report = spf_report(auth::SpfResult::None, "");
  report.spf.domain = "[192.0.2.1]";
  EXPECT_THAT(auth_text(report), Not(HasSubstr("publish")));
}

TEST(AuthText, TellsNoKeyFromSeveral) {
  AuthReport report = message_report();
  auto& key = *report.message->keys.front();
  report.message->findings.dkim.front().result = auth::DkimResult::PermError;
  key = {.name = "s1._domainkey.a.example", .text = std::nullopt, .count = 0};
  EXPECT_THAT(auth_text(report), HasSubstr("to do      publish at s1._domainkey.a.example the key that signs"));
  EXPECT_THAT(auth_text(report), Not(HasSubstr("record     s1")));
  report.message->findings.dkim.front().result = auth::DkimResult::Pass;
  key.count = 2;
  EXPECT_THAT(auth_text(report), HasSubstr("record     s1._domainkey.a.example TXT (2 records)\n       beware"));
}

TEST(AuthText, SaysWhatAPolicyDoesToStrangers) {
  AuthReport report = message_report();
  EXPECT_THAT(auth_text(report), HasSubstr("refuses a stranger"));
  report.message->dmarc.disposition = auth::DmarcPolicy::None;
  EXPECT_THAT(auth_text(report), HasSubstr("only watches"));
  report.message->dmarc = {};
  report.message->dmarc.several_records = true;
  report.message->dmarc.author_domain = Domain::parse("b.example").value();
  EXPECT_THAT(auth_text(report), HasSubstr("leave one DMARC record at _dmarc.b.example"));
}

TEST(RecordText, IsTheOneTxtRecordOfAName) {
  dns::Answers answers;
  EXPECT_EQ(record_text("a.example", answers).count, 0U);
  EXPECT_EQ(record_text("a.example", answers).text, std::nullopt);
  dns::Answer answer;
  answer.status = dns::Status::Ok;
  answer.records.emplace_back(dns::Txt{"one"});
  answers.add({.name = "b.example", .type = dns::Type::TXT}, answer);
  answer.records.emplace_back(dns::Txt{"two"});
  answers.add({.name = "c.example", .type = dns::Type::TXT}, answer);
  EXPECT_EQ(record_text("B.example", answers).text, "one");
  EXPECT_EQ(record_text("c.example", answers).text, std::nullopt);
  EXPECT_EQ(record_text("c.example", answers).count, 2U);
}

TEST(Forwarder, IsReadInTheFormsThatPeopleWrite) {
  EXPECT_EQ(forwarder_of("192.0.2.53"), "192.0.2.53");
  EXPECT_EQ(forwarder_of("127.0.0.1@5353"), "127.0.0.1@5353");
  EXPECT_EQ(forwarder_of("127.0.0.1:5353"), "127.0.0.1@5353");
  EXPECT_EQ(forwarder_of("2001:db8::53"), "2001:db8::53");
  EXPECT_EQ(forwarder_of("2001:db8::53@5353"), "2001:db8::53@5353");
  EXPECT_EQ(forwarder_of("[2001:db8::53]:5353"), "2001:db8::53@5353");
}

}  // namespace
}  // namespace cas::cmd
