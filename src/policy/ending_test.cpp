// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
#include "policy/ending.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cas::policy {
namespace {

using testing::ElementsAre;

Verdict takes(Admission admission = Admission::Unconfirmed) {
  return {.admission = admission, .reply = smtp::Reply(250, {2, 1, 5}, "ok"), .rule = {}, .observed = {}};
}
Verdict says(int code, smtp::EnhancedCode enhanced) {
  return {.admission = code < 500 ? Admission::Deferred : Admission::Refused,
          .reply = smtp::Reply(code, enhanced, "no"),
          .rule = {},
          .observed = {}};
}
const Verdict refuses = says(550, {5, 7, 1});
const Verdict defers = says(451, {4, 7, 28});
const Verdict unknown = says(451, {4, 3, 0});

TEST(Ending, RefusesWhatNobodyTakes) {
  EXPECT_EQ(end_message({refuses, refuses}).refusal->code, 550);
  EXPECT_EQ(end_message({refuses, defers}).refusal->code, 451) << "one of them may take it later";
  EXPECT_FALSE(end_message({}).refusal);
}

TEST(Ending, RefusesNobodyForWhatANeighbourWants) {
  const auto ending = end_message({takes(), refuses, takes(Admission::Held), defers});
  EXPECT_FALSE(ending.refusal);
  EXPECT_THAT(ending.fates, ElementsAre(Fate::Inbox, Fate::Aside, Fate::Screener, Fate::Aside));
}

TEST(Ending, WaitsWhereItCannotBeTold) {
  EXPECT_EQ(end_message({takes(), unknown}).refusal->code, 451);
}

}  // namespace
}  // namespace cas::policy
