// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas intent verify` against the vector of CAS §A.1: which step fails, and what a receiver answers.
#include "cmd/intent_steps.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "cmd/message_file.hpp"

namespace cas::cmd {
namespace {

constexpr std::string_view line =
    "v=CAS1;i=AAECAwQFBgcICQoLDA0ODw;d=football.example.com;s=brisbane;a=ed25519-sha256;t=1795460400;x=1795546800;"
    "f=joe@football.example.com;q=shopping.example.net;r=suzie;o=joe@football.example.com;k=p;"
    "m=c1:a_XHkNAHBRi5EwVVJLppltFIoF_VuobkMu-PuI04wXI;"
    "b=Ex5txsnmiYbfX8kmZvdtWmHYsFaalilIi_HrRJf58a3otlreKAFIrjIhGKpaz0mRm254dqXWj6-USj91hKanAQ";
constexpr std::string_view message =
    "Received: from x by y; Mon, 23 Nov 2026 19:00:00 +0000\n"
    "From: Joe SixPack <joe@football.example.com>\n"
    "To: Suzie Q <suzie@shopping.example.net>\n"
    "Subject: Is dinner\n ready?\n"
    "Date: Mon, 23 Nov 2026 19:00:00 +0000\n"
    "Message-ID: <20261123190000.1@football.example.com>\n"
    "\n"
    "Hi.\n\nWe lost the game.  Are you hungry yet?\n\nJoe.\n";

dns::Answer key(const std::string& tags = "") {
  dns::Answer answer;
  answer.status = dns::Status::Ok;
  answer.records.emplace_back(
      dns::Txt{"v=DKIM1; k=ed25519; " + tags + "p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="});
  return answer;
}

TransactionFacts good() {
  TransactionFacts facts;
  facts.now = UnixTime(seconds(1795460500));
  facts.mail_from = ReversePath::parse("<joe@football.example.com>").value();
  facts.recipients = {Mailbox::parse("suzie@shopping.example.net").value()};
  facts.key = key();
  facts.message = judge_message(wire_form(message).value()).value();
  return facts;
}

std::string failures(const Report& report) {
  std::string out;
  for (const Step& step : report.steps) {
    if (step.result == Step::Result::Fails) out += (out.empty() ? "" : " ") + step.number + ":" + step.check;
  }
  return out;
}
std::string answer(const Report& report, std::string_view to) {
  const auto found = std::ranges::find(report.answers, to, &Report::Answer::to);
  return found == report.answers.end() ? "(none)" : found->reply.summary();
}
bool checks(const Report& report, std::string_view number) {
  return std::ranges::any_of(
      report.steps, [&](const Step& step) { return step.number == number && step.result != Step::Result::NotChecked; });
}

TEST(ReportOn, finds_nothing_wrong_with_the_vector) {
  const Report report = report_on(line, good());
  EXPECT_TRUE(report.holds()) << failures(report);
  EXPECT_FALSE(report.key_lookup_failed);
  EXPECT_EQ(answer(report, "CONFIRM"), "250 2.7.0 [CAS:ok] intent accepted");
  EXPECT_TRUE(answer(report, "RCPT TO:<suzie@shopping.example.net>").starts_with("250 2.1.5 [CAS:confirmed]"));
  EXPECT_TRUE(answer(report, "the message").starts_with("250 2.0.0"));
  for (const char* number : {"1", "2", "3", "6", "7", "8", "9", "15", "16", "17"})
    EXPECT_TRUE(checks(report, number)) << number;
  for (const char* number : {"4-5", "10-14"}) EXPECT_FALSE(checks(report, number)) << number;
}

TEST(ReportOn, says_of_what_it_was_not_told_that_it_was_not_checked) {
  TransactionFacts facts;
  facts.now = good().now;
  const Report report = report_on(line, facts);
  EXPECT_TRUE(report.holds());
  EXPECT_TRUE(report.answers.empty()) << "without the key nobody can tell what is answered";
  for (const char* number : {"6", "7", "9", "15-17"}) EXPECT_FALSE(checks(report, number)) << number;
}

template <class Change>
Report changed(Change change) {
  TransactionFacts facts = good();
  change(facts);
  return report_on(line, facts);
}

TEST(ReportOn, names_the_step_that_fails_and_the_reply) {
  const auto expect = [](const Report& report, std::string_view failed, std::string_view reply) {
    EXPECT_EQ(failures(report), failed);
    EXPECT_TRUE(answer(report, "CONFIRM").starts_with(reply)) << answer(report, "CONFIRM");
    EXPECT_FALSE(report.holds());
  };
  expect(changed([](auto& f) { f.now = UnixTime(seconds(1795460000)); }), "2:times", "451 4.7.0 [CAS:future]");
  expect(changed([](auto& f) { f.now = UnixTime(seconds(1795560000)); }), "8:expiry", "451 4.7.0 [CAS:expired]");
  expect(changed([](auto& f) { f.mail_from = ReversePath(); }), "3:envelope", "550 5.7.1 [CAS:envelope]");
  expect(changed([](auto& f) { f.key->status = dns::Status::NxDomain, f.key->records.clear(); }), "6:key",
         "550 5.7.5 [CAS:key-missing]");
  expect(changed([](auto& f) { f.key->records.push_back(f.key->records.front()); }), "6:key",
         "550 5.7.5 [CAS:key-missing]");
  expect(changed([](auto& f) { f.key->records = {dns::Txt{"v=DKIM1; k=ed25519; p="}}; }), "6:key",
         "550 5.7.5 [CAS:key-revoked]");
  expect(changed([](auto& f) {
           f.key->records = {dns::Txt{"v=DKIM1; k=ed25519; p=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}};
         }),
         "7:signature", "550 5.7.5 [CAS:signature]");
  const Report failed = changed([](auto& f) { f.key = dns::Answer{}; });
  expect(failed, "6:key", "451 4.7.5 [CAS:key-lookup]");
  EXPECT_TRUE(failed.key_lookup_failed);
}

TEST(ReportOn, answers_the_first_failure_and_checks_on) {
  const Report report = changed([](auto& f) { f.mail_from = ReversePath(), f.now = UnixTime(seconds(1795560000)); });
  EXPECT_EQ(failures(report), "3:envelope 8:expiry");
  EXPECT_TRUE(answer(report, "CONFIRM").starts_with("550 5.7.1 [CAS:envelope]"));
  EXPECT_TRUE(checks(report, "7"));
  EXPECT_EQ(answer(report, "the message"), "(none)") << "after a failed CONFIRM there is no message";
}

TEST(ReportOn, judges_recipients_and_message) {
  const Report other = changed([](auto& f) { f.recipients = {Mailbox::parse("bob@shopping.example.net").value()}; });
  EXPECT_EQ(failures(other), "9:recipient bob@shopping.example.net");
  EXPECT_TRUE(answer(other, "RCPT TO:<bob@shopping.example.net>").starts_with("550 5.7.1 [CAS:rcpt]"));
  const auto with = [](std::string_view from, std::string_view to) {
    std::string text(message);
    text.replace(text.find(from), from.size(), to);
    return changed([&](auto& f) { f.message = judge_message(wire_form(text).value()).value(); });
  };
  EXPECT_EQ(failures(with("Joe.\n", "Jim.\n")), "16:digest");
  EXPECT_TRUE(answer(with("Joe.\n", "Jim.\n"), "the message").starts_with("550 5.7.7 [CAS:digest]"));
  EXPECT_EQ(failures(with("<joe@football", "<jim@football")), "15:author");
  EXPECT_TRUE(answer(with("To: ", "From: x@y.example\nTo: "), "the message").starts_with("550 5.7.1 [CAS:from]"));
  EXPECT_TRUE(with("hungry yet?\n", "hungry yet? \t\n").holds()) << "relaxed forgives it";
}

TEST(ReportOn, knows_keys_for_testing) {
  const Report report = changed([](auto& f) { f.key = key("t=y; "); });
  EXPECT_TRUE(report.holds());
  EXPECT_FALSE(checks(report, "7"));
  EXPECT_TRUE(answer(report, "CONFIRM").starts_with("250 2.0.0 [CAS:testing]"));
  EXPECT_EQ(answer(report, "the message"), "(none)");
}

TEST(ReportOn, explains_a_line_that_is_no_intent) {
  const Report report = report_on(std::string(line) + ";", good());
  EXPECT_EQ(failures(report), "1:length and grammar");
  EXPECT_EQ(report.steps.front().why, "the line ends in \";\"");
  EXPECT_EQ(answer(report, "CONFIRM").substr(0, 22), "501 5.5.4 [CAS:syntax]");
  std::string preflight(line);
  preflight.replace(preflight.find("c1:"), 46, "-");
  EXPECT_EQ(report_on(preflight, good()).steps.front().why, "m=- is for preflights");
}

}  // namespace
}  // namespace cas::cmd
