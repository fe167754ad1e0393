// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Streams over TCP and Unix sockets.
#include "net/stream.hpp"

#include <gmock/gmock.h>

#include "net/test_support.hpp"

namespace cas::net {
namespace {

using test::ample;
using test::connected;
using testing::HasSubstr;

TEST(EndpointTest, ReadsAndWritesAddressAndPort) {
  EXPECT_EQ(Endpoint::parse("127.0.0.1:25")->text(), "127.0.0.1:25");
  EXPECT_EQ(Endpoint::parse("127.0.0.1:0")->port, 0);
  const auto six = Endpoint::parse("[2001:DB8:0::1]:65535").value();
  EXPECT_EQ(six.address, "2001:db8::1");
  EXPECT_EQ(six.port, 65535);
  EXPECT_EQ(six.text(), "[2001:db8::1]:65535");
}

TEST(EndpointTest, RefusesEverythingElse) {
  for (const auto* text : {"",
                           ":",
                           "127.0.0.1",
                           "127.0.0.1:",
                           ":25",
                           "127.0.0.1:65536",
                           "127.0.0.1:+1",
                           "127.0.0.1:-1",
                           "127.0.0.1:25 ",
                           " 127.0.0.1:25",
                           "127.0.0.1:0x19",
                           "::1:25",
                           "[::1]",
                           "[::1]25",
                           "[]:25",
                           "[127.0.0.1]:25",
                           "host:25",
                           "127.1:25",
                           "[fe80::1%lo]:25",
                           "[::1:25"}) {
    const auto endpoint = Endpoint::parse(text);
    ASSERT_FALSE(endpoint.has_value()) << text;
    EXPECT_EQ(endpoint.error().lasting, Lasting::Permanent);
  }
}

class StreamTest : public test::NetTest {};

Task<void> exchange(Listener& listener) {
  auto [client, server] = co_await connected(listener);
  EXPECT_EQ(client.peer(), listener.endpoint());
  EXPECT_EQ(server.local(), listener.endpoint());
  EXPECT_EQ(server.peer(), client.local());
  EXPECT_FALSE(server.has_buffered());
  EXPECT_FALSE(server.tls());
  EXPECT_EQ(server.tls_description(), "");

  const auto sent = co_await client.write("EHLO a\r\n", ample);
  EXPECT_TRUE(sent.has_value());
  const auto first = co_await test::read_exactly(server, 4);
  EXPECT_EQ(first, "EHLO");
  EXPECT_TRUE(server.has_buffered());
  const auto second = co_await test::read_exactly(server, 4);
  EXPECT_EQ(second, " a\r\n");
  EXPECT_FALSE(server.has_buffered());

  const auto answered = co_await server.write("250 ok\r\n", ample);
  EXPECT_TRUE(answered.has_value());
  co_await server.close();
  co_await server.close();
  const auto reply = co_await test::read_all(client);
  EXPECT_EQ(reply, "250 ok\r\n");
}

TEST_F(StreamTest, CarriesOctetsBothWaysOverTcpAndEndsInAnOrderlyWay) {
  auto listener = listen();
  run([&] { return exchange(listener); });
}

TEST_F(StreamTest, WorksOverIpv6) {
  const Endpoint six{.address = "::1", .port = 0};
  auto listener = Listener::tcp(runtime.executor(0), six);
  if (!listener) GTEST_SKIP() << listener.error().private_reason;
  run([&] { return exchange(*listener); });
}

Task<void> exchange_unix(Listener& listener, std::string path) {
  auto client = co_await connect_unix(path, ample);
  auto server = co_await listener.accept();
  EXPECT_TRUE(client.has_value() && server.has_value());
  if (!client || !server) co_return;
  EXPECT_EQ(server->peer().text(), "unix");
  EXPECT_EQ(client->peer().address, "unix");
  const auto sent = co_await client->write("LHLO a\r\n", ample);
  EXPECT_TRUE(sent.has_value());
  co_await client->close();
  const auto all = co_await test::read_all(*server);
  EXPECT_EQ(all, "LHLO a\r\n");
}

TEST_F(StreamTest, CarriesOctetsOverAUnixSocket) {
  const test::TemporaryDirectory directory;
  const std::string path = directory / "lmtp";
  auto listener = Listener::unix_socket(runtime.executor(0), path).value();
  run([&] { return exchange_unix(listener, path); });
}

Task<void> read_in_vain(Listener& listener) {
  auto [client, server] = co_await connected(listener);
  std::array<char, 16> buffer{};
  for (int n = 0; n < 3; ++n) {
    const auto read = co_await server.read_some(buffer, test::brief);
    EXPECT_EQ(read.error().lasting, Lasting::Transient);
    EXPECT_THAT(read.error().private_reason, HasSubstr("timed out"));
  }
  // RFC 5321 §4.5.3.2.7: the server still has to say 421.
  const auto said = co_await server.write("421 bye\r\n", ample);
  EXPECT_TRUE(said.has_value());
  const auto sent = co_await client.write("late", ample);
  EXPECT_TRUE(sent.has_value());
  const auto read = co_await test::read_exactly(server, 4);
  EXPECT_EQ(read, "late");
}

TEST_F(StreamTest, AReadThatTimesOutFailsAndTheStreamStaysUsable) {
  auto listener = listen();
  run([&] { return read_in_vain(listener); });
}

Task<void> write_in_vain(Listener& listener) {
  auto [client, server] = co_await connected(listener);
  const std::string much(64UL << 20U, 'x');
  const auto written = co_await client.write(much, test::brief);
  EXPECT_FALSE(written.has_value());
  EXPECT_THAT(written.error().private_reason, HasSubstr("timed out"));
}

TEST_F(StreamTest, AWriteThatNobodyTakesTimesOut) {
  auto listener = listen();
  run([&] { return write_in_vain(listener); });
}

Task<void> pump(Stream& from, std::size_t size, std::size_t& total) {
  std::array<char, 4096> buffer{};
  while (total < size) {
    const auto n = co_await from.read_some(buffer, ample);
    if (!n || *n == 0) co_return;
    total += *n;
  }
}

Task<void> both_at_once(Executor executor, Listener& listener) {
  auto [client, server] = co_await connected(listener);
  const std::string much(4UL << 20U, 'x');
  std::size_t at_server = 0;
  std::size_t at_client = 0;
  TaskGroup group(executor);
  group.spawn(pump(server, much.size(), at_server));
  group.spawn(pump(client, much.size(), at_client));
  const auto up = co_await client.write(much, ample);
  const auto down = co_await server.write(much, ample);
  EXPECT_TRUE(up.has_value() && down.has_value());
  co_await group.join();
  EXPECT_EQ(at_server, much.size());
  EXPECT_EQ(at_client, much.size());
}

TEST_F(StreamTest, ReadsAndWritesAtTheSameTime) {
  auto listener = listen();
  run([&] { return both_at_once(runtime.executor(0), listener); });
}

Task<void> leave_early(Listener& listener) {
  auto [client, server] = co_await connected(listener);
  const std::string pipelined(8000, 'x');
  const auto sent = co_await client.write(pipelined, ample);
  EXPECT_TRUE(sent.has_value());
  const auto one = co_await test::read_exactly(server, 1);
  EXPECT_TRUE(one.has_value());
  const auto said = co_await server.write("421 bye\r\n", ample);
  EXPECT_TRUE(said.has_value());
  co_await server.close();
  const auto reply = co_await test::read_all(client);
  EXPECT_EQ(reply, "421 bye\r\n");
}

TEST_F(StreamTest, TheLastReplySurvivesInputThatNobodyRead) {
  auto listener = listen();
  run([&] { return leave_early(listener); });
}

Task<void> read_into(Stream& stream, Result<std::size_t>& result) {
  std::array<char, 16> buffer{};
  result = co_await stream.read_some(buffer, ample);
}

Task<void> abort_a_reader(Executor executor, Listener& listener) {
  auto pair = co_await connected(listener);
  Result<std::size_t> aborted = 1;
  Result<std::size_t> destroyed = 1;
  TaskGroup group(executor);
  group.spawn(read_into(pair.server, aborted));
  auto owned = std::make_unique<Stream>(std::move(pair.client));
  group.spawn(read_into(*owned, destroyed));
  co_await sleep_for(test::a_turn);
  pair.server.abort();
  owned.reset();
  co_await group.join();
  EXPECT_FALSE(aborted.has_value());
  EXPECT_FALSE(destroyed.has_value());
  const auto written = co_await pair.server.write("x", ample);
  EXPECT_FALSE(written.has_value());
}

TEST_F(StreamTest, AbortAndDestructionEndAPendingRead) {
  auto listener = listen();
  run([&] { return abort_a_reader(runtime.executor(0), listener); });
}

Task<void> use_nothing() {
  Stream stream;
  std::array<char, 16> buffer{};
  const auto read = co_await stream.read_some(buffer, ample);
  const auto written = co_await stream.write("x", ample);
  co_await stream.close();
  stream.abort();
  EXPECT_FALSE(read.has_value());
  EXPECT_FALSE(written.has_value());
  EXPECT_FALSE(stream.has_buffered());
}

TEST_F(StreamTest, AnEmptyStreamGivesErrors) {
  run([] { return use_nothing(); });
}

Task<void> read_into_nothing(Listener& listener) {
  auto [client, server] = co_await connected(listener);
  const std::span<char> nothing;
  const auto read = co_await server.read_some(nothing, ample);
  EXPECT_FALSE(read.has_value()) << "0 would say that the peer has closed";
}

TEST_F(StreamTest, AnEmptyBufferIsAnErrorAndNoEndOfInput) {
  auto listener = listen();
  run([&] { return read_into_nothing(listener); });
}

Task<void> connect_badly(Endpoint closed, std::string no_such_path) {
  const auto refused = co_await connect(closed, ample);
  EXPECT_EQ(refused.error().lasting, Lasting::Transient);
  EXPECT_THAT(refused.error().private_reason, HasSubstr(closed.text()));
  const Endpoint nowhere{.address = "mail.example", .port = 25};
  const auto unresolved = co_await connect(nowhere, ample);
  EXPECT_EQ(unresolved.error().lasting, Lasting::Permanent);
  const auto missing = co_await connect_unix(no_such_path, ample);
  EXPECT_EQ(missing.error().lasting, Lasting::Transient);
  const auto foreign = co_await connect(closed, ample, "192.0.2.1");
  EXPECT_THAT(foreign.error().private_reason, HasSubstr("192.0.2.1"));
}

TEST_F(StreamTest, AFailedConnectSaysWhatWasTried) {
  const test::TemporaryDirectory directory;
  const Endpoint closed = listen().endpoint();
  run([&] { return connect_badly(closed, directory / "nothing"); });
}

Task<void> connect_from(Listener& listener) {
  auto client = co_await connect(listener.endpoint(), ample, "127.0.0.77");
  auto server = co_await listener.accept();
  EXPECT_EQ(server.value().peer().address, "127.0.0.77");
  EXPECT_TRUE(client.has_value());
}

TEST_F(StreamTest, ConnectsFromTheSourceAddressGiven) {
  auto listener = listen();
  run([&] { return connect_from(listener); });
}

}  // namespace
}  // namespace cas::net
