// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What fronts say of their clients.
#include "smtp/front.hpp"

#include <gtest/gtest.h>

#include "smtp/server_session.hpp"

namespace cas::smtp {
namespace {

using namespace std::string_literals;

/// "192.0.2.1 56324", "nobody", "refused", "wants more"; then what was not taken.
std::string read(std::string_view octets) {
  ProxyHeaderReader header;
  while (header.wanted() > 0) {
    const auto portion = octets.substr(0, header.wanted());
    if (portion.size() < header.wanted()) return "wants more";
    octets.remove_prefix(portion.size());
    if (!header.add(portion)) return "refused";
  }
  const auto& client = header.client();
  const std::string who = client.address ? client.address->text() + ' ' + std::to_string(client.port) : "nobody";
  return octets.empty() ? who : who + " | " + std::string(octets);
}

const std::string v2 = "\r\n\r\n\0\r\nQUIT\n"s;
const std::string four = "\xc0\x00\x02\x01\xc6\x33\x64\x02\xdc\x04\x00\x19"s;  // 192.0.2.1:56324 to 198.51.100.2:25

TEST(ProxyHeader, Version1NamesTheClientAndTakesNothingBehindIt) {
  EXPECT_EQ(read("PROXY TCP4 192.0.2.1 198.51.100.2 56324 25\r\nEHLO x"), "192.0.2.1 56324 | EHLO x");
  EXPECT_EQ(read("PROXY TCP6 2001:db8::1 2001:db8::2 1 25\r\n\x16\x03"), "2001:db8::1 1 | \x16\x03");
  EXPECT_EQ(read("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:192.0.2.2 1 25\r\n"), "192.0.2.1 1");
  EXPECT_EQ(read("PROXY UNKNOWN\r\nE"), "nobody | E");
  EXPECT_EQ(read("PROXY UNKNOWN ffff::1 whatever\r\n"), "nobody");
}

TEST(ProxyHeader, Version1IsReadStrictly) {
  for (const std::string header :
       {"EHLO client.example\r\n", "PROXY TCP4 192.0.2.1 198.51.100.2 56324\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.2 56324 25\n", "PROXY TCP4 192.0.2.256 198.51.100.2 1 25\r\n",
        "PROXY TCP4 ::1 ::1 1 25\r\n", "PROXY TCP6 192.0.2.1 192.0.2.2 1 25\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.2 65536 25\r\n", "PROXY TCP4 192.0.2.1 198.51.100.2 01 25\r\n",
        "PROXY  TCP4 192.0.2.1 198.51.100.2 1 25\r\n", "PROXY UDP4 192.0.2.1 198.51.100.2 1 25\r\n",
        "proxy TCP4 192.0.2.1 198.51.100.2 1 25\r\n"}) {
    EXPECT_EQ(read(header), "refused") << header;
  }
  EXPECT_EQ(read("PROXY UNKNOWN " + std::string(93, 'x')), "refused") << "107 octets without an end";
  EXPECT_EQ(read("PROXY TCP4 192.0.2.1"), "wants more");
}

TEST(ProxyHeader, Version2NamesTheClientWhateverStandsBehindItsAddresses) {
  EXPECT_EQ(read(v2 + "\x21\x11\x00\x0c"s + four + "EHLO"), "192.0.2.1 56324 | EHLO");
  EXPECT_EQ(read(v2 + "\x21\x11\x00\x11"s + four + "\x04\x00\x02zz"s), "192.0.2.1 56324");
  EXPECT_EQ(read(v2 + "\x21\x21\x00\x24\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x01"s + std::string(16, '\0') +
                 "\x00\x07\x00\x19"s),
            "2001:db8::1 7");
  EXPECT_EQ(read(v2 + "\x20\x00\x00\x00"s), "nobody") << "LOCAL";
  EXPECT_EQ(read(v2 + "\x20\x11\x00\x0c"s + four), "nobody") << "LOCAL, whatever it says";
  EXPECT_EQ(read(v2 + "\x21\x31\x00\x02zz"s), "nobody") << "a Unix socket";
}

TEST(ProxyHeader, Version2IsReadStrictlyAndBounded) {
  EXPECT_EQ(read(v2 + "\x31\x11\x00\x0c"s + four), "refused") << "version 3";
  EXPECT_EQ(read(v2 + "\x22\x11\x00\x0c"s + four), "refused") << "a command that is not known";
  EXPECT_EQ(read(v2 + "\x21\x11\x00\x0b"s + four), "refused") << "too short for its family";
  EXPECT_EQ(read(v2 + "\x21\x11\xff\xff"s), "refused") << "64 KB of it";
}

std::string xclient(std::string_view argument) {
  const auto client = parse_xclient(argument);
  if (!client) return client.error().summary();
  return (client->address ? client->address->text() : "nobody") + ' ' + std::to_string(client->port);
}

TEST(Xclient, NamesTheClient) {
  EXPECT_EQ(xclient("ADDR=192.0.2.1 PORT=56324 NAME=client.example PROTO=ESMTP HELO=x"), "192.0.2.1 56324");
  EXPECT_EQ(xclient("name=[UNAVAILABLE] addr=IPV6:2001:db8::1"), "2001:db8::1 0");
  EXPECT_EQ(xclient("ADDR=2001:db8::1 DESTADDR=192.0.2.2 DESTPORT=25"), "2001:db8::1 0");
  EXPECT_EQ(xclient("ADDR=[TEMPUNAVAIL] PORT=[UNAVAILABLE]"), "nobody 0");
  EXPECT_EQ(xclient("ADDR=192+2E0.2.1"), "192.0.2.1 0") << "xtext";
}

TEST(Xclient, IsReadStrictlyAndGivesNobodyRights) {
  for (const auto* argument :
       {"LOGIN=joe", "ADDR=", "ADDR", "ADDR=192.0.2", "PORT=x", "ADDR=192.0.2.1  PORT=1", "X=1", "ADDR=+"}) {
    EXPECT_TRUE(xclient(argument).starts_with("501 5.5.4")) << argument;
  }
}

std::string said(const Step& step) {
  const auto* respond = std::get_if<Respond>(&step);
  return respond == nullptr ? "asks" : respond->reply.wire();
}

TEST(XclientSession, BeginsAnewForAnotherClient) {
  ServerSession session({.host = Domain::parse("mx.b.example").value()});
  session.trust_front();
  (void)session.on_connect(false, true);
  EXPECT_TRUE(said(session.on_line("EHLO front.example")).contains("XCLIENT NAME ADDR"));
  const auto step = session.on_line("XCLIENT ADDR=192.0.2.1");
  ASSERT_TRUE(std::holds_alternative<AskClient>(step));
  EXPECT_EQ(std::get<AskClient>(step).client.address, IpAddress::parse("192.0.2.1"));
  EXPECT_TRUE(said(session.on_client(false)).starts_with("220 "));
  EXPECT_FALSE(session.own_network());
  EXPECT_TRUE(session.helo().empty());
  EXPECT_TRUE(said(session.on_line("MAIL FROM:<a@a.example>")).starts_with("503 "));
}

TEST(XclientSession, IsNoCommandForOthersAndNoneInATransaction) {
  ServerSession stranger({.host = Domain::parse("mx.b.example").value()});
  (void)stranger.on_connect();
  EXPECT_FALSE(said(stranger.on_line("EHLO x")).contains("XCLIENT"));
  EXPECT_EQ(said(stranger.on_line("XCLIENT ADDR=192.0.2.1")), said(stranger.on_line("XWHATEVER ADDR=192.0.2.1")));
  ServerSession front({.host = Domain::parse("mx.b.example").value()});
  front.trust_front();
  (void)front.on_connect();
  (void)front.on_line("EHLO x");
  (void)front.on_line("MAIL FROM:<a@a.example>");
  (void)front.on_answer(Reply(250, {2, 1, 0}, "ok"));
  EXPECT_TRUE(said(front.on_line("XCLIENT ADDR=192.0.2.1")).starts_with("503 "));
}

}  // namespace
}  // namespace cas::smtp
