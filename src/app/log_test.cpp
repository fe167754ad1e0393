// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Log lines: their form, and that no value can forge another line.
#include "app/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <boost/json.hpp>
#include <random>

#include "base/encoding.hpp"

namespace cas::app {
namespace {

// 2026-11-23T19:00:00.123Z
constexpr TimePoint at{milliseconds{1795460400123}};

Event delivered() {
  return Event{.level = Level::Info,
               .trace = "0123456789abcdef",
               .queue_id = "01JDCZ",
               .name = "delivered",
               .fields = {{"to", "<joe@b.example>"}, {"relay", "mx.b.example[192.0.2.1]:25"}, {"status", "sent"}}};
}

TEST(TextLine, reads_as_administrators_know_it) {
  EXPECT_EQ(text_line(at, delivered()),
            "2026-11-23T19:00:00.123Z info 0123456789abcdef 01JDCZ delivered to=<joe@b.example> "
            "relay=mx.b.example[192.0.2.1]:25 status=sent");
}

TEST(TextLine, writes_a_dash_for_what_is_not_there_yet) {
  const Event event{.level = Level::Warning, .trace = {}, .queue_id = {}, .name = "ready", .fields = {}};
  EXPECT_EQ(text_line(at, event), "2026-11-23T19:00:00.123Z warning - - ready");
}

TEST(TextLine, quotes_values_with_blanks_and_empty_ones) {
  const Event event{.level = Level::Info,
                    .trace = "t",
                    .queue_id = {},
                    .name = "x",
                    .fields = {{"reply", "250 2.0.0 ok"}, {"user", ""}, {"from", "<\"a b\"@c>"}}};
  EXPECT_EQ(text_line(at, event),
            "2026-11-23T19:00:00.123Z info t - x reply=\"250 2.0.0 ok\" user=\"\" from=\"<\\x22a b\\x22@c>\"");
}

Event hostile(std::string value) {
  return Event{.level = Level::Info,
               .trace = value,
               .queue_id = value,
               .name = "x",
               .fields = {{"v", value}, {"w", std::move(value)}}};
}

/// What no terminal and no log reader may be handed, and what no other line may be told from.
void expect_one_clean_line(const std::string& line) {
  EXPECT_TRUE(std::ranges::none_of(line, [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; })) << line;
  EXPECT_TRUE(is_utf8(line)) << line;
  for (std::size_t n = line.find('\xc2'); n != std::string::npos; n = line.find('\xc2', n + 1)) {
    EXPECT_GE(static_cast<unsigned char>(line[n + 1]), 0xa0) << "a C1 control: " << line;
  }
  for (const char* separator : {"\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xae", "\xe2\x81\xa6"})
    EXPECT_FALSE(line.contains(separator)) << line;
}

void expect_clean(const std::string& value) {
  const auto text = text_line(at, hostile(value));
  expect_one_clean_line(text);
  EXPECT_TRUE(text.starts_with("2026-11-23T19:00:00.123Z info "));
  EXPECT_EQ(std::ranges::count(text, '"') % 2, 0) << text;
  const auto json = json_line(at, hostile(value));
  expect_one_clean_line(json);
  EXPECT_TRUE(boost::json::parse(json).is_object());
}

TEST(LogLines, hold_no_line_end_no_escape_and_no_nul_whatever_the_values_are_CAS_21) {
  std::mt19937 random(20261123);
  for (int round = 0; round < 1500; ++round) {
    std::string value;
    for (std::size_t n = random() % 40; n > 0; --n) value += static_cast<char>(random() % 256);
    expect_clean(value);
  }
}

TEST(LogLines, hold_none_of_the_characters_that_steer_a_terminal_CAS_21) {
  constexpr std::array<std::string_view, 18> pieces{"\r\n",
                                                    "\n",
                                                    "\r",
                                                    "\x1b[2J",
                                                    "\x1b]0;x\x07",
                                                    std::string_view("\0", 1),
                                                    "\xc2\x85",
                                                    "\xc2\x9b"
                                                    "31m",
                                                    "\x7f",
                                                    "\xe2\x80\xa8",
                                                    "\xe2\x80\xae",
                                                    "\xe2\x81\xa6",
                                                    "\xc2",
                                                    "\xed\xa0\x80",
                                                    "\\x0A",
                                                    "\"",
                                                    " status=sent",
                                                    "\xc3\xa9"};
  std::mt19937 random(3);
  for (int round = 0; round < 1500; ++round) {
    std::string value;
    for (std::size_t n = 1 + random() % 6; n > 0; --n) value += pieces[random() % pieces.size()];
    expect_clean(value);
    expect_clean(std::string(1015 + random() % 12, 'a') + value);  // where it is cut
  }
}

TEST(TextLine, value_cannot_end_its_quotes_and_begin_a_field) {
  const auto line = text_line(at, hostile("x\" status=sent y=\""));
  EXPECT_EQ(std::ranges::count(line, '"'), 8) << "two around each of the four values: " << line;
}

TEST(LogLines, long_values_are_cut) {
  EXPECT_LT(text_line(at, hostile(std::string(1 << 20, 'a'))).size(), 4096U);
  EXPECT_LT(json_line(at, hostile(std::string(1 << 20, 'a'))).size(), 4096U);
}

TEST(JsonLine, is_one_object_with_all_fields) {
  const auto value = boost::json::parse(json_line(at, delivered()));
  const auto& object = value.as_object();
  EXPECT_EQ(object.at("at").as_string(), "2026-11-23T19:00:00.123Z");
  EXPECT_EQ(object.at("level").as_string(), "info");
  EXPECT_EQ(object.at("trace").as_string(), "0123456789abcdef");
  EXPECT_EQ(object.at("queue_id").as_string(), "01JDCZ");
  EXPECT_EQ(object.at("event").as_string(), "delivered");
  EXPECT_EQ(object.at("fields").as_object().at("to").as_string(), "<joe@b.example>");
}

TEST(JsonLine, repeated_field_keeps_all_its_values) {
  const Event event{
      .level = Level::Info, .trace = {}, .queue_id = {}, .name = "x", .fields = {{"to", "a"}, {"to", "b"}}};
  EXPECT_EQ(boost::json::parse(json_line(at, event)).at("fields").at("to").as_string(), "a, b");
}

TEST(Log, writes_from_its_level_up_and_everything_before_it_ends) {
  testing::internal::CaptureStderr();
  {
    Log log(LogConfig{.format = LogFormat::Text, .level = Level::Info});
    auto event = delivered();
    for (int n = 0; n < 100; ++n) log.write(at, event);
    event.level = Level::Debug;
    log.write(at, event);
  }
  const auto text = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::ranges::count(text, '\n'), 100);
}

}  // namespace
}  // namespace cas::app
