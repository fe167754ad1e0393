// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Listening sockets: what is in the way, sharing, exhaustion.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/test_support.hpp"

namespace cas::net {
namespace {

using test::ample;
using testing::HasSubstr;

class ListenerTest : public test::NetTest {};

TEST_F(ListenerTest, APortThatThisProcessListensOnIsInUse) {
  const auto first = listen();
  const auto second = Listener::tcp(runtime.executor(1), first.endpoint());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().lasting, Lasting::Permanent);
  EXPECT_THAT(second.error().private_reason, HasSubstr(first.endpoint().text()));
  EXPECT_THAT(second.error().private_reason, HasSubstr("in use"));
}

TEST_F(ListenerTest, AnotherServersPortIsInUseEvenWhereBothReusePorts) {
  const int other = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ASSERT_EQ(::setsockopt(other, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes), 0);
  ASSERT_EQ(::setsockopt(other, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes), 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  ASSERT_EQ(::bind(other, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(other, 1), 0);
  ASSERT_EQ(::getsockname(other, reinterpret_cast<sockaddr*>(&address), &length), 0);
  const Endpoint taken{.address = "127.0.0.1", .port = ntohs(address.sin_port)};
  EXPECT_FALSE(Listener::tcp(runtime.executor(0), taken).has_value());
  ::close(other);
  EXPECT_TRUE(Listener::tcp(runtime.executor(0), taken).has_value());
}

TEST_F(ListenerTest, APortIsFreeAgainAfterAConnectionWasServedOnIt) {
  auto listener = listen();
  const Endpoint endpoint = listener.endpoint();
  {
    test::Pair pair;
    const auto make = [](Listener& from, test::Pair& to) -> Task<void> {
      to = co_await test::connected(from);
      co_await to.server.close();  // first to close: its side goes through TIME_WAIT
    };
    run([&] { return make(listener, pair); });
  }
  listener.close();
  EXPECT_TRUE(Listener::tcp(runtime.executor(0), endpoint).has_value());
}

Task<void> accept_n(Listener& listener, std::atomic<int>& left) {
  while (true) {
    auto stream = co_await listener.accept();
    if (!stream) co_return;
    --left;
  }
}

Task<void> connect_n(Endpoint endpoint, int n) {
  for (; n > 0; --n) {
    auto stream = co_await connect(endpoint, ample);
    EXPECT_TRUE(stream.has_value());
    std::array<char, 1> buffer{};
    if (stream) {
      const auto read = co_await stream->read_some(buffer, ample);
      EXPECT_EQ(read, 0U) << "accepted, and closed by its destructor";
    }
  }
}

Task<void> spawn_in(TaskGroup& group, Listener& listener, std::atomic<int>& left) {
  group.spawn(accept_n(listener, left));
  co_return;
}
Task<void> cancel_and_join(TaskGroup& group) {
  group.cancel();
  co_await group.join();
}

TEST_F(ListenerTest, SharedListenersServeOnePortFromSeveralThreads) {
  auto first = listen();
  auto second = first.share(runtime.executor(1)).value();
  EXPECT_EQ(first.endpoint(), second.endpoint());
  EXPECT_NE(first.endpoint().port, 0);
  std::atomic<int> left = 64;
  TaskGroup here(runtime.executor(0));
  TaskGroup there(runtime.executor(1));
  run([&] { return spawn_in(here, first, left); });
  run_and_wait(runtime.executor(1), [&] { return spawn_in(there, second, left); });
  run([&] { return connect_n(first.endpoint(), 64); });
  EXPECT_EQ(left, 0);
  run([&] { return cancel_and_join(here); });
  run_and_wait(runtime.executor(1), [&] { return cancel_and_join(there); });
}

TEST_F(ListenerTest, AnAddressThatIsNotOursAndNoAddressAreErrors) {
  const Endpoint foreign{.address = "192.0.2.1", .port = 0};
  EXPECT_FALSE(Listener::tcp(runtime.executor(0), foreign).has_value());
  const Endpoint name{.address = "localhost", .port = 0};
  EXPECT_FALSE(Listener::tcp(runtime.executor(0), name).has_value());
}

Task<void> accept_while_exhausted(Listener& listener) {
  auto client = co_await connect(listener.endpoint(), ample);
  std::vector<int> hoard;
  for (int copy = ::dup(2); copy >= 0; copy = ::dup(2)) hoard.push_back(copy);
  const auto refused = co_await listener.accept();
  for (const int descriptor : hoard) ::close(descriptor);
  EXPECT_FALSE(refused.has_value());
  if (!refused) EXPECT_EQ(refused.error().lasting, Lasting::Transient);
  const auto accepted = co_await listener.accept();
  EXPECT_TRUE(accepted.has_value()) << "the listener stays usable";
}

TEST_F(ListenerTest, OutOfDescriptorsIsATransientErrorAndAcceptGoesOnLater) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = 128;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  auto listener = listen();
  run([&] { return accept_while_exhausted(listener); });
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

Task<void> accept_closed(Listener& listener) {
  const auto stream = co_await listener.accept();
  EXPECT_EQ(stream.error().lasting, Lasting::Permanent);
}

TEST_F(ListenerTest, AClosedListenerAcceptsNoMore) {
  auto listener = listen();
  listener.close();
  run([&] { return accept_closed(listener); });
}

class UnixListenerTest : public ListenerTest {
 protected:
  Result<Listener> open() { return Listener::unix_socket(runtime.executor(0), path); }

  const test::TemporaryDirectory directory;
  const std::string path = directory / "socket";
};

TEST_F(UnixListenerTest, TheSocketIsForOwnerAndGroupAndGoesWithItsListener) {
  auto listener = open().value();
  EXPECT_EQ(listener.endpoint().text(), "unix");
  struct stat made{};
  ASSERT_EQ(::lstat(path.c_str(), &made), 0);
  EXPECT_TRUE(S_ISSOCK(made.st_mode));
  EXPECT_EQ(made.st_mode & 0777U, 0660U);
  listener.close();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(UnixListenerTest, ADeadSocketIsReplacedAndALiveOneIsAnError) {
  const int dead = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(dead, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::close(dead);
  ASSERT_TRUE(std::filesystem::exists(path));

  const auto listener = open();
  ASSERT_TRUE(listener.has_value()) << listener.error().private_reason;
  const auto second = open();
  ASSERT_FALSE(second.has_value());
  EXPECT_THAT(second.error().private_reason, HasSubstr("another server"));
}

TEST_F(UnixListenerTest, AFileThatIsNoSocketStays) {
  const auto file = directory.write("socket", "precious");
  const auto listener = open();
  ASSERT_FALSE(listener.has_value());
  EXPECT_THAT(listener.error().private_reason, HasSubstr("no socket"));
  EXPECT_EQ(std::filesystem::file_size(file), 8U);
}

TEST_F(UnixListenerTest, APathThatDoesNotFitIsAnError) {
  EXPECT_FALSE(Listener::unix_socket(runtime.executor(0), std::string(108, 'x')).has_value());
  EXPECT_FALSE(Listener::unix_socket(runtime.executor(0), "").has_value());
}

TEST_F(UnixListenerTest, TheSuccessorsSocketIsNotRemoved) {
  auto first = open().value();
  std::filesystem::rename(path, path + ".old");
  const auto second = open().value();
  first.close();
  EXPECT_TRUE(std::filesystem::exists(path));
}

Task<void> connect_and_close(std::string path) {
  auto stream = co_await connect_unix(path, ample);
  EXPECT_TRUE(stream.has_value());
  const auto rest = co_await test::read_all(*stream);
  EXPECT_EQ(rest, "");
}

TEST_F(UnixListenerTest, ASharedOneAcceptsOnItsOwnThreadAndLeavesTheFileAlone) {
  auto first = open().value();
  std::atomic<int> left = 1;
  {
    auto second = first.share(runtime.executor(1)).value();
    TaskGroup there(runtime.executor(1));
    run_and_wait(runtime.executor(1), [&] { return spawn_in(there, second, left); });
    run([&] { return connect_and_close(path); });
    run_and_wait(runtime.executor(1), [&] { return cancel_and_join(there); });
  }
  EXPECT_EQ(left, 0);
  EXPECT_TRUE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace cas::net
