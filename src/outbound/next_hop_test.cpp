// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
#include "outbound/next_hop.hpp"

#include <gtest/gtest.h>

namespace cas::outbound {
namespace {

TEST(NextHop, IsAHostOrAnAddressAndAPort) {
  struct Case {
    std::string_view text, host;
    bool is_address;
    std::uint16_t port;
  };
  const Case cases[] = {
      {"mail.isp.example:587", "mail.isp.example", false, 587},
      {"Mail.ISP.example:25", "mail.isp.example", false, 25},
      {"localhost:2525", "localhost", false, 2525},
      {"192.0.2.1:25", "192.0.2.1", true, 25},
      {"[2001:db8::1]:465", "2001:db8::1", true, 465},
  };
  for (const auto& [text, host, is_address, port] : cases) {
    const auto hop = NextHop::parse(text);
    ASSERT_TRUE(hop) << text;
    EXPECT_EQ(hop->host, host);
    EXPECT_EQ(hop->is_address, is_address) << text;
    EXPECT_EQ(hop->port, port) << text;
    EXPECT_EQ(hop->tls, tlspolicy::TlsDemand{}) << text;
  }
}

TEST(NextHop, IsRefusedWhereAPartIsMissingOrWrong) {
  for (const std::string_view text :
       {"", ":25", "mail.example", "mail.example:", "mail.example:0", "mail.example:65536", "mail.example:25x",
        "mail example:25", "[mail.example]:25", "2001:db8::1:25", "[192.0.2.1]:25", "[]:25", "mail..example:25",
        "a.example\r\n:25"}) {
    EXPECT_FALSE(NextHop::parse(text)) << text;
  }
}

TEST(NextHop, OfABackendSaysHowItIsSpokenTo) {
  struct Case {
    std::string_view text, host, unix_path;
    bool lmtp;
    std::uint16_t port;
  };
  const Case cases[] = {
      {"lmtp:unix:/run/dovecot/lmtp", "localhost", "/run/dovecot/lmtp", true, 0},
      {"lmtp:127.0.0.1:24", "127.0.0.1", "", true, 24},
      {"lmtp:[::1]:24", "::1", "", true, 24},
      {"smtp:10.0.0.5:25", "10.0.0.5", "", false, 25},
      {"smtp:inner.example:2525", "inner.example", "", false, 2525},
  };
  for (const auto& [text, host, unix_path, lmtp, port] : cases) {
    const auto hop = NextHop::parse_backend(text);
    ASSERT_TRUE(hop) << text;
    EXPECT_EQ(hop->host, host);
    EXPECT_EQ(hop->unix_path, unix_path);
    EXPECT_EQ(hop->lmtp, lmtp) << text;
    EXPECT_EQ(hop->port, port) << text;
  }
  for (const std::string_view text : {"", "lmtp:", "lmtp:unix:", "lmtp:unix:run", "smtp:unix:/run/x", "lmtp:127.0.0.1",
                                      "lmtp:127.0.0.1:25", "esmtp:10.0.0.5:25", "10.0.0.5:25", "LMTP:127.0.0.1:24"}) {
    EXPECT_FALSE(NextHop::parse_backend(text)) << text;
  }
}

NextHop hop(std::string_view host) {
  return NextHop::parse(std::string(host) + ":25").value();
}

TEST(Routes, TheNearestTransportWinsThenTheSmarthost) {
  const auto domain = [](std::string_view text) { return Domain::parse(text).value(); };
  const std::vector<Routes::Transport> transports{
      {.domain = domain("x.example"), .with_subdomains = false, .next_hop = hop("exact")},
      {.domain = domain("x.example"), .with_subdomains = true, .next_hop = hop("below")},
      {.domain = domain("b.x.example"), .with_subdomains = true, .next_hop = hop("deeper")},
  };
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"x.example", "exact"},      {"X.Example", "exact"},        {"a.x.example", "below"},  {"b.x.example", "below"},
      {"c.b.x.example", "deeper"}, {"d.c.b.x.example", "deeper"}, {"notx.example", "smart"}, {"example", "smart"},
  };
  const Routes with(hop("smart"), transports);
  const Routes without(std::nullopt, transports);
  for (const auto& [name, wanted] : cases) {
    ASSERT_NE(with.find(domain(name)), nullptr) << name;
    EXPECT_EQ(with.find(domain(name))->host, wanted) << name;
    const auto* direct = without.find(domain(name));
    EXPECT_EQ(direct == nullptr, wanted == "smart") << name;
  }
  EXPECT_EQ(Routes().find(domain("x.example")), nullptr);
}

TEST(Routes, AnAddressLiteralLeavesThroughTheSmarthostAlone) {
  const auto literal = Mailbox::parse("joe@[192.0.2.1]").value();
  EXPECT_EQ(Routes().find(literal), nullptr);
  const Routes smart(hop("smart"), {});
  ASSERT_NE(smart.find(literal), nullptr);
  EXPECT_EQ(smart.find(literal)->host, "smart");
}

}  // namespace
}  // namespace cas::outbound
