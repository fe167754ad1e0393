// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// TLS on both sides: contexts, handshakes, verification, and what must not survive STARTTLS.
#include "net/tls.hpp"

#include <gmock/gmock.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "net/test_support.hpp"
#include "net/tls_state.hpp"

namespace cas::net {
namespace {

using test::ample;
using test::connected;
using testing::HasSubstr;
using testing::StartsWith;

class TlsTest : public test::NetTest {
 protected:
  TlsContext server_for(const std::string& host) {
    const auto made = make_self_signed(host).value();
    const auto certificate = directory.write(host + ".crt", made.certificate);
    const auto key = directory.write(host + ".key", made.key);
    return TlsContext::server(certificate, key).value();
  }
  // A client that verifies, with the certificate of `host` as the system's only root.
  TlsContext client_that_trusts(const std::string& host) {
    ::setenv("SSL_CERT_FILE", (directory / (host + ".crt")).c_str(), 1);
    ::setenv("SSL_CERT_DIR", "/nonexistent", 1);
    auto client = TlsContext::client(true).value();
    ::unsetenv("SSL_CERT_FILE");
    ::unsetenv("SSL_CERT_DIR");
    return client;
  }

  const test::TemporaryDirectory directory;
};

Task<void> serve_tls(Stream& stream, TlsContext context, Result<void>& result) {
  result = co_await stream.start_tls_server(std::move(context), ample);
}

struct Handshake {
  test::Pair pair;
  Result<void> server;
  Result<void> client;
};

Task<Handshake> shake(Listener& listener, TlsContext server, TlsContext client, std::string name) {
  Handshake made;
  made.pair = co_await connected(listener);
  TaskGroup group(co_await boost::asio::this_coro::executor);
  group.spawn(serve_tls(made.pair.server, std::move(server), made.server));
  made.client = co_await made.pair.client.start_tls_client(std::move(client), std::move(name), ample);
  co_await group.join();
  co_return made;
}

Task<void> talk(Listener& listener, TlsContext server, TlsContext client) {
  auto made = co_await shake(listener, std::move(server), std::move(client), "mx.example");
  EXPECT_TRUE(made.server.has_value()) << made.server.error().private_reason;
  EXPECT_TRUE(made.client.has_value()) << made.client.error().private_reason;
  auto& [one, two] = made.pair;
  EXPECT_TRUE(one.tls() && two.tls());
  EXPECT_THAT(one.tls_description(), StartsWith("TLSv1.3 TLS_"));
  EXPECT_EQ(one.tls_description(), two.tls_description());

  const std::string much(300'000, 'm');
  const auto sent = co_await one.write("MAIL", ample);
  EXPECT_TRUE(sent.has_value());
  const auto got = co_await test::read_exactly(two, 2);
  EXPECT_EQ(got, "MA");
  EXPECT_TRUE(two.has_buffered()) << "the record's rest waits inside the engine";
  const auto rest = co_await test::read_exactly(two, 2);
  EXPECT_EQ(rest, "IL");
  TaskGroup group(co_await boost::asio::this_coro::executor);
  Result<std::string> all;
  const auto collect = [](Stream& stream, Result<std::string>& into) -> Task<void> {
    into = co_await test::read_all(stream);
  };
  group.spawn(collect(one, all));
  const auto answered = co_await two.write(much, ample);
  EXPECT_TRUE(answered.has_value());
  co_await two.close();
  co_await group.join();
  EXPECT_EQ(all, much) << "closed in an orderly way: close_notify came";
}

TEST_F(TlsTest, OpportunisticClientAndServerTalkWithoutVerification) {
  auto listener = listen();
  const auto server = server_for("mx.example");
  const auto client = TlsContext::client(false).value();
  run([&] { return talk(listener, server, client); });
}

TEST_F(TlsTest, AVerifyingClientAcceptsATrustedCertificateWithTheRightName) {
  auto listener = listen();
  const auto server = server_for("mx.example");
  const auto client = client_that_trusts("mx.example");
  run([&] { return talk(listener, server, client); });
}

Task<void> expect_certificate_failure(Listener& listener, TlsContext server, TlsContext client, std::string name,
                                      std::string why) {
  auto made = co_await shake(listener, std::move(server), std::move(client), name);
  EXPECT_FALSE(made.client.has_value()) << name;
  if (made.client) co_return;
  EXPECT_EQ(made.client.error().lasting, Lasting::Transient);
  EXPECT_THAT(made.client.error().private_reason, HasSubstr(why));
  EXPECT_FALSE(made.pair.client.tls());
  const auto written = co_await made.pair.client.write("plaintext", ample);
  EXPECT_FALSE(written.has_value()) << "no fallback on a connection where a handshake began";
}

TEST_F(TlsTest, AVerifyingClientRefusesUnknownRootsAndWrongNames) {
  auto listener = listen();
  const auto server = server_for("mx.example");
  const auto other = server_for("other.example");
  const auto trusting = client_that_trusts("mx.example");
  run([&] { return expect_certificate_failure(listener, other, trusting, "other.example", "self-signed"); });
  run([&] { return expect_certificate_failure(listener, server, trusting, "wrong.example", "mismatch"); });
  run([&] { return expect_certificate_failure(listener, server, trusting, "127.0.0.1", "mismatch"); });
}

Task<void> verify_without_a_name(Listener& listener, TlsContext client) {
  auto pair = co_await connected(listener);
  const auto up = co_await pair.client.start_tls_client(std::move(client), "", ample);
  EXPECT_THAT(up.error().private_reason, HasSubstr("no name"));
}

TEST_F(TlsTest, VerificationWithoutANameIsAnError) {
  auto listener = listen();
  run([&] { return verify_without_a_name(listener, TlsContext::client(true).value()); });
}

Task<void> expect_success(Listener& listener, TlsContext server, TlsContext client, std::string name) {
  auto made = co_await shake(listener, std::move(server), std::move(client), name);
  EXPECT_TRUE(made.client.has_value()) << name << ": " << made.client.error().private_reason;
}

TEST_F(TlsTest, AnAddressLiteralIsVerifiedAsAnAddress) {
  auto listener = listen();
  const auto four = server_for("127.0.0.1");
  run([&] { return expect_success(listener, four, client_that_trusts("127.0.0.1"), "127.0.0.1"); });
  const auto six = server_for("::1");
  run([&] { return expect_success(listener, six, client_that_trusts("::1"), "::1"); });
}

int take_server_name(SSL* session, int*, void* into) {
  const char* name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
  *static_cast<std::string*>(into) = name != nullptr ? name : "";
  return SSL_TLSEXT_ERR_OK;
}

TEST_F(TlsTest, TheClientAsksForTheNameButNeverForALiteral) {
  // RFC 6066 §3
  auto listener = listen();
  const auto server = server_for("mx.example");
  const auto client = TlsContext::client(false).value();
  std::string asked = "nothing";
  SSL_CTX* context = server.state()->context.native_handle();
  SSL_CTX_set_tlsext_servername_callback(context, take_server_name);
  SSL_CTX_set_tlsext_servername_arg(context, &asked);
  run([&] { return expect_success(listener, server, client, "mx.example."); });
  EXPECT_EQ(asked, "mx.example");
  run([&] { return expect_success(listener, server, client, "127.0.0.1"); });
  EXPECT_EQ(asked, "");
}

Task<void> expect_no_handshake(Listener& listener, TlsContext server, TlsContext client) {
  auto made = co_await shake(listener, std::move(server), std::move(client), "mx.example");
  EXPECT_FALSE(made.client.has_value());
  EXPECT_FALSE(made.server.has_value());
}

TEST_F(TlsTest, VersionsBefore12AreRefused) {
  // RFC 8996
  auto listener = listen();
  const auto server = server_for("mx.example");
  const auto client = TlsContext::client(false).value();
  SSL_CTX* context = client.state()->context.native_handle();
  SSL_CTX_set_security_level(context, 0);
  SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context, TLS1_1_VERSION);
  run([&] { return expect_no_handshake(listener, server, client); });
  SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
  run([&] { return expect_success(listener, server, client, "mx.example"); });
}

// What a man in the middle adds behind STARTTLS in plaintext: once read together with the command, once left in the
// kernel for the handshake to find.
Task<void> inject(Listener& listener, TlsContext server, TlsContext client, std::size_t taken) {
  auto made = co_await connected(listener);
  const auto sent = co_await made.client.write("STARTTLS\r\nRSET\r\n", ample);
  EXPECT_TRUE(sent.has_value());
  const auto command = co_await test::read_exactly(made.server, taken);
  EXPECT_TRUE(command.has_value());
  Result<void> server_up;
  TaskGroup group(co_await boost::asio::this_coro::executor);
  group.spawn(serve_tls(made.server, std::move(server), server_up));
  const auto client_up = co_await made.client.start_tls_client(std::move(client), "mx.example", ample);
  co_await group.join();
  if (taken == 10) {
    EXPECT_FALSE(server_up.has_value());
    co_return;
  }
  EXPECT_TRUE(server_up.has_value() && client_up.has_value());
  const auto genuine = co_await made.client.write("EHLO", ample);
  EXPECT_TRUE(genuine.has_value());
  co_await made.client.close();
  const auto all = co_await test::read_all(made.server);
  EXPECT_EQ(all, "EHLO");
}

TEST_F(TlsTest, PlaintextInjectedBehindStarttlsNeverReachesTheTlsReader) {
  // RFC 3207 §4.2
  auto listener = listen();
  const auto server = server_for("mx.example");
  const auto client = TlsContext::client(false).value();
  run([&] { return inject(listener, server, client, 16); });
  run([&] { return inject(listener, server, client, 10); });
}

Task<void> wait_for_silence(Listener& listener, TlsContext server) {
  auto pair = co_await connected(listener);
  const auto up = co_await pair.server.start_tls_server(std::move(server), test::brief);
  EXPECT_THAT(up.error().private_reason, HasSubstr("timed out"));
  const auto again = co_await pair.client.start_tls_client(TlsContext::client(false).value(), "a.example", ample);
  EXPECT_FALSE(again.has_value()) << "the connection was closed";
}

Task<void> read_in_vain(Listener& listener, TlsContext server) {
  auto made = co_await shake(listener, std::move(server), TlsContext::client(false).value(), "mx.example");
  std::array<char, 16> buffer{};
  for (int n = 0; n < 3; ++n) {
    const auto read = co_await made.pair.server.read_some(buffer, test::brief);
    EXPECT_THAT(read.error().private_reason, HasSubstr("timed out"));
  }
  const auto said = co_await made.pair.server.write("421", ample);
  EXPECT_TRUE(said.has_value());
  const auto heard = co_await test::read_exactly(made.pair.client, 3);
  EXPECT_EQ(heard, "421");
  const std::string much(64UL << 20U, 'x');
  const auto written = co_await made.pair.client.write(much, test::brief);
  EXPECT_THAT(written.error().private_reason, HasSubstr("timed out"));
  co_await made.pair.client.close();
}

TEST_F(TlsTest, HandshakeReadAndWriteTimeOut) {
  auto listener = listen();
  const auto server = server_for("mx.example");
  run([&] { return wait_for_silence(listener, server); });
  run([&] { return read_in_vain(listener, server); });
}

Task<void> truncate(Listener& listener, TlsContext server) {
  auto made = co_await shake(listener, std::move(server), TlsContext::client(false).value(), "mx.example");
  const auto said = co_await made.pair.server.write("half a mess", ample);
  EXPECT_TRUE(said.has_value());
  made.pair.server.abort();
  const auto all = co_await test::read_all(made.pair.client);
  EXPECT_FALSE(all.has_value());
  const auto twice = co_await made.pair.client.start_tls_client(TlsContext::client(false).value(), "", ample);
  EXPECT_FALSE(twice.has_value());
}

TEST_F(TlsTest, AnEndWithoutCloseNotifyIsNoOrderlyEnd) {
  // RFC 8446 §6.1
  auto listener = listen();
  const auto server = server_for("mx.example");
  run([&] { return truncate(listener, server); });
}

Task<void> read_and_answer(Executor executor, Listener& listener, TlsContext server) {
  auto made = co_await shake(listener, std::move(server), TlsContext::client(false).value(), "mx.example");
  Result<std::size_t> read = 1;
  const auto wait = [](Stream& stream, Result<std::size_t>& into) -> Task<void> {
    std::array<char, 16> buffer{};
    into = co_await stream.read_some(buffer, test::forever);
  };
  TaskGroup group(executor);
  group.spawn(wait(made.pair.server, read));
  co_await sleep_for(test::a_turn);
  const auto said = co_await made.pair.server.write("421 going down", ample);
  EXPECT_TRUE(said.has_value());
  const auto heard = co_await test::read_exactly(made.pair.client, 14);
  EXPECT_EQ(heard, "421 going down");
  group.cancel();
  co_await group.join();
  EXPECT_FALSE(read.has_value());
}

TEST_F(TlsTest, WritesWhileAReadIsUnderWayAndCancelEndsTheRead) {
  auto listener = listen();
  const auto server = server_for("mx.example");
  run([&] { return read_and_answer(runtime.executor(0), listener, server); });
}

TEST_F(TlsTest, AContextThatCannotBeMadeNamesTheFile) {
  const auto one = make_self_signed("one.example").value();
  const auto two = make_self_signed("two.example").value();
  const auto certificate = directory.write("one.crt", one.certificate);
  const auto key = directory.write("one.key", one.key);
  const auto other_key = directory.write("two.key", two.key);
  const auto garbage = directory.write("garbage", "-----BEGIN NOTHING-----\n");
  const auto missing = directory / "missing";
  struct Case {
    std::filesystem::path certificate, key, named;
  };
  const Case cases[] = {{missing, key, missing},
                        {certificate, missing, missing},
                        {garbage, key, garbage},
                        {certificate, garbage, garbage},
                        {certificate, other_key, other_key}};
  for (const auto& bad : cases) {
    const auto context = TlsContext::server(bad.certificate, bad.key);
    ASSERT_FALSE(context.has_value()) << bad.named;
    EXPECT_EQ(context.error().lasting, Lasting::Permanent);
    EXPECT_THAT(context.error().private_reason, HasSubstr(bad.named.string()));
  }
  EXPECT_TRUE(TlsContext::server(certificate, key).has_value());
}

TEST_F(TlsTest, ASelfSignedCertificateSpeaksForItsHostAlone) {
  const auto made = make_self_signed("mx.example").value();
  BIO* bio = BIO_new_mem_buf(made.certificate.data(), static_cast<int>(made.certificate.size()));
  X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  ASSERT_NE(certificate, nullptr);
  EXPECT_EQ(X509_check_host(certificate, "mx.example", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(certificate, "a.mx.example", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_get_extension_flags(certificate) & EXFLAG_CA, 0U);
  EXPECT_GT(X509_cmp_time(X509_get0_notAfter(certificate), nullptr), 0);
  X509_free(certificate);
  BIO_free(bio);
  EXPECT_NE(made.key, make_self_signed("mx.example")->key);
}

TEST_F(TlsTest, ASelfSignedCertificateIsMadeForAKeyThatIsThere) {
  const auto first = make_self_signed("mx.example").value();
  const auto second = make_self_signed("mx.example", first.key).value();
  EXPECT_EQ(second.key, first.key);
  EXPECT_NE(second.certificate, first.certificate);
  const auto faulty = make_self_signed("mx.example", "-----BEGIN PRIVATE KEY-----\nno\n-----END PRIVATE KEY-----\n");
  ASSERT_FALSE(faulty.has_value());
  EXPECT_EQ(faulty.error().lasting, Lasting::Permanent);
}

TEST_F(TlsTest, ASelfSignedCertificateNeedsAHostThatFits) {
  EXPECT_FALSE(make_self_signed("").has_value());
  EXPECT_FALSE(make_self_signed(std::string(254, 'a')).has_value());
  EXPECT_FALSE(make_self_signed("b\xc3\xbc"
                                "cher.example")
                   .has_value());
  EXPECT_TRUE(make_self_signed(std::string(63, 'a') + "." + std::string(63, 'b') + ".example").has_value());
}

}  // namespace
}  // namespace cas::net
