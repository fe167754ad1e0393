// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A server of our own is told whose message it is.
#include <gtest/gtest.h>

#include "smtp/client_session.hpp"
#include "testing/client_kit.hpp"

namespace cas::smtp {
namespace {

using namespace cas::testing::client;

constexpr const char* offers = "250-b\n250-PIPELINING\n250 XCLIENT NAME ADDR PORT PROTO HELO";

ClientSession greeted(bool xclient, const char* ehlo = offers) {
  ClientSession session({.helo = "a.example", .xclient = xclient});
  (void)session.on_reply(reply("220 hi"));
  (void)session.on_reply(reply(ehlo));
  return session;
}

Transaction from(std::string address, std::string helo = "client.example") {
  Transaction transaction;
  transaction.to = {Mailbox::parse("bob@b.example").value()};
  if (!address.empty()) transaction.client = ToldClient{.address = std::move(address), .helo = std::move(helo)};
  return transaction;
}

std::string sent(const ClientStep& step) {
  const auto* send = std::get_if<Send>(&step);
  return send == nullptr ? std::string("(nothing)") : send->octets;
}

constexpr const char* envelope = "MAIL FROM:<>\r\nRCPT TO:<bob@b.example>\r\nDATA\r\n";

TEST(ClientXclient, TheClientIsToldBeforeMailAndTheServerGreetedAnew) {
  auto session = greeted(true);
  EXPECT_EQ(sent(session.begin(from("192.0.2.7"))),
            "XCLIENT ADDR=192.0.2.7 NAME=[UNAVAILABLE] HELO=client.example\r\n");
  EXPECT_EQ(sent(session.on_reply(reply("220 hi again"))), "EHLO client.example\r\n");
  EXPECT_EQ(sent(session.on_reply(reply(offers))), envelope);
  EXPECT_TRUE(session.speaks_for_client());
}

TEST(ClientXclient, WhatIsNoNameIsNotRepeated) {
  for (const char* helo : {"", "a b", "x\"y", "j\xc3\xb6.example"}) {
    auto session = greeted(true);
    (void)session.begin(from("192.0.2.7", helo));
    EXPECT_EQ(sent(session.on_reply(reply("220 hi again"))), "EHLO a.example\r\n") << helo;
  }
}

TEST(ClientXclient, OnlyWhatIsOfferedIsTold) {
  const std::vector<std::string> some{"ADDR"}, none{"NAME", "HELO"};
  EXPECT_EQ(xclient_command({.address = "2001:db8::7", .helo = "x"}, some), "XCLIENT ADDR=IPV6:2001:db8::7");
  EXPECT_EQ(xclient_command({.address = "192.0.2.7", .helo = "x"}, none), "");
  EXPECT_EQ(xclient_command({.address = "192.0.2.7", .helo = "a b=c"}, {"ADDR", "HELO"}),
            "XCLIENT ADDR=192.0.2.7 HELO=a+20b+3Dc");
}

TEST(ClientXclient, NobodyIsToldWhoDoesNotAskOrIsNotOurs) {
  for (auto session : {greeted(false), greeted(true, "250-b\n250 PIPELINING")}) {
    EXPECT_EQ(sent(session.begin(from("192.0.2.7"))), envelope);
    EXPECT_FALSE(session.speaks_for_client());
  }
  auto session = greeted(true);
  EXPECT_EQ(sent(session.begin(from(""))), envelope) << "mail of our own";
  EXPECT_FALSE(session.speaks_for_client());
  EXPECT_EQ(session.xclient_refusal(), std::nullopt);
  auto lacking = greeted(true, "250-b\n250 PIPELINING");
  EXPECT_EQ(sent(lacking.begin(from("192.0.2.7"))), envelope);
  EXPECT_EQ(lacking.xclient_refusal()->code, 502) << "it was to be told, and takes nothing";
}

TEST(ClientXclient, WhereItIsRefusedTheMessageGoesAllTheSame) {
  auto session = greeted(true);
  (void)session.begin(from("192.0.2.7"));
  EXPECT_EQ(sent(session.on_reply(reply("550 5.7.0 not you"))), envelope);
  EXPECT_FALSE(session.speaks_for_client());
  EXPECT_EQ(session.xclient_refusal(), reply("550 5.7.0 not you"));
}

TEST(ClientXclient, AServerThatRefusesTheClientsNameHearsOurs) {
  for (const char* refusal : {"501 5.5.2 no such name", "550 5.7.1 not that name", "502 what"}) {
    auto session = greeted(true);
    (void)session.begin(from("192.0.2.7"));
    EXPECT_EQ(sent(session.on_reply(reply("220 hi again"))), "EHLO client.example\r\n");
    EXPECT_EQ(sent(session.on_reply(reply(refusal))), "EHLO a.example\r\n") << refusal;
    EXPECT_EQ(sent(session.on_reply(reply(offers))), envelope);
    EXPECT_TRUE(session.speaks_for_client());
  }
}

TEST(ClientXclient, WhoHangsUpIsTriedAgain) {
  for (const char* last : {"421 4.3.2 closing", "354 what"}) {
    auto session = greeted(true);
    (void)session.begin(from("192.0.2.7"));
    EXPECT_TRUE(std::holds_alternative<Unusable>(session.on_reply(reply(last))));
    EXPECT_EQ(session.on_disconnect().outcome(0), std::nullopt);
  }
}

TEST(ClientXclient, ItIsTheSameClientInTheNextTransaction) {
  auto session = greeted(true);
  (void)session.begin(from("192.0.2.7"));
  (void)session.on_reply(reply("220 hi again"));
  (void)session.on_reply(reply(offers));
  (void)session.on_reply(reply("250 ok"));
  (void)session.on_reply(reply("550 nobody"));
  ASSERT_TRUE(std::holds_alternative<TransactionDone>(session.on_reply(reply("554 no recipients"))));
  EXPECT_EQ(sent(session.begin(from("192.0.2.7"))).substr(0, 4), "RSET");
}

TEST(ClientXclient, AnotherMessageIsNotSentInTheClientsName) {
  for (const char* other : {"192.0.2.8", ""}) {
    auto session = greeted(true);
    (void)session.begin(from("192.0.2.7"));
    (void)session.on_reply(reply("220 hi again"));
    (void)session.on_reply(reply(offers));
    (void)session.on_reply(reply("250 ok"));
    (void)session.on_reply(reply("550 nobody"));
    (void)session.on_reply(reply("554 no recipients"));
    EXPECT_TRUE(std::holds_alternative<Unusable>(session.begin(from(other)))) << other;
  }
}

TEST(ClientXclient, ATransactionThatWasGivenUpIsNotLeftToAClientsMessage) {
  auto session = greeted(true);
  (void)session.begin(from(""));
  (void)session.on_reply(reply("250 ok"));
  (void)session.on_reply(reply("550 nobody"));
  ASSERT_TRUE(std::holds_alternative<TransactionDone>(session.on_reply(reply("554 no recipients"))));
  EXPECT_TRUE(session.speaks_for_client()) << "XCLIENT has no place in it";
}

}  // namespace
}  // namespace cas::smtp
