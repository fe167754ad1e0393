// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
#include "base/fields.hpp"

#include <gtest/gtest.h>

namespace cas {
namespace {

using namespace std::string_literals;

TEST(Fields, WhatWasSetIsReadBack) {
  Fields fields;
  fields.set("pattern", "a=b.example");
  fields.set("reason", "50 %\tof\r\n\0them"s);
  fields.set("pattern", ".b.example");
  EXPECT_EQ(fields.text(), "pattern=.b.example\treason=50 %25%09of%0D%0A%00them");
  const auto again = Fields::parse(fields.text());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->get("pattern"), ".b.example");
  EXPECT_EQ(again->get("reason"), "50 %\tof\r\n\0them"s);
  EXPECT_EQ(again->get("owner"), "");
  EXPECT_EQ(again->text(), fields.text());
}

TEST(Fields, NothingIsNoFields) {
  ASSERT_TRUE(Fields::parse(""));
  EXPECT_EQ(Fields::parse("")->text(), "");
}

TEST(Fields, WhatIsNoListOfFieldsIsNone) {
  for (const char* text : {"name", "=value", "na me=v", "a=%4", "a=%zz", "a=1\ta=2", "a=1\t\tb=2"}) {
    EXPECT_FALSE(Fields::parse(text)) << text;
  }
}

}  // namespace
}  // namespace cas
