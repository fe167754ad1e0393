// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Remembered for as long as the answer says, and not at all where that could hurt.
#include "net/answer_cache.hpp"

#include <gtest/gtest.h>

namespace cas::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const dns::Question question{.name = "a.example", .type = dns::Type::TXT};
const AnswerCache::Time start{seconds{1000}};

dns::Answer answer(seconds ttl, std::string text = "v=spf1 -all") {
  dns::Answer answer;
  answer.status = dns::Status::Ok;
  answer.ttl = ttl;
  answer.records = {dns::Txt{std::move(text)}};
  return answer;
}

TEST(AnswerCache, GivesBackWithTheTimeThatIsLeft) {
  AnswerCache cache;
  cache.keep(question, answer(seconds{60}), start);
  const auto found = cache.find(question, start + seconds{20});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->records, answer({}).records);
  EXPECT_EQ(found->ttl, seconds{40});
  EXPECT_FALSE(cache.find(dns::Question{.name = "a.example", .type = dns::Type::A}, start));
}

TEST(AnswerCache, ForgetsWhenTheTimeIsOver) {
  AnswerCache cache;
  cache.keep(question, answer(seconds{60}), start);
  EXPECT_TRUE(cache.find(question, start + seconds{60} - milliseconds{1}));
  EXPECT_FALSE(cache.find(question, start + seconds{60}));
}

TEST(AnswerCache, AbsenceIsAnAnswerAndFailureIsNone) {
  AnswerCache cache;
  dns::Answer absent;
  absent.status = dns::Status::NxDomain;
  absent.ttl = seconds{5};
  cache.keep(question, absent, start);
  ASSERT_TRUE(cache.find(question, start));
  EXPECT_EQ(cache.find(question, start)->status, dns::Status::NxDomain);

  AnswerCache other;
  absent.status = dns::Status::Failed;
  other.keep(question, absent, start);
  other.keep(question, answer(seconds{0}), start);
  EXPECT_FALSE(other.find(question, start));
}

TEST(AnswerCache, WhatIsLargeIsNotKept) {
  AnswerCache cache;
  cache.keep(question, answer(seconds{60}, std::string(AnswerCache::max_octets, 'x')), start);
  EXPECT_FALSE(cache.find(question, start));
}

}  // namespace
}  // namespace cas::net
