// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Servers that ask clients for certificates. What is found of chains, purposes and times, and what sessions keep of it:
// tests/e2e/test_certificates.py.
#include <gmock/gmock.h>
#include <openssl/ssl.h>

#include "net/test_support.hpp"
#include "net/tls_state.hpp"

namespace cas::net {
namespace {

using test::ample;
using test::connected;
using testing::ElementsAre;
using testing::IsEmpty;

class TlsClientsTest : public test::NetTest {
 protected:
  struct Files {
    std::filesystem::path certificate, key;
  };
  Files files_of(const std::string& host) {
    const auto made = make_self_signed(host).value();
    return {.certificate = directory.write(host + ".crt", made.certificate),
            .key = directory.write(host + ".key", made.key)};
  }
  TlsContext server(const ClientCertificates& clients) {
    const auto files = files_of("mx.example");
    return TlsContext::server(files.certificate, files.key, clients).value();
  }
  static TlsContext client_with(const Files& files) {
    auto client = TlsContext::client(false).value();
    SSL_CTX* context = client.state()->context.native_handle();
    EXPECT_EQ(SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM), 1);
    return client;
  }
  std::vector<std::string> names(const TlsContext& server, const TlsContext& client, bool ask);

  const test::TemporaryDirectory directory;
};

Task<void> serve(Stream& stream, TlsContext context, bool ask, bool& up) {
  const auto result = co_await stream.start_tls_server(std::move(context), ample, ask);
  up = result.has_value();
}

Task<void> meet(Listener& listener, TlsContext server, TlsContext client, bool ask, std::vector<std::string>& names) {
  auto pair = co_await connected(listener);
  bool up = false;
  TaskGroup group(co_await boost::asio::this_coro::executor);
  group.spawn(serve(pair.server, std::move(server), ask, up));
  const auto result = co_await pair.client.start_tls_client(std::move(client), "mx.example", ample);
  co_await group.join();
  EXPECT_TRUE(up && result.has_value());
  names = pair.server.client_names();
}

std::vector<std::string> TlsClientsTest::names(const TlsContext& server, const TlsContext& client, bool ask) {
  auto listener = listen();
  std::vector<std::string> found;
  run([&] { return meet(listener, server, client, ask, found); });
  return found;
}

TEST_F(TlsClientsTest, TellsTheNamesOfACertificateThatVerified) {
  const auto partner = files_of("mx.partner.example");
  const auto asking = server({.ask = true, .ca_file = partner.certificate});
  EXPECT_THAT(names(asking, client_with(partner), true), ElementsAre("mx.partner.example"));
  EXPECT_THAT(names(asking, client_with(partner), false), IsEmpty()) << "not asked on this listener";
  EXPECT_THAT(names(asking, TlsContext::client(false).value(), true), IsEmpty());
  EXPECT_THAT(names(asking, client_with(files_of("mx.stranger.example")), true), IsEmpty());
  EXPECT_THAT(names(server({}), client_with(partner), true), IsEmpty()) << "it does not verify clients";
}

TEST_F(TlsClientsTest, RootsThatCannotBeReadAreNamed) {
  const auto files = files_of("mx.example");
  const auto made = TlsContext::server(files.certificate, files.key,
                                       ClientCertificates{.ask = true, .ca_file = directory / "missing"});
  ASSERT_FALSE(made.has_value());
  EXPECT_THAT(made.error().private_reason, testing::HasSubstr((directory / "missing").string()));
}

}  // namespace
}  // namespace cas::net
