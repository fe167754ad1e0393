// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Header fields and their canonical forms.
#include "message/header.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace cas {
namespace {

HeaderField only_field(std::string_view text) {
  const auto fields = parse_header(text);
  EXPECT_TRUE(fields && fields->size() == 1) << text;
  return fields->front();
}

TEST(ParseHeader, CutsFieldsAsViews) {
  const std::string text = "From: a@b.example\r\nSubject: one\r\n\ttwo\r\n three\r\nX-Empty:\r\nfrom :again\r\n\r\n";
  const auto fields = parse_header(text);
  ASSERT_TRUE(fields);
  ASSERT_EQ(fields->size(), 4U);
  EXPECT_EQ((*fields)[0].name, "From");
  EXPECT_EQ((*fields)[0].value, " a@b.example");
  EXPECT_EQ((*fields)[1].raw, "Subject: one\r\n\ttwo\r\n three\r\n");
  EXPECT_EQ((*fields)[1].value, " one\r\n\ttwo\r\n three");
  EXPECT_EQ((*fields)[2].value, "");
  EXPECT_EQ((*fields)[3].name, "from");  // RFC 5322 §4.5: blanks before the colon
  EXPECT_EQ((*fields)[0].raw.data(), text.data());
  EXPECT_EQ(fields_named(*fields, "FROM").size(), 2U);
  EXPECT_EQ(fields_named(*fields, "FROM")[1].value, "again");
  EXPECT_TRUE(fields_named(*fields, "To").empty());
}

TEST(ParseHeader, TakesSectionsWithAndWithoutTheEmptyLine) {
  EXPECT_EQ(parse_header("")->size(), 0U);
  EXPECT_EQ(parse_header("\r\n")->size(), 0U);
  EXPECT_EQ(parse_header("A: b\r\n")->size(), 1U);
  EXPECT_EQ(parse_header("A: b\r\n\r\nnot a field\r\n")->size(), 1U);
  EXPECT_EQ(parse_header("A:\r\n  \r\n b\r\n")->size(), 1U);  // RFC 5322 §4.2: a line of blanks continues
}

TEST(ParseHeader, RefusesWhatIsNoFieldRfc5322Section2_2) {
  for (const std::string_view text :
       {" a: b\r\n", "a\r\n", "a b: c\r\n", ": c\r\n", " : c\r\n", "\x80: c\r\n", "a\x01: c\r\n", "a: b", "a: b\n",
        "a: b\r", "a: b\rc\r\n", "a: b\nc: d\r\n", "a: b\r\nc\r\n", "\n", "\r", "a: b\r\r\n", "\n\r\n"}) {
    const auto fields = parse_header(text);
    ASSERT_FALSE(fields) << text;
    EXPECT_EQ(fields.error().lasting, Lasting::Permanent);
  }
}

TEST(ParseHeader, SaysWhichLineIsNoField) {
  EXPECT_EQ(parse_header("A: b\r\nFrom a@b \x1b\r\n").error().private_reason,
            "header: a line is no field: \"From a@b \\x1B\"");
  EXPECT_EQ(parse_header("a b: c\r\n").error().private_reason, "header: bad field name: \"a b\"");
}

TEST(ParseHeader, IsBounded) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "a:\r\n";
  EXPECT_EQ(parse_header(text)->size(), 10'000U);
  EXPECT_FALSE(parse_header(text + "a:\r\n"));
}

TEST(Unfold, RemovesCrLfBeforeWhiteSpaceOnlyRfc5322Section2_2_3) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"a\r\n b", "a b"}, {"a\r\n\tb\r\n c", "a\tb c"}, {"\r\n a", " a"},   {"a\r\nb", "a\r\nb"},
      {"a\r b", "a\r b"}, {"a\n b", "a\n b"},           {"a\r\n", "a\r\n"}, {"\r\r\n a", "\r a"},
  };
  for (const auto& [folded, plain] : cases) EXPECT_EQ(unfold(folded), plain);
}

TEST(Canonical, GivesTheExamplesOfRfc6376Section3_4_5) {
  const auto fields = parse_header("A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n");
  ASSERT_TRUE(fields);
  EXPECT_EQ(relaxed_header((*fields)[0]), "a:X\r\n");
  EXPECT_EQ(relaxed_header((*fields)[1]), "b:Y Z\r\n");
  EXPECT_EQ(simple_header((*fields)[0]), "A: X\r\n");
  EXPECT_EQ(simple_header((*fields)[1]), "B : Y\t\r\n\tZ  \r\n");
}

TEST(Canonical, RelaxedHeaderTable) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"SUBJect: AbC\r\n", "subject:AbC\r\n"},
      {"a:\r\n", "a:\r\n"},
      {"a: \t \r\n", "a:\r\n"},
      {"a:\r\n b\r\n", "a:b\r\n"},
      {"a: b\r\n \r\n \tc \r\n \r\n", "a:b c\r\n"},
      {"a \t :  b  \t c\r\n", "a:b c\r\n"},
      {"a:b:c\r\n", "a:b:c\r\n"},
      {"a: \xC3\x84\xFF\r\n", "a:\xC3\x84\xFF\r\n"},
  };
  for (const auto& [raw, canonical] : cases) {
    EXPECT_EQ(relaxed_header(only_field(raw)), canonical) << raw;
    EXPECT_EQ(relaxed_header(only_field(canonical)), canonical) << "twice is as once";
  }
}

}  // namespace
}  // namespace cas
