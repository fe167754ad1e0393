// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Messages and their hashes.
#include "conformance/letter.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"
#include "confirm/intent_samples.hpp"

namespace cas::conformance {
namespace {

namespace samples = confirm::samples;

Letter letter() {
  return compose({.from = "ada@west.example",
                  .to = "suzie@south.example",
                  .subject = "CAS conformance poison",
                  .unique = "0102",
                  .date = UnixTime(seconds(1795460400))});
}

TEST(Letter, IsAWholeMessage) {
  const Letter sent = letter();
  EXPECT_EQ(sent.message_id, "<0102@west.example>");
  EXPECT_TRUE(
      sent.text().starts_with("From: <ada@west.example>\r\nTo: <suzie@south.example>\r\n"
                              "Subject: CAS conformance poison\r\nDate: Mon, 23 Nov 2026 19:00:00 +0000\r\n"
                              "Message-ID: <0102@west.example>\r\n\r\nThis message"))
      << sent.text();
}

TEST(Letter, CanBeSpoiltFieldByField) {
  Letter spoilt = letter();
  spoilt.remove("Date");
  spoilt.field("Subject") += "!";
  EXPECT_EQ(spoilt.text().find("Date:"), std::string::npos);
  EXPECT_NE(spoilt.text().find("poison!\r\n"), std::string::npos);
  EXPECT_THROW((void)spoilt.field("Date"), std::logic_error);
}

TEST(Letter, HashesAsTheVectorOfTheSpecification) {
  const auto hashes = hashes_of(std::string(samples::vector_header) + "\r\n" + std::string(samples::vector_body));
  EXPECT_EQ(base64url(hashes.header), samples::vector_header_hash);
  EXPECT_EQ(base64url(hashes.body), samples::vector_body_hash);
}

TEST(Letter, WithoutFieldsOrWithoutABodyHashesToNothingCasSection44) {
  const auto nothing = crypto::sha256("");
  EXPECT_EQ(hashes_of("\r\nbody\r\n").header, nothing);
  EXPECT_EQ(hashes_of("\r\nbody\r\n").body, crypto::sha256("body\r\n"));
  EXPECT_EQ(hashes_of("From: a\r\n\r\n").body, nothing);
  EXPECT_EQ(hashes_of("From: a\r\n").body, nothing);
  EXPECT_EQ(hashes_of("From: a\r\n").header, hashes_of("From: a\r\n\r\nx\r\n").header);
}

TEST(Letter, DoublesDotsBehindCrlfAloneRfc5321Section452) {
  EXPECT_EQ(to_data("."), "..\r\n.\r\n");
  EXPECT_EQ(to_data(".a\r\n..\r\nb.\r\n"), "..a\r\n...\r\nb.\r\n.\r\n");
  EXPECT_EQ(to_data("a\n.\nb\r\n"), "a\n.\nb\r\n.\r\n");  // a bare LF ends no line
}

}  // namespace
}  // namespace cas::conformance
