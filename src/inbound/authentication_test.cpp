// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A message's authentication where the DNS says nothing: what it asks, and how it ends.
#include "inbound/authentication.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/runtime.hpp"
#include "store/memory.hpp"
#include "testing/fake_clock.hpp"
#include "testing/fake_random.hpp"

namespace cas::inbound {
namespace {

/// A port that takes questions and answers none.
class SilentDns {
 public:
  SilentDns() : fd_(::socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (::bind(fd_, reinterpret_cast<const sockaddr*>(&at), size) != 0 ||
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size) != 0) {
      throw std::runtime_error("no port for the test");
    }
    port_ = ntohs(at.sin_port);
  }
  ~SilentDns() { ::close(fd_); }
  SilentDns(const SilentDns&) = delete;
  SilentDns& operator=(const SilentDns&) = delete;
  [[nodiscard]] std::string address() const { return "127.0.0.1@" + std::to_string(port_); }

 private:
  int fd_;
  int port_ = 0;
};

struct NoEvents : EventSink {
  void emit(Event) override {}
};

class AuthenticationTest : public ::testing::Test {
 protected:
  AuthenticationTest() { runtime.start(); }

  void run(std::function<net::Task<void>()> task) { net::run_and_wait(runtime.executor(0), std::move(task)); }

  std::unique_ptr<net::Resolver> make_resolver() {
    net::ResolverOptions options;
    options.trust_anchor_file = "none";
    options.forwarders = {dns.address()};
    options.timeout = std::chrono::milliseconds(200);
    return net::Resolver::create(options).value();
  }

  static auth::SpfQuery query(const std::string& sender) {
    auth::SpfQuery query;
    query.ip = *IpAddress::parse("192.0.2.1");
    query.mail_from = sender;
    return query;
  }

  static std::unique_ptr<IncomingMessage> message() {
    auto made = std::make_unique<IncomingMessage>(
        policy::BoundaryFacts{"mx.b.example", false, UnixTime{}, "1@b.example"}, smtp::Limits{});
    made->add("From: ann@a.example\r\n\r\nHello.\r\n");
    (void)made->finish();
    return made;
  }

  SilentDns dns;
  net::Runtime runtime{1};
  testing::FakeClock clock;
  testing::FakeRandom random;
  NoEvents events;
  std::unique_ptr<net::Resolver> resolver = make_resolver();
  std::unique_ptr<store::Store> store = store::open_memory();
  Domain host = Domain::parse("mx.b.example").value();
  queue::Queue queue{*store, clock, random, events, queue::Options{.host = host}};
  net::Workers workers{1};
  Directory directory{{}};
  Accounts accounts{{}};
  Reservations reservations;
  policy::ConfirmBuckets buckets;
  auth::DkimKeyCache keys;
  Underway underway = std::make_shared<int>(0);
  Services services{host,   queue,     *resolver, workers,      clock,   random,
                    events, directory, accounts,  reservations, buckets, keys};
};

TEST_F(AuthenticationTest, EndsWithoutAnswersWhenTheServerStops) {
  std::optional<AuthenticationOutcomes> found;
  auto task = [&]() -> net::Task<void> {
    net::TaskGroup group(co_await boost::asio::this_coro::executor);
    auto session = [&]() -> net::Task<void> {
      const auto letter = message();
      Authentication authentication(services, group, underway, query("ann@a.example"));
      authentication.look_ahead(*letter);
      found = co_await authentication.outcomes(*letter);
    };
    group.spawn(session());
    constexpr std::chrono::milliseconds moment(20);
    co_await net::sleep_for(moment);
    group.cancel();
    co_await group.join();
  };
  run(task);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->spf.result, auth::SpfResult::TempError);
  EXPECT_EQ(found->dmarc.result, auth::DmarcResult::TempError);
}

TEST_F(AuthenticationTest, TransactionsGivenUpLeaveFewChecksBehind) {
  std::size_t behind = 0;
  std::optional<AuthenticationOutcomes> found;
  auto task = [&]() -> net::Task<void> {
    net::TaskGroup group(co_await boost::asio::this_coro::executor);
    for (int n = 0; n < 50; ++n) {
      Authentication given_up(services, group, underway, query("ann@a" + std::to_string(n) + ".example"));
      co_await net::sleep_for(std::chrono::milliseconds(0));
    }
    behind = group.size();
    const auto letter = message();
    Authentication wanted(services, group, underway, query("ann@a.example"));
    wanted.look_ahead(*letter);
    found = co_await wanted.outcomes(*letter);
    co_await group.join();
  };
  run(task);
  EXPECT_LE(behind, 4);
  ASSERT_TRUE(found) << "what could not begin early is asked at the end";
  EXPECT_EQ(found->spf.domain, "a.example");
  EXPECT_EQ(*underway, 0);
}

}  // namespace
}  // namespace cas::inbound
