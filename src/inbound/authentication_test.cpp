// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What is found of a message, with a resolver that answers and with one that never does.
#include "inbound/authentication.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/runtime.hpp"

namespace cas::inbound {
namespace {

/// A UDP socket on loopback that nobody reads.
class SilentDns {
 public:
  SilentDns() : fd_(::socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~SilentDns() { ::close(fd_); }
  SilentDns(const SilentDns&) = delete;
  SilentDns& operator=(const SilentDns&) = delete;
  [[nodiscard]] std::string address() const { return "127.0.0.1@" + std::to_string(port_); }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

/// Far more than is needed.
constexpr milliseconds patience{60000};

class AuthenticationTest : public testing::Test {
 protected:
  AuthenticationTest() {
    runtime_.start();
    message_.add("From: Ann <ann@a.example>\r\nSubject: x\r\n\r\nHello.\r\n");
    EXPECT_FALSE(message_.finish());
  }

  void resolve(net::ResolverOptions options) {
    options.trust_anchor_file = "none";
    resolver_ = net::Resolver::create(options).value();
  }
  static auth::SpfQuery query(std::string sender = "ann@a.example") {
    auth::SpfQuery query;
    query.ip = *IpAddress::parse("192.0.2.1");
    query.helo = "mail.a.example";
    query.mail_from = std::move(sender);
    return query;
  }
  void run(std::function<net::Task<void>()> task) { net::run_and_wait(runtime_.executor(0), std::move(task)); }

  net::Runtime runtime_{1};
  std::unique_ptr<net::Resolver> resolver_;
  auth::DkimKeyCache keys_;
  Underway underway_ = std::make_shared<int>(0);
  IncomingMessage message_{
      policy::BoundaryFacts{"mx.b.example", policy::Origin::Outside, UnixTime{seconds{1795460400}}, "x@mx.b.example"},
      smtp::Limits{}};
};

net::ResolverOptions zone_of_a() {
  net::ResolverOptions options;
  options.local_zones = {"example."};
  options.local_data = {"a.example. 60 IN TXT \"v=spf1 ip4:192.0.2.1 -all\"",
                        "_dmarc.a.example. 60 IN TXT \"v=DMARC1; p=reject\""};
  return options;
}

TEST_F(AuthenticationTest, FindsTheSameWithALookAheadAndWithout) {
  resolve(zone_of_a());
  for (const bool ahead : {false, true}) {
    AuthenticationOutcomes found;
    auto task = [&]() -> net::Task<void> {
      net::TaskGroup background(co_await boost::asio::this_coro::executor);
      Authentication authentication(*resolver_, keys_, background, underway_, query());
      if (ahead) authentication.look_ahead(message_);
      found = co_await authentication.outcomes(message_, patience);
      co_await background.join();
    };
    run(task);
    EXPECT_EQ(found.spf.result, auth::SpfResult::Pass) << ahead;
    EXPECT_EQ(found.dkim.front().result, auth::DkimResult::None);
    EXPECT_EQ(found.arc.result, auth::ArcResult::None);
    EXPECT_EQ(found.dmarc.result, auth::DmarcResult::Pass);
    EXPECT_EQ(found.dmarc.policy, auth::DmarcPolicy::Reject);
  }
}

TEST_F(AuthenticationTest, OneThatIsForgottenEndsByItself) {
  resolve(zone_of_a());
  auto task = [&]() -> net::Task<void> {
    net::TaskGroup background(co_await boost::asio::this_coro::executor);
    {
      Authentication authentication(*resolver_, keys_, background, underway_, query());
      authentication.look_ahead(message_);
    }
    EXPECT_EQ(background.size(), 2U);
    co_await background.join();
  };
  run(task);
}

TEST_F(AuthenticationTest, TransactionsGivenUpLeaveFewChecksBehind) {
  const SilentDns dns;
  net::ResolverOptions options;
  options.forwarders = {dns.address()};
  options.timeout = milliseconds(200);
  resolve(options);
  std::size_t behind = 0;
  AuthenticationOutcomes found;
  auto task = [&]() -> net::Task<void> {
    net::TaskGroup background(co_await boost::asio::this_coro::executor);
    constexpr milliseconds a_turn{0};
    for (int n = 0; n < 50; ++n) {
      Authentication given_up(*resolver_, keys_, background, underway_,
                              query("ann@a" + std::to_string(n) + ".example"));
      co_await net::sleep_for(a_turn);
    }
    behind = background.size();
    Authentication wanted(*resolver_, keys_, background, underway_, query());
    wanted.look_ahead(message_);
    found = co_await wanted.outcomes(message_, patience);
    co_await background.join();
  };
  run(task);
  EXPECT_LE(behind, 4U);
  EXPECT_EQ(found.spf.domain, "a.example") << "what could not begin early is asked at the end";
  EXPECT_EQ(*underway_, 0);
}

TEST_F(AuthenticationTest, WhatTheDnsDoesNotTellInTimeIsTemperror) {
  const SilentDns dns;
  net::ResolverOptions options;
  options.forwarders = {dns.address()};
  options.timeout = std::chrono::hours(1);
  resolve(options);
  AuthenticationOutcomes found;
  auto task = [&]() -> net::Task<void> {
    net::TaskGroup background(co_await boost::asio::this_coro::executor);
    Authentication authentication(*resolver_, keys_, background, underway_, query());
    authentication.look_ahead(message_);
    constexpr milliseconds brief{50};
    found = co_await authentication.outcomes(message_, brief);
    background.cancel();
    co_await background.join();
  };
  run(task);
  EXPECT_EQ(found.spf.result, auth::SpfResult::TempError);
  EXPECT_EQ(found.spf.domain, "a.example");
  EXPECT_EQ(found.dmarc.result, auth::DmarcResult::TempError);
}

// A loop that waits again after a wait that failed would keep the thread to itself, and nothing would end before its
// minute is over: far beyond the time-out of one question here.
TEST_F(AuthenticationTest, ACancelledOneKnowsNothingAndKeepsNobodyWaiting) {
  const SilentDns dns;
  net::ResolverOptions options;
  options.forwarders = {dns.address()};
  options.timeout = milliseconds(200);
  resolve(options);
  AuthenticationOutcomes found;
  auto task = [&]() -> net::Task<void> {
    const auto executor = co_await boost::asio::this_coro::executor;
    net::TaskGroup background(executor);
    net::TaskGroup session(executor);
    auto wait = [&]() -> net::Task<void> {
      Authentication authentication(*resolver_, keys_, background, underway_, query());
      found = co_await authentication.outcomes(message_, patience);
    };
    session.spawn(wait());
    constexpr milliseconds a_turn{0};
    for (int turn = 0; turn < 8; ++turn) co_await net::sleep_for(a_turn);
    session.cancel();
    background.cancel();
    co_await session.join();
    co_await background.join();
  };
  run(task);
  EXPECT_EQ(found.spf.result, auth::SpfResult::TempError);
  EXPECT_EQ(found.dmarc.result, auth::DmarcResult::TempError);
}

}  // namespace
}  // namespace cas::inbound
