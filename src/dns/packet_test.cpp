// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
#include "dns/packet.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/encoding.hpp"

namespace cas::dns {
namespace {

using namespace std::string_literals;

/// a.example TXT, a CNAME to b.example, and its two TXT records: one of two strings, one of none.
const std::string header = "\x12\x34\x81\x80\x00\x01\x00\x03\x00\x00\x00\x00"s;
const std::string question =
    "\x01"s
    "a\x07"s
    "example\x00\x00\x10\x00\x01"s;
const std::string alias =
    "\xC0\x0C\x00\x05\x00\x01\x00\x00\x00\x3C\x00\x04\x01"s
    "b\xC0\x0E"s;
const std::string text =
    "\x01"s
    "b\xC0\x0E\x00\x10\x00\x01\x00\x00\x00\x3C\x00\x06\x02"s
    "hi\x02"s
    "ho"s;
const std::string empty =
    "\x01"s
    "b\x07"s
    "example\x00\x00\x10\x00\x01\x00\x00\x00\x3C\x00\x00"s;

std::string found(const std::string& packet, Type type = Type::TXT) {
  const auto answers = answers_in_packet(as_octets(packet), type);
  if (!answers) return answers.error().private_reason;
  std::string out;
  for (const auto& rdata : *answers) out += "[" + std::string(rdata.begin(), rdata.end()) + "]";
  return out;
}

TEST(Packet, GivesTheRecordsOfItsAnswerRfc1035Section41) {
  EXPECT_EQ(found(header + question + alias + text + empty), "[\x02hi\x02ho][]");
  EXPECT_EQ(found("\x00\x00\x81\x80\x00\x01\x00\x00\x00\x00\x00\x00"s + question), "");
}

TEST(Packet, WhatStandsBehindTheAnswersIsNotLookedAt) {
  EXPECT_EQ(found(header + question + alias + text + empty + "\xFF\xFF"), "[\x02hi\x02ho][]");
}

TEST(Packet, RefusesWhatEndsTooEarly) {
  const std::string whole = header + question + alias + text + empty;
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_EQ(found(whole.substr(0, length)), "packet: it ends too early") << length;
}

TEST(Packet, RefusesWhatIsNoWholeAnswerToThatQuestion) {
  const std::string rest = question + alias + text + empty;
  for (const std::string& flags : {"\x01\x80"s, "\x83\x80"s, "\x81\x82"s, "\x81\x83"s})
    EXPECT_EQ(found("\x12\x34"s + flags + header.substr(4) + rest), "packet: it is no whole answer");
  EXPECT_EQ(found("\x12\x34\x81\x80\x00\x00\x00\x03\x00\x00\x00\x00"s + rest), "packet: it is no whole answer");
  EXPECT_EQ(found(header + rest, Type::A), "packet: it answers another question");
  EXPECT_EQ(found(header + "\x80"s + rest), "packet: a label of a kind that does not exist");
}

}  // namespace
}  // namespace cas::dns
