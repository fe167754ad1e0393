// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Tag lists, RFC 6376 §3.2.
#include "auth/tag_list.hpp"

#include <gtest/gtest.h>

namespace cas::auth {
namespace {

TEST(TagList, KeepsOrderAndInnerBlanksAndDropsOuterOnes) {
  const auto tags = parse_tag_list(" v = DKIM1 ;\tn= a note\r\n with folds ; p=;x_1=a=b;");
  ASSERT_TRUE(tags);
  const TagList expected{{"v", "DKIM1"}, {"n", "a note\r\n with folds"}, {"p", ""}, {"x_1", "a=b"}};
  EXPECT_EQ(*tags, expected);
  EXPECT_EQ(find_tag(*tags, "x_1"), "a=b");
  EXPECT_EQ(find_tag(*tags, "p"), "");
  EXPECT_EQ(find_tag(*tags, "V"), std::nullopt);
}

TEST(TagList, IsInvalidAsAWholeWhenATagIsRepeatedRfc6376Section32) {
  EXPECT_FALSE(parse_tag_list("a=1; b=2; a=1"));
  EXPECT_TRUE(parse_tag_list("a=1; b=2; A=1"));
}

TEST(TagList, RefusesWhatTheGrammarDoesNotHave) {
  for (const std::string_view text : {"", ";", " ", "a", "=1", "a=1;;b=2", ";a=1", "1a=1", "a-b=1", "_a=1", "a b=1",
                                      "a=1\x01", "a=\xc3\xa9", "a=1\r\nb=2", "a=1\n b", "a=1\r", "a=1;\r\n"}) {
    EXPECT_FALSE(parse_tag_list(text)) << text;
  }
  EXPECT_FALSE(parse_tag_list(std::string_view("a=\0", 3)));
}

}  // namespace
}  // namespace cas::auth
