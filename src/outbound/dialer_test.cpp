// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Real sockets where they can show it: one that swallows what knocks (its queue is full), one that refuses, one that
// answers.
#include "outbound/dialer.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/this_coro.hpp>

#include "net/runtime.hpp"

namespace cas::outbound {
namespace {

using net::Endpoint;
using net::Stream;
using net::Task;

constexpr milliseconds ample{60000};

/// Listens on ::1 with a queue that is full: the kernel drops every further SYN.
class Silence {
 public:
  Silence() {
    sockaddr_in6 place{};
    place.sin6_family = AF_INET6;
    place.sin6_addr = in6addr_loopback;
    socklen_t size = sizeof place;
    auto* address = reinterpret_cast<sockaddr*>(&place);
    listener_ = ::socket(AF_INET6, SOCK_STREAM, 0);
    if (::bind(listener_, address, size) != 0 || ::listen(listener_, 0) != 0) return;
    ::getsockname(listener_, address, &size);
    port = ntohs(place.sin6_port);
    for (int n = 0; n < 4; ++n) {
      knockers_.push_back(::socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0));
      (void)::connect(knockers_.back(), address, size);
    }
  }
  ~Silence() {
    ::close(listener_);
    for (const int knocker : knockers_) ::close(knocker);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

  [[nodiscard]] Endpoint endpoint() const { return Endpoint{.address = "::1", .port = port}; }
  std::uint16_t port = 0;

 private:
  int listener_ = -1;
  std::vector<int> knockers_;
};

Task<void> next_of(Dialer& dialer, Dialed& dialed) {
  dialed = co_await dialer.next();
}

class DialerTest : public testing::Test {
 protected:
  DialerTest() { runtime.start(); }

  [[nodiscard]] net::Listener listen(const std::string& address) {
    return net::Listener::tcp(runtime.executor(0), Endpoint{.address = address, .port = 0}).value();
  }
  [[nodiscard]] Endpoint closed_place() {
    auto listener = listen("127.0.0.2");
    const auto endpoint = listener.endpoint();
    listener.close();
    return endpoint;
  }
  Dialed dial(Dialer& dialer) {
    Dialed dialed;
    net::run_and_wait(runtime.executor(0), [&] { return next_of(dialer, dialed); });
    return dialed;
  }

  net::Runtime runtime{1};
  DialOptions options{.timeout = ample};
};

TEST_F(DialerTest, AnAddressThatSaysNothingIsOvertaken) {  // RFC 8305 §5
  const Silence silence;
  ASSERT_NE(silence.port, 0);
  auto listener = listen("127.0.0.1");
  Dialer dialer({silence.endpoint(), listener.endpoint()}, options);
  const auto dialed = dial(dialer);
  ASSERT_TRUE(dialed.line);
  EXPECT_EQ(dialed.line->endpoint, listener.endpoint());
  EXPECT_TRUE(dialed.failures.empty()) << "it did not answer in time, which is no failure";
}

TEST_F(DialerTest, ARefusalIsAFailureAndTheNextAddressFollows) {
  const auto closed = closed_place();
  auto listener = listen("127.0.0.1");
  options.delay = ample;
  Dialer dialer({closed, listener.endpoint()}, options);
  const auto dialed = dial(dialer);
  ASSERT_TRUE(dialed.line);
  EXPECT_EQ(dialed.line->endpoint, listener.endpoint());
  ASSERT_EQ(dialed.failures.size(), 1U);
  EXPECT_EQ(dialed.failures[0].endpoint, closed);
  EXPECT_TRUE(dialed.failures[0].error.private_reason.contains("refused"));
}

TEST_F(DialerTest, WhoHasWonOrFailedIsNotAskedAgain) {
  const auto closed = closed_place();
  auto first = listen("127.0.0.1");
  auto second = listen("127.0.0.3");
  options.delay = ample;
  Dialer dialer({closed, first.endpoint(), second.endpoint()}, options);
  EXPECT_EQ(dial(dialer).line->endpoint, first.endpoint());
  EXPECT_EQ(dial(dialer).line->endpoint, second.endpoint());
  const auto last = dial(dialer);
  EXPECT_FALSE(last.line);
  EXPECT_TRUE(last.failures.empty());
}

TEST_F(DialerTest, WhoWasGivenUpMayBeAskedAgain) {
  const Silence silence;
  auto listener = listen("127.0.0.1");
  options.timeout = milliseconds(400);
  Dialer dialer({silence.endpoint(), listener.endpoint()}, options);
  EXPECT_TRUE(dial(dialer).line);
  const auto again = dial(dialer);
  EXPECT_FALSE(again.line);
  ASSERT_EQ(again.failures.size(), 1U);
  EXPECT_EQ(again.failures[0].endpoint, silence.endpoint());
}

TEST_F(DialerTest, AllFailed) {
  const auto one = closed_place();
  const auto other = closed_place();
  Dialer dialer({one, other}, options);
  const auto dialed = dial(dialer);
  EXPECT_FALSE(dialed.line);
  EXPECT_EQ(dialed.failures.size(), 2U);
}

Task<Result<Stream>> wait_for_the_end(Endpoint, std::vector<std::string>& log) {
  log.emplace_back("begun");
  const bool slept = co_await net::sleep_for(ample);
  log.emplace_back(slept ? "slept" : "cancelled");
  co_return transient("cancelled");
}

Task<Result<Stream>> answer_at_once(Endpoint, std::vector<std::string>& log) {
  log.emplace_back("connected");
  co_return Stream();
}

TEST_F(DialerTest, TheLosersAreCancelledBeforeTheWinnerIsHandedOut) {
  std::vector<std::string> log;
  options.delay = milliseconds(1);
  auto connect = [&](Endpoint endpoint) {
    return endpoint.port == 1 ? answer_at_once(endpoint, log) : wait_for_the_end(endpoint, log);
  };
  Dialer dialer({{"192.0.2.1", 2}, {"192.0.2.2", 3}, {"192.0.2.3", 1}, {"192.0.2.4", 4}}, options, connect);
  const auto dialed = dial(dialer);
  ASSERT_TRUE(dialed.line);
  EXPECT_EQ(dialed.line->endpoint.port, 1);
  EXPECT_EQ(log, (std::vector<std::string>{"begun", "begun", "connected", "cancelled", "cancelled"}));
}

Task<void> dial_and_cancel(Dialer& dialer, Dialed& dialed, const std::vector<std::string>& log) {
  const auto executor = co_await boost::asio::this_coro::executor;
  net::TaskGroup group(executor);
  group.spawn(next_of(dialer, dialed));
  while (log.size() < 2) (void)co_await net::sleep_for(milliseconds(1));
  co_await group.finish();
}

TEST_F(DialerTest, WhenTheTaskIsCancelledNobodyIsLeftRacing) {
  std::vector<std::string> log;
  options.delay = milliseconds(1);
  auto connect = [&](Endpoint endpoint) { return wait_for_the_end(endpoint, log); };
  Dialer dialer({{"192.0.2.1", 2}, {"192.0.2.2", 3}}, options, connect);
  Dialed dialed;
  net::run_and_wait(runtime.executor(0), [&] { return dial_and_cancel(dialer, dialed, log); });
  EXPECT_FALSE(dialed.line);
  EXPECT_TRUE(dialed.failures.empty()) << "who was cancelled has not failed";
  EXPECT_EQ(log, (std::vector<std::string>{"begun", "begun", "cancelled", "cancelled"}));
}

}  // namespace
}  // namespace cas::outbound
