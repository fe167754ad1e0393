// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Header sections as filters change them.
#include "milter/edits.hpp"

#include <gtest/gtest.h>

namespace cas::milter {
namespace {

HeaderEdits header(const std::string& text = "From: a\r\nX: 1\r\nSubject: s\r\nx: 2\r\n") {
  return *HeaderEdits::of(text);
}

TEST(MilterEdits, AFilterIsSentLinesWithLf) {
  const auto edits = header("Subject: one\r\n\ttwo\r\nX:y\r\n");
  EXPECT_EQ(edits.packets(true), (std::vector<Header>{{"Subject", " one\n\ttwo"}, {"X", "y"}}));
  EXPECT_EQ(edits.packets(false), (std::vector<Header>{{"Subject", "one\n\ttwo"}, {"X", "y"}}));
}

TEST(MilterEdits, FieldsAreAddedAtTheEndAndInsertedWhereTheyAreTold) {
  auto edits = header();
  EXPECT_TRUE(edits.add({"A", "end"}, false));
  EXPECT_TRUE(edits.insert({0, "B", " top\n\tmore"}, true));
  EXPECT_TRUE(edits.insert({2, "C", "third"}, false));
  EXPECT_TRUE(edits.insert({1000, "D", "last"}, false));
  EXPECT_EQ(edits.text(),
            "B: top\r\n\tmore\r\nFrom: a\r\nC: third\r\nX: 1\r\nSubject: s\r\nx: 2\r\nA: end\r\nD: last\r\n");
}

TEST(MilterEdits, FieldsOfANameAreCountedInAnyCase) {
  auto edits = header();
  EXPECT_TRUE(edits.change({2, "X", "two"}, false));
  EXPECT_TRUE(edits.change({1, "x", ""}, false));
  EXPECT_TRUE(edits.change({0, "subject", "[spam] s"}, false));
  EXPECT_EQ(edits.text(), "From: a\r\nsubject: [spam] s\r\nX: two\r\n");
}

TEST(MilterEdits, OneThatIsNotThereIsAddedAndNotRemoved) {
  auto edits = header("From: a\r\n");
  EXPECT_TRUE(edits.change({1, "X", ""}, false));
  EXPECT_TRUE(edits.change({3, "X", "new"}, false));
  EXPECT_EQ(edits.text(), "From: a\r\nX: new\r\n");
}

TEST(MilterEdits, NoFieldBringsAnother) {
  auto edits = header();
  EXPECT_FALSE(edits.add({"A", "x\nBcc: y"}, false));
  EXPECT_FALSE(edits.add({"A", "x\n\nbody"}, false));
  EXPECT_FALSE(edits.change({1, "X", "x\r\nBcc: y"}, false));
  EXPECT_FALSE(edits.insert({0, "A", std::string(HeaderEdits::most, 'x')}, false));
  EXPECT_EQ(edits.text(), header().text());
}

TEST(MilterEdits, LinesOfABodyEndAsSmtpWantsIt) {
  EXPECT_EQ(with_crlf("a\nb\r\nc\rd\r\n"), "a\r\nb\r\nc\r\nd\r\n");
  EXPECT_EQ(with_crlf(""), "");
}

}  // namespace
}  // namespace cas::milter
