// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Which entries a filter means.
#include "queue/filter.hpp"

#include <gtest/gtest.h>

namespace cas::queue {
namespace {

using std::chrono::seconds;

constexpr TimePoint now{milliseconds(1'000'000'000)};

store::Message message(std::string_view sender = "<Joe@A.example>", seconds age = seconds(60)) {
  store::Message made;
  made.id = "AB1";
  made.sender = ReversePath::parse(sender).value();
  made.arrived = now - age;
  return made;
}

store::Recipient recipient(std::string_view address, store::RecipientState state = store::RecipientState::Waiting) {
  return {.address = Mailbox::parse(address).value(), .state = state, .next_attempt = {}, .last_reply = {}};
}

Filter filter(FilterWords words) {
  return parse_filter(words).value();
}

TEST(Filter, NothingGivenIsEverything) {
  EXPECT_TRUE(filter({}).empty());
  EXPECT_TRUE(fits(filter({}), message(), now));
  EXPECT_TRUE(fits(filter({}), recipient("a@b.example"), false));
}

TEST(Filter, TheRecipientsDomainIsExactOrAllBelow) {
  struct Case {
    const char* domain;
    const char* address;
    bool fits;
  };
  for (const auto& [domain, address, expected] : {Case{"b.example", "a@b.example", true},
                                                  {"B.Example", "a@b.example", true},
                                                  {"b.example", "a@x.b.example", false},
                                                  {"b.example", "a@bb.example", false},
                                                  {".b.example", "a@x.b.example", true},
                                                  {".b.example", "a@b.example", false},
                                                  {".b.example", "a@xb.example", false},
                                                  {"[192.0.2.1]", "a@[192.0.2.1]", true}}) {
    EXPECT_EQ(fits(filter({.domain = domain}), recipient(address), false), expected) << domain << ' ' << address;
  }
}

TEST(Filter, TheSenderIsAnAddressADomainOrNobody) {
  struct Case {
    const char* sender;
    const char* path;
    bool fits;
  };
  for (const auto& [sender, path, expected] : {Case{"joe@a.example", "<Joe@a.example>", true},
                                               {"joe@a.example", "<joe@b.example>", false},
                                               {"a.example", "<joe@a.example>", true},
                                               {"@a.example", "<joe@a.example>", true},
                                               {"a.example", "<joe@x.a.example>", false},
                                               {"a.example", "<>", false},
                                               {"<>", "<>", true},
                                               {"<>", "<joe@a.example>", false}}) {
    EXPECT_EQ(fits(filter({.sender = sender}), message(path), now), expected) << sender << ' ' << path;
  }
}

TEST(Filter, AgesHaveTwoSides) {
  const auto older = filter({.older_than = "60"});
  EXPECT_TRUE(fits(older, message("<>", seconds(60)), now));
  EXPECT_FALSE(fits(older, message("<>", seconds(59)), now));
  const auto younger = filter({.younger_than = "60"});
  EXPECT_FALSE(fits(younger, message("<>", seconds(60)), now));
  EXPECT_TRUE(fits(younger, message("<>", seconds(59)), now));
}

TEST(Filter, TheReasonIsPartOfTheLastReplyOrTheNote) {
  auto one = recipient("a@b.example");
  one.last_reply = "451 4.7.1 Come back LATER";
  EXPECT_TRUE(fits(filter({.reason = "back later"}), one, false));
  EXPECT_FALSE(fits(filter({.reason = "never"}), one, false));
  one.note = "Never mind";
  EXPECT_TRUE(fits(filter({.reason = "never"}), one, false));
}

TEST(Filter, WhatIsBeingTriedIsInFlightAndNotWaiting) {
  const auto one = recipient("a@b.example");
  EXPECT_TRUE(fits(filter({.state = "waiting"}), one, false));
  EXPECT_FALSE(fits(filter({.state = "waiting"}), one, true));
  EXPECT_TRUE(fits(filter({.state = "in-flight"}), one, true));
  EXPECT_FALSE(fits(filter({.state = "held"}), one, false));
  EXPECT_TRUE(fits(filter({.state = "held"}), recipient("a@b.example", store::RecipientState::Held), false));
}

TEST(Filter, IdsAreAList) {
  const auto two = filter({.ids = "AB0,AB1"});
  EXPECT_TRUE(fits(two, message(), now));
  EXPECT_FALSE(fits(filter({.ids = "AB2"}), message(), now));
}

TEST(Filter, WhatIsWrongIsNamed) {
  for (const FilterWords& words :
       {FilterWords{.ids = "AB1,x'y"}, FilterWords{.domain = "x'y"}, FilterWords{.sender = "x'y"},
        FilterWords{.sender = "x'y@b..example"}, FilterWords{.older_than = "x'y"}, FilterWords{.younger_than = "x'y"},
        FilterWords{.state = "x'y"}}) {
    const auto parsed = parse_filter(words);
    ASSERT_FALSE(parsed);
    EXPECT_NE(parsed.error().public_text.find("x'y"), std::string::npos) << parsed.error().public_text;
  }
  EXPECT_FALSE(parse_filter({.older_than = "-1"}));
  EXPECT_FALSE(parse_filter({.older_than = "99999999999999999999"}));
  EXPECT_FALSE(parse_filter({.reason = std::string(2000, 'x')}));
  std::string ids = "A";
  for (int n = 0; n < 1001; ++n) ids += ",A" + std::to_string(n);
  EXPECT_FALSE(parse_filter({.ids = ids}));
}

}  // namespace
}  // namespace cas::queue
