// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
#include "policy/turns.hpp"

#include <gtest/gtest.h>

namespace cas::policy {
namespace {

constexpr TimePoint now{std::chrono::hours(1000)};
constexpr std::string_view client = "192.0.2.1";

Mailbox mailbox(const std::string& text) {
  return Mailbox::parse(text).value();
}

Verdict pending() {
  return {.admission = Admission::Deferred, .reply = {451, {4, 7, 0}, "wait"}, .rule = "pending", .observed = {}};
}

TEST(Turns, who_stood_in_the_way_is_passed_over_for_this_sender_alone_and_for_a_while) {
  Turns turns;
  turns.stood_in_the_way({.recipient = mailbox("Lee@south.example"), .client = client, .sender = "ann@quiet.example"},
                         pending(), now);
  const auto verdict = turns.passed_over(
      {.recipient = mailbox("lee@south.example"), .client = client, .sender = "Ann@quiet.example"}, now);
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->rule, "pending");
  EXPECT_FALSE(turns.passed_over(
      {.recipient = mailbox("kim@south.example"), .client = client, .sender = "ann@quiet.example"}, now));
  EXPECT_FALSE(turns.passed_over(
      {.recipient = mailbox("lee@south.example"), .client = client, .sender = "bob@quiet.example"}, now));
  EXPECT_TRUE(
      turns.passed_over({.recipient = mailbox("lee@south.example"), .client = client, .sender = "ann@quiet.example"},
                        now + Turns::remembered - std::chrono::seconds(1)));
  EXPECT_FALSE(
      turns.passed_over({.recipient = mailbox("lee@south.example"), .client = client, .sender = "ann@quiet.example"},
                        now + Turns::remembered));
}

TEST(Turns, a_name_borrowed_elsewhere_keeps_nobody_out) {
  Turns turns;
  const auto lee = mailbox("lee@south.example");
  turns.stood_in_the_way({.recipient = lee, .client = "203.0.113.9", .sender = "ann@quiet.example"}, pending(), now);
  EXPECT_FALSE(turns.passed_over({.recipient = lee, .client = client, .sender = "ann@quiet.example"}, now));
  EXPECT_TRUE(turns.passed_over({.recipient = lee, .client = "203.0.113.8", .sender = "ann@quiet.example"}, now));
}

TEST(Turns, a_decision_gives_everybody_another_look) {
  Turns turns;
  turns.stood_in_the_way({.recipient = mailbox("lee@south.example"), .client = client, .sender = ""}, pending(), now);
  turns.forget();
  EXPECT_FALSE(turns.passed_over({.recipient = mailbox("lee@south.example"), .client = client, .sender = ""}, now));
}

TEST(Turns, is_bounded_and_drops_what_is_over_first) {
  Turns turns;
  const auto late = now + Turns::remembered;
  for (std::size_t n = 0; n < Turns::most; ++n) {
    turns.stood_in_the_way(
        {.recipient = mailbox("x" + std::to_string(n) + "@south.example"), .client = client, .sender = "s"}, pending(),
        n == 0 ? late : now);
  }
  turns.stood_in_the_way({.recipient = mailbox("new@south.example"), .client = client, .sender = "s"}, pending(), late);
  EXPECT_TRUE(turns.passed_over({.recipient = mailbox("x0@south.example"), .client = client, .sender = "s"}, late));
  EXPECT_TRUE(turns.passed_over({.recipient = mailbox("new@south.example"), .client = client, .sender = "s"}, late));
  for (std::size_t n = 0; n < 2 * Turns::most; ++n) {
    turns.stood_in_the_way(
        {.recipient = mailbox("y" + std::to_string(n) + "@south.example"), .client = client, .sender = "s"}, pending(),
        late);
  }
  std::size_t kept = 0;
  for (std::size_t n = 0; n < 2 * Turns::most; ++n) {
    kept +=
        turns.passed_over(
            {.recipient = mailbox("y" + std::to_string(n) + "@south.example"), .client = client, .sender = "s"}, late)
            ? 1U
            : 0U;
  }
  EXPECT_LE(kept, Turns::most);
  EXPECT_GT(kept, 0U);
}

}  // namespace
}  // namespace cas::policy
