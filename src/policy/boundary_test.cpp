// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The boundary: what is stripped, what is added, what stays untouched.
#include "policy/boundary.hpp"

#include <gtest/gtest.h>

namespace cas::policy {
namespace {

constexpr std::string_view minimal =
    "From: joe@a.example\r\nDate: Mon, 23 Nov 2026 19:00:00 +0000\r\nMessage-ID: <1@a>\r\n";

std::string edited(const std::string& header, Origin origin) {
  const auto fields = parse_header(header);
  BoundaryFacts facts{"mx.b.example", origin, UnixTime{seconds{1795460400}}, "new@mx.b.example"};
  return edit_header(*fields, facts);
}

TEST(Boundary, ForgedResultsGoAndForeignOnesStay) {
  const std::string header =
      "Authentication-Results: mx.b.example; cas=pass\r\n"
      "Authentication-Results: MX.B.Example 1;\r\n cas=pass\r\n"
      "Authentication-Results: other.example; spf=pass\r\n" +
      std::string(minimal);
  EXPECT_EQ(edited(header, Origin::Outside),
            "Authentication-Results: other.example; spf=pass\r\n" + std::string(minimal) + "\r\n");
}

TEST(Boundary, ReturnPathAndTokenFieldAreStripped) {
  EXPECT_EQ(edited("Return-Path: <x@y>\r\ncas-confirmation: 1.k.2\r\n" + std::string(minimal), Origin::Outside),
            std::string(minimal) + "\r\n");
}

TEST(Boundary, SubmissionLosesBccAndGainsWhatIsMissing) {
  EXPECT_EQ(edited("From: joe@a.example\r\nBcc: secret@c.example,\r\n more@c.example\r\nSubject: x\r\n", Origin::User),
            "From: joe@a.example\r\nSubject: x\r\nDate: Mon, 23 Nov 2026 19:00:00 +0000\r\n"
            "Message-ID: <new@mx.b.example>\r\n\r\n");
}

TEST(Boundary, MailFromOutsideIsNotCompleted) {
  EXPECT_EQ(edited("From: joe@a.example\r\nBcc: kept@c.example\r\n", Origin::Outside),
            "From: joe@a.example\r\nBcc: kept@c.example\r\n\r\n");
}

TEST(Boundary, WhatAnOwnNetworkRelaysKeepsItsOctets) {
  EXPECT_EQ(edited("From: joe@a.example\r\nBcc: kept@c.example\r\n", Origin::OwnNetwork),
            "From: joe@a.example\r\nBcc: kept@c.example\r\n\r\n");
  EXPECT_EQ(edited("Subject: no author\r\n", Origin::OwnNetwork), "Subject: no author\r\n\r\n");
}

TEST(Boundary, FactsCountEveryFromMailboxOfEveryFromField) {
  const auto fields = parse_header("From: a@x.example, B <b@x.example>\r\nFrom: c@x.example\r\nDate: x\r\nDate: y\r\n");
  const auto facts = message_facts(*fields);
  EXPECT_EQ(facts.from.size(), 3U);
  EXPECT_EQ(facts.from_fields, 2U);
  EXPECT_EQ(facts.date_fields, 2U);
  EXPECT_EQ(facts.message_id_fields, 0U);
  EXPECT_FALSE(facts.from_is_malformed);
}

TEST(Boundary, ClassComesFromTheMessagesOwnFields) {
  const auto klass = [](const std::string& header) { return classify(*parse_header(header)); };
  EXPECT_EQ(klass("Subject: x\r\n").klass, confirm::Class::Personal);
  EXPECT_EQ(klass("List-Id: News <News.A.example>\r\n").klass, confirm::Class::Bulk);
  EXPECT_EQ(klass("List-Id: News <News.A.example>\r\n").list_id, "news.a.example");
  EXPECT_EQ(klass("Auto-Submitted: auto-replied\r\n").klass, confirm::Class::Automatic);
  EXPECT_EQ(klass("Auto-Submitted: no\r\n").klass, confirm::Class::Personal);
  EXPECT_EQ(klass("Auto-Submitted: no (by hand)\r\n").klass, confirm::Class::Personal);
  EXPECT_EQ(klass("Auto-Submitted: (no) auto-generated; x=no\r\n").klass, confirm::Class::Automatic);
  EXPECT_EQ(klass("List-Id: <" + std::string(200, 'a') + ">\r\n").list_id.size(), 200U);
  // Mail to many that names no list: no intent can claim it, since l= is never empty (CAS §4.8).
  for (const std::string header :
       {"List-Id: broken\r\n", "List-Id: <a.example>\r\nList-Id: <b.example>\r\n", "List-Unsubscribe: <x:y>\r\n",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"}) {
    EXPECT_EQ(klass(header).klass, confirm::Class::Bulk) << header;
    EXPECT_EQ(klass(header).list_id, "") << header;
  }
  EXPECT_EQ(klass("List-Id: <" + std::string(201, 'a') + ">\r\n").list_id, "");
  EXPECT_EQ(message_facts(*parse_header("List-Id: <a.example>\r\n")).klass.list_id, "a.example");
}

}  // namespace
}  // namespace cas::policy
