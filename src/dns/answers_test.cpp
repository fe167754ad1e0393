// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What is missing is noted once, and found when it was added.
#include "dns/answers.hpp"

#include <gtest/gtest.h>

namespace cas::dns {
namespace {

const Question question{.name = "a.example", .type = Type::TXT};

TEST(Answers, NotesWhatIsMissingOnce) {
  Answers answers;
  EXPECT_EQ(answers.find(question), nullptr);
  EXPECT_EQ(answers.find(question), nullptr);
  EXPECT_EQ(answers.take_open(), std::vector{question});
  EXPECT_TRUE(answers.take_open().empty());
}

TEST(Answers, FindsWhatWasAdded) {
  Answers answers;
  answers.add(question,
              Answer{.status = Status::NxDomain, .secure = false, .ttl = {}, .records = {}, .private_reason = {}});
  const Answer* found = answers.find(question);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->status, Status::NxDomain);
  EXPECT_TRUE(answers.take_open().empty());
  EXPECT_EQ(answers.find(Question{.name = "a.example", .type = Type::A}), nullptr);
}

}  // namespace
}  // namespace cas::dns
