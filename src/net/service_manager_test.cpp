// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What a service manager hears, and the sockets that it hands over, with the manager's part played here.
#include "net/service_manager.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <filesystem>
#include <future>

#include "net/test_support.hpp"

namespace cas::net {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A datagram socket that is bound to a name.
class Ear {
 public:
  explicit Ear(const std::string& name) : descriptor_(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::ranges::copy(name, address.sun_path);
    if (name.front() == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(::bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), size), 0);
  }
  ~Ear() { ::close(descriptor_); }
  Ear(const Ear&) = delete;
  Ear& operator=(const Ear&) = delete;

  [[nodiscard]] std::string heard() const {
    std::array<char, 4096> octets{};
    const auto size = ::recv(descriptor_, octets.data(), octets.size(), MSG_DONTWAIT);
    return size < 0 ? "" : std::string(octets.data(), static_cast<std::size_t>(size));
  }

 private:
  int descriptor_;
};

TEST(ServiceManager, IsToldInOneDatagramByPathAndByAbstractName) {
  std::string pattern = (std::filesystem::temp_directory_path() / "cas-notify-XXXXXX").string();
  const std::filesystem::path folder = ::mkdtemp(pattern.data());
  for (const auto& name : {(folder / "notify").string(), "@cas-notify-" + std::to_string(::getpid())}) {
    const Ear ear(name);
    ServiceManager(name, {}).tell("READY=1\nSTATUS=well");
    EXPECT_EQ(ear.heard(), "READY=1\nSTATUS=well");
  }
  std::filesystem::remove_all(folder);
}

TEST(ServiceManager, WhoIsNotThereIsNotTold) {
  for (const auto* name : {"", "/", "@", "vsock:2:1", "/no/such/socket", "relative"}) {
    ServiceManager(name, {}).tell("READY=1");
  }
  ServiceManager(std::string(200, '/'), {}).tell("READY=1");
}

TEST(ServiceManager, TheEnvironmentIsReadOnce) {
  ::setenv("NOTIFY_SOCKET", "@nobody", 1);
  ::setenv("WATCHDOG_USEC", "30000000", 1);
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  EXPECT_EQ(ServiceManager::of_this_process().watchdog(), std::chrono::seconds(30));
  EXPECT_EQ(::getenv("NOTIFY_SOCKET"), nullptr);
  EXPECT_EQ(ServiceManager::of_this_process().watchdog(), std::nullopt);
}

TEST(ServiceManager, AWatchdogOfAnotherProcessIsNotOurs) {
  ::setenv("WATCHDOG_USEC", "30000000", 1);
  ::setenv("WATCHDOG_PID", "1", 1);
  EXPECT_EQ(ServiceManager::of_this_process().watchdog(), std::nullopt);
  ::setenv("WATCHDOG_USEC", "soon", 1);
  EXPECT_EQ(ServiceManager::of_this_process().watchdog(), std::nullopt);
}

// Descriptors from here on are free.
constexpr int first = 200;

int listening(int domain, const sockaddr* address, socklen_t size, bool only_v6 = true) {
  const int descriptor = ::socket(domain, SOCK_STREAM, 0);
  const int only = only_v6 ? 1 : 0;
  if (domain == AF_INET6) ::setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
  EXPECT_EQ(::bind(descriptor, address, size), 0);
  EXPECT_EQ(::listen(descriptor, 5), 0);
  return descriptor;
}

void move_to(int descriptor, int place) {
  ASSERT_EQ(::dup2(descriptor, place), place);
  ::close(descriptor);
}

std::uint16_t hand_over_ipv4(int place) {
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  move_to(listening(AF_INET, reinterpret_cast<const sockaddr*>(&any), sizeof any), place);
  socklen_t size = sizeof any;
  EXPECT_EQ(::getsockname(place, reinterpret_cast<sockaddr*>(&any), &size), 0);
  return ntohs(any.sin_port);
}

