// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Received and Return-Path, also when the client lies about its name.
#include "message/trace_fields.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "message/header.hpp"

namespace cas {
namespace {

Received received(std::string helo) {
  return {.helo = std::move(helo),
          .client_address = "192.0.2.1",
          .by = "mx.example",
          .with = "ESMTPS",
          .id = "7f3a",
          .for_mailbox = std::nullopt,
          .time = UnixTime(seconds(1795460400))};
}

TEST(FormatReceived, SaysWhatRfc5321Section4_4Wants) {
  Received given = received("mail.example.net");
  given.for_mailbox = Mailbox::parse("a@b.example").value();
  EXPECT_EQ(format_received(given),
            "Received: from mail.example.net ([192.0.2.1]) by mx.example with ESMTPS id\r\n"
            "\t7f3a for <a@b.example>;\r\n"
            "\tMon, 23 Nov 2026 19:00:00 +0000\r\n");
}

TEST(FormatReceived, HidesTheClientOfASubmission) {
  Received given = received("laptop.local");
  given.client_address.clear();
  EXPECT_TRUE(format_received(given).starts_with("Received: from laptop.local by mx.example"));
  given.helo = "[10.1.2.3]";
  EXPECT_TRUE(format_received(given).starts_with("Received: by mx.example"));
  given.helo.clear();
  EXPECT_TRUE(format_received(given).starts_with("Received: by mx.example"));
}

TEST(FormatReceived, WritesALiteralAndAULabel) {
  EXPECT_TRUE(format_received(received("[IPv6:2001:db8::1]")).starts_with("Received: from [IPv6:2001:db8::1] ([192."));
  EXPECT_TRUE(format_received(received("b\xC3\xBC"
                                       "cher.example"))
                  .starts_with("Received: from xn--bcher-kva.example ("));
  EXPECT_TRUE(format_received(received("")).starts_with("Received: from unknown ([192.0.2.1])"));
  EXPECT_TRUE(format_received(received("a b")).starts_with("Received: from unknown (HELO a=20b [192.0.2.1])"));
}

TEST(FormatReceived, KeepsAHostileHeloInsideTheField) {
  std::string every_octet;
  for (int c = 0; c < 256; ++c) every_octet += static_cast<char>(c);
  for (const std::string& helo :
       {std::string("x\r\nBcc: y@z.example"), std::string("x) by bank.example (y"), std::string("x; Mon, 1 Jan 2026"),
        std::string("((((("), std::string("\x1B[31m"), std::string(100'000, 'a'), std::string(5'000, '\n'), every_octet,
        std::string("[]"), std::string("[a]b]"), std::string("\\")}) {
    const std::string text = format_received(received(helo));
    const auto fields = parse_header(text);
    ASSERT_TRUE(fields);
    ASSERT_EQ(fields->size(), 1U);
    EXPECT_EQ(std::ranges::count(text, '('), 1);
    EXPECT_EQ(std::ranges::count(text, ')'), 1);
    EXPECT_EQ(std::ranges::count(text, ';'), 1);
    EXPECT_LT(text.size(), 600U);
    EXPECT_TRUE(
        std::ranges::all_of(text, [](char c) { return (c >= 32 && c < 127) || c == '\r' || c == '\n' || c == '\t'; }));
  }
}

TEST(FormatReceived, FoldsBelow78Octets) {
  Received given = received(std::string(60, 'h') + ".example");
  given.id = std::string(30, 'i');
  given.for_mailbox = Mailbox::parse("someone.with.a.long.name@department.of.something.example").value();
  std::string text = format_received(given);
  while (!text.empty()) {
    const std::size_t end = text.find("\r\n");
    EXPECT_LE(end, 78U) << text;
    text.erase(0, end + 2);
  }
}

TEST(FormatReturnPath, IsThePath) {
  EXPECT_EQ(format_return_path(ReversePath()), "Return-Path: <>\r\n");
  EXPECT_EQ(format_return_path(ReversePath::parse("<a@b.example>").value()), "Return-Path: <a@b.example>\r\n");
}

}  // namespace
}  // namespace cas
