// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What is asked of clients for whom nothing speaks, and of nobody else.
#include <gtest/gtest.h>

#include <functional>

#include "policy/judge.hpp"

namespace cas::policy {
namespace {

using std::chrono::seconds;

RecipientFacts from_stranger() {
  RecipientFacts facts{.recipient = Mailbox::parse("suzie@b.example").value()};
  facts.domain_is_local = true;
  facts.mailbox = MailboxStatus::Exists;
  facts.spf_known = facts.message_known = true;
  facts.relation = Relation();
  return facts;
}
RecipientFacts with_lists() {
  RecipientFacts facts = from_stranger();
  facts.stranger.has_lists = true;
  facts.stranger.listed_by = "bl.example";
  return facts;
}
RecipientFacts with_greylist() {
  RecipientFacts facts = from_stranger();
  facts.stranger.greylists = true;
  facts.stranger.must_wait = seconds(120);
  return facts;
}

using Change = std::function<void(RecipientFacts&)>;

/// The rule that decided, or "?N" for the question N.
std::string answer(RecipientFacts facts, const Change& change) {
  change(facts);
  const auto judgement = judge(facts);
  if (const auto* verdict = std::get_if<Verdict>(&judgement)) return verdict->rule;
  return "?" + std::to_string(static_cast<int>(std::get<Question>(judgement)));
}
std::string question(Question asked) {
  return "?" + std::to_string(static_cast<int>(asked));
}

/// Those for whom something speaks, in each way.
const std::vector<std::pair<std::string, Change>>& known_senders() {
  static const std::vector<std::pair<std::string, Change>> all{
      {"listed",
       [](auto& f) {
         f.intent = IntentStatus::Valid;
         f.listed_in_intent = true;
       }},
      {"submitted-here", [](auto& f) { f.user = "joe"; }},
      {"submitted-here", [](auto& f) { f.own_network = true; }},
      {"postmaster", [](auto& f) { f.recipient = Mailbox::parse("postmaster@b.example").value(); }},
      {"exempt",
       [](auto& f) {
         f.exceptions.decided = ExceptionMatch{
             .id = 7, .action = ExceptionAction::Exempt, .proof = Proof::None, .pattern = "x.example", .scope = {}};
       }},
      {"optional",
       [](auto& f) {
         f.exceptions.decided = ExceptionMatch{
             .id = 7, .action = ExceptionAction::Allow, .proof = Proof::None, .pattern = "x.example", .scope = {}};
       }},
      {"approved",
       [](auto& f) {
         f.screening = Screening::Hold;
         f.relation->standing = Standing::Approved;
       }},
  };
  return all;
}

TEST(Strangers, WhoIsListedIsRefused) {
  const auto verdict = std::get<Verdict>(judge(with_lists()));
  EXPECT_EQ(verdict.rule, "listed-client");
  EXPECT_EQ(verdict.reply.summary(), "550 5.7.1 this client is listed by bl.example (rule listed-client)");
  EXPECT_EQ(answer(with_lists(), [](auto& f) { f.stranger.listed_by = ""; }), "optional");
}

TEST(Strangers, WhoWaitsIsToldHowLong) {
  const auto verdict = std::get<Verdict>(judge(with_greylist()));
  EXPECT_EQ(verdict.rule, "greylisted");
  EXPECT_EQ(verdict.reply.summary(),
            "451 4.7.1 neither SPF nor a signature speaks for this sender: come again in 120 seconds (rule "
            "greylisted)");
  EXPECT_EQ(answer(with_greylist(), [](auto& f) { f.stranger.must_wait = seconds(0); }), "optional");
}

TEST(Strangers, NothingIsAskedOfThoseForWhomSomethingSpeaks) {
  for (const auto& [rule, change] : known_senders()) {
    EXPECT_EQ(answer(with_lists(), change), rule);
    EXPECT_EQ(answer(with_greylist(), change), rule);
  }
}

TEST(Strangers, AListIsAskedOnlyWhenNothingElseDecides) {
  const auto unasked = [](auto& f) { f.stranger.listed_by.reset(); };
  EXPECT_EQ(answer(with_lists(), unasked), question(Question::Listing));
  EXPECT_EQ(answer(from_stranger(), unasked), "optional") << "no lists";
  for (const auto& [rule, change] : known_senders()) {
    EXPECT_EQ(answer(with_lists(), [&](auto& f) { unasked(f), change(f); }), rule);
  }
  EXPECT_EQ(answer(with_lists(), [&](auto& f) { unasked(f), f.mailbox = MailboxStatus::Unknown; }), "mailbox-unknown");
  EXPECT_EQ(answer(with_lists(), [&](auto& f) { unasked(f), f.mode = confirm::Mode::Required; }), "required");
}

TEST(Strangers, AnEntryThatMayStillDecideIsWaitedFor) {
  const auto at_rcpt = [](auto& f) { f.spf_known = f.message_known = false; };
  EXPECT_EQ(answer(with_lists(), at_rcpt), "listed-client");
  EXPECT_EQ(answer(with_lists(), [&](auto& f) { at_rcpt(f), f.exceptions.message_could_decide = true; }),
            question(Question::Message));
  EXPECT_EQ(answer(with_lists(), [&](auto& f) { at_rcpt(f), f.exceptions.spf_could_decide = true; }),
            question(Question::Spf));
  EXPECT_EQ(answer(with_lists(), [](auto& f) { f.exceptions.message_could_decide = true; }), "listed-client");
}

TEST(Strangers, WhoHasToComeAgainIsKnownAtTheEndOfTheMessage) {
  const auto unasked = [](auto& f) { f.stranger.must_wait.reset(); };
  EXPECT_EQ(answer(with_greylist(), [&](auto& f) { unasked(f), f.message_known = false; }),
            question(Question::Message));
  EXPECT_EQ(answer(with_greylist(), [&](auto& f) { unasked(f), f.relation.reset(); }), question(Question::Relation));
  EXPECT_EQ(answer(with_greylist(), unasked), question(Question::Greylist));
  EXPECT_EQ(answer(with_greylist(), [&](auto& f) { unasked(f), f.stranger.vouched_for = true; }), "optional");
}

TEST(Strangers, WhoMailboxesHereWroteToNeedNotWait) {
  for (const Change& change : {Change([](auto& f) { f.relation->standing = Standing::Approved; }),
                               Change([](auto& f) { f.relation->expected = true; }),
                               Change([](auto& f) { f.relation->answers_own_mail = true; })}) {
    EXPECT_EQ(answer(with_greylist(), change), "optional");
  }
}

TEST(Strangers, ADomainThatObservesNotesIt) {
  for (auto facts : {with_lists(), with_greylist()}) {
    facts.observe = true;
    const auto verdict = std::get<Verdict>(judge(facts));
    EXPECT_EQ(verdict.rule, "optional");
    EXPECT_FALSE(verdict.observed.empty());
  }
}

}  // namespace
}  // namespace cas::policy
