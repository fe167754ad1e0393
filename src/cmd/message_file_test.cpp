// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Line ends, and what is read from files.
#include "cmd/message_file.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"

namespace cas::cmd {
namespace {

constexpr std::string_view header = "From: ada@west.example\nDate: x\nMessage-ID: <1@a>\n\n";

TEST(WireForm, takes_lf_for_crlf_and_keeps_crlf) {
  EXPECT_EQ(wire_form("a: b\n\nc\n")->octets, "a: b\r\n\r\nc\r\n");
  EXPECT_TRUE(wire_form("a: b\n\nc\n")->had_lf);
  EXPECT_EQ(wire_form("a: b\r\n\r\nc\r\n")->octets, "a: b\r\n\r\nc\r\n");
  EXPECT_FALSE(wire_form("a: b\r\n\r\nc\r\n")->had_lf);
}

TEST(WireForm, ends_the_last_line) {
  EXPECT_EQ(wire_form("a: b\n\nc")->octets, "a: b\r\n\r\nc\r\n");
  EXPECT_EQ(wire_form("")->octets, "\r\n");
}

TEST(WireForm, refuses_what_no_receiver_takes_with_the_line) {
  const auto refusal = [](std::string_view text) { return wire_form(text).error().private_reason; };
  EXPECT_TRUE(refusal("a\r\nb\n").starts_with("some lines end in CRLF and line 2"));
  EXPECT_TRUE(refusal("a\nb\r\n").starts_with("some lines end in CRLF and line 2"));
  EXPECT_TRUE(refusal("a\n\nb\rc\n").starts_with("a CR without LF stands in line 3"));
  EXPECT_TRUE(refusal("a\n\r").starts_with("a CR without LF stands in line 2"));
  EXPECT_TRUE(refusal(std::string_view("a\n\0", 3)).starts_with("a NUL stands in line 2"));
}

TEST(JudgeMessage, finds_what_a_receiver_finds) {
  const auto facts = judge_message(wire_form(std::string(header) + "Hi.\n").value()).value();
  EXPECT_EQ(facts.from.front().wire(), "ada@west.example");
  EXPECT_EQ(facts.date_fields, 1U);
  EXPECT_EQ(facts.message_id_fields, 1U);
  // Blanks at line ends and empty lines at the end are forgiven, another octet is not (CAS §4.4).
  EXPECT_EQ(judge_message(wire_form(std::string(header) + "Hi. \n\n").value())->hashes, facts.hashes);
  EXPECT_NE(judge_message(wire_form(std::string(header) + "Ho.\n").value())->hashes, facts.hashes);
}

TEST(JudgeMessage, refuses_what_is_no_message) {
  EXPECT_FALSE(judge_message(wire_form("no header field\n\nHi.\n").value()));
}

TEST(IntentLines, are_taken_as_they_stand_in_logs_and_dialogs) {
  const std::vector<std::string> two{"v=CAS1;a", "v=CAS1;b"};
  EXPECT_EQ(intent_lines("v=CAS1;a\nv=CAS1;b\n"), two);
  EXPECT_EQ(intent_lines("CONFIRM v=CAS1;a\r\n\r\nconfirm v=CAS1;b"), two);
  EXPECT_EQ(intent_lines("CONFIRM  v=CAS1;a").front(), " v=CAS1;a") << "a blank too many is a fault of the intent";
  EXPECT_TRUE(intent_lines("\n\r\n").empty());
}

}  // namespace
}  // namespace cas::cmd
