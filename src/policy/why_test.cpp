// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
#include "policy/why.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cas::policy {
namespace {

using testing::Contains;
using testing::HasSubstr;

Mailbox mailbox(std::string_view text) {
  return Mailbox::parse(text).value();
}

Why asked(RecipientFacts facts, std::optional<std::string> key = {}) {
  facts.domain_is_local = facts.message_known = facts.spf_known = true;
  facts.mailbox = MailboxStatus::Exists;
  WhyQuestion question{.sender = {}, .recipient = facts.recipient};
  question.sender.author = mailbox("joe@x.example");
  Why why{.facts = std::move(facts),
          .entries = {},
          .relation_key = std::move(key),
          .found = {},
          .verdict = {},
          .steps = {}};
  why.verdict = std::get<Verdict>(judge(why.facts));
  take_apart(why, question);
  return why;
}

TEST(Why, TellsEachRuleThatWasAskedAndTheOneThatDecided) {
  RecipientFacts facts{.recipient = mailbox("suzie@b.example")};
  facts.mode = confirm::Mode::Required;
  const auto why = asked(facts);
  ASSERT_GT(why.steps.size(), 1U);
  EXPECT_EQ(why.steps.front().rule, "relay-denied");
  EXPECT_FALSE(why.steps.front().applies);
  EXPECT_EQ(why.steps.back().rule, "required");
  EXPECT_TRUE(why.steps.back().applies);
  EXPECT_THAT(why.mends, Contains("cas exempt add joe@x.example --for suzie@b.example"));
}

TEST(Why, NamesWhatAnObservingDomainWouldHaveDone) {
  RecipientFacts facts{.recipient = mailbox("suzie@b.example")};
  facts.mode = confirm::Mode::Required;
  facts.observe = true;
  const auto why = asked(facts);
  EXPECT_EQ(why.verdict.rule, "optional");
  EXPECT_TRUE(std::ranges::any_of(why.steps, [](const auto& step) { return step.rule == "required" && step.applies; }));
  EXPECT_THAT(why.mends, Contains(HasSubstr("cas exempt add")));
}

TEST(Why, SaysWhatAnOwnerCanDo) {
  RecipientFacts facts{.recipient = mailbox("sales@b.example")};
  facts.owner = mailbox("suzie@b.example");
  facts.screening = Screening::Hold;
  facts.relation = Relation();
  EXPECT_THAT(asked(facts, "?joe@x.example").mends,
              Contains("cas screener approve suzie@b.example '?joe@x.example' --unauthenticated"));
}

TEST(Why, HasAMendForEveryRule) {
  for (const auto& rule : rules()) EXPECT_FALSE(rule.when.empty()) << rule.id;
}

}  // namespace
}  // namespace cas::policy
