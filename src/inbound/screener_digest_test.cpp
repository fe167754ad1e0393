// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The letter to an owner.
#include "inbound/screener_digest.hpp"

#include <gtest/gtest.h>

namespace cas::inbound {
namespace {

constexpr UnixTime now{seconds(1'795'000'000)};

std::string letter(const std::vector<registry::RelationRow>& rows) {
  const registry::Relationships::Digest digest{.mailbox = "suzie@b.example", .pending = rows, .reminders = {}};
  return format_screener_digest(digest, Mailbox::parse("suzie@b.example").value(), "A1@mx.b.example", now);
}
registry::RelationRow row(const std::string& author, UnixTime since) {
  return {.mailbox = "suzie@b.example",
          .key = author,
          .since = since,
          .by = {},
          .via = "mail",
          .author = author,
          .domain = {},
          .messages = 1};
}

TEST(ScreenerDigest, NamesWhoWaitsByDomainAndSaysOfWhomForTheLastTime) {
  const auto fresh = now - std::chrono::hours(1);
  const auto text = letter(
      {row("joe@z.example", fresh), row("old@y.example", now - registry::remind_after), row("ann@a.example", fresh)});
  EXPECT_TRUE(text.contains("Subject: 3 senders in your Screener\r\n")) << text;
  const auto ann = text.find("  a.example   ann@a.example   1 message\r\n"), joe = text.find("  z.example   joe@"),
             last = text.find("for the last time"), old = text.find("  y.example   old@");
  EXPECT_TRUE(ann < joe && joe < last && last < old && old != text.npos) << text;
}

TEST(ScreenerDigest, SaysHowToDecide) {
  const auto text = letter({row("joe@z.example", now)});
  EXPECT_TRUE(text.contains("\r\n  cas screener approve suzie@b.example ADDRESS\r\n")) << text;
  EXPECT_TRUE(text.contains("From: Screener <postmaster@b.example>\r\n")) << "an answer goes there";
}

TEST(ScreenerDigest, HasNoHeadingWithoutASender) {
  EXPECT_FALSE(letter({row("old@y.example", now - registry::remind_after)}).contains("for the first time"));
  EXPECT_FALSE(letter({row("joe@z.example", now)}).contains("for the last time"));
}

TEST(ScreenerDigest, ShowsNothingThatASenderCouldWriteALineWith) {
  const auto text = letter({row("joe\r\nSubject: x@z.example", now)});
  EXPECT_FALSE(text.contains("\r\nSubject: x")) << text;
}

}  // namespace
}  // namespace cas::inbound