TEST(HandedSockets, AListenerIsFoundByItsAddressAndSharedByThreads) {
  const std::uint16_t port = hand_over_ipv4(first);
  auto handed = HandedSockets::adopt(first, 1, "cas.socket");
  ASSERT_TRUE(handed) << handed.error().private_reason;
  Runtime runtime(2);
  EXPECT_FALSE(handed->take(runtime.executor(0), {.address = "127.0.0.1", .port = 1}));
  EXPECT_FALSE(handed->take(runtime.executor(0), {.address = "127.0.0.2", .port = port}));
  auto listener = handed->take(runtime.executor(0), {.address = "127.0.0.1", .port = port});
  ASSERT_TRUE(listener);
  EXPECT_EQ(listener->endpoint(), (Endpoint{.address = "127.0.0.1", .port = port}));
  const auto other = listener->share(runtime.executor(1));
  ASSERT_TRUE(other) << other.error().private_reason;
  EXPECT_EQ(other->endpoint(), listener->endpoint());
  EXPECT_THAT(handed->left(), IsEmpty());
}

TEST(HandedSockets, WhatNobodyTakesIsTold) {
  const std::uint16_t a = hand_over_ipv4(first), b = hand_over_ipv4(first + 1);
  const auto handed = HandedSockets::adopt(first, 2, "mx:submission");
  ASSERT_TRUE(handed);
  EXPECT_THAT(handed->left(), ElementsAre("127.0.0.1:" + std::to_string(a) + " (mx)",
                                          "127.0.0.1:" + std::to_string(b) + " (submission)"));
}

TEST(HandedSockets, AUnixSocketIsFoundByItsPathAndItsFileStays) {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("cas-handed-" + std::to_string(::getpid()))).string();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::ranges::copy(path, address.sun_path);
  move_to(listening(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof address), first);
  auto handed = HandedSockets::adopt(first, 1, "");
  ASSERT_TRUE(handed);
  Runtime runtime(1);
  {
    EXPECT_TRUE(handed->take_unix(runtime.executor(0), path));
  }
  EXPECT_TRUE(std::filesystem::exists(path));
  std::filesystem::remove(path);
}

// A client of IPv4 would be ::ffff:192.0.2.1 there, which no rule about 192.0.2.1 would find.
TEST(HandedSockets, AnIpv6SocketThatTakesIpv4IsRefused) {
  sockaddr_in6 any{};
  any.sin6_family = AF_INET6;
  move_to(listening(AF_INET6, reinterpret_cast<const sockaddr*>(&any), sizeof any, false), first);
  const auto handed = HandedSockets::adopt(first, 1, "");
  ASSERT_FALSE(handed);
  EXPECT_THAT(handed.error().private_reason, HasSubstr("BindIPv6Only=ipv6-only"));
  ::close(first);
}

TEST(HandedSockets, WhatDoesNotListenIsRefused) {
  move_to(::socket(AF_INET, SOCK_DGRAM, 0), first);
  EXPECT_FALSE(HandedSockets::adopt(first, 1, ""));
  move_to(::socket(AF_INET, SOCK_STREAM, 0), first);
  EXPECT_FALSE(HandedSockets::adopt(first, 1, ""));
  ::close(first);
  EXPECT_FALSE(HandedSockets::adopt(first, 1, "closed"));
}

TEST(HandedSockets, AnotherProcessesSocketsAreNotOurs) {
  ::setenv("LISTEN_PID", "1", 1);
  ::setenv("LISTEN_FDS", "1", 1);
  const auto handed = HandedSockets::of_this_process();
  ASSERT_TRUE(handed);
  EXPECT_THAT(handed->left(), IsEmpty());
  EXPECT_EQ(::getenv("LISTEN_FDS"), nullptr);
}

TEST(Runtime, AThreadThatHangsDoesNotRespond) {
  Runtime runtime(2);
  runtime.start();
  const auto answered = [&] {
    for (std::size_t n = 0; n < 2; ++n) run_and_wait(runtime.executor(n), []() -> Task<void> { co_return; });
  };
  EXPECT_TRUE(runtime.responds());
  answered();
  std::promise<void> hangs, end;
  boost::asio::post(runtime.executor(1), [&] {
    hangs.set_value();
    end.get_future().wait();
  });
  hangs.get_future().wait();
  EXPECT_TRUE(runtime.responds());   // to what it was asked before
  EXPECT_FALSE(runtime.responds());  // to what it was asked just now
  EXPECT_FALSE(runtime.responds());
  end.set_value();
  answered();
  EXPECT_TRUE(runtime.responds());
}

}  // namespace
}  // namespace cas::net
