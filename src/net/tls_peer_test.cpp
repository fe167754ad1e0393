// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What a client may want of its peer: names, TLSA records, nothing; and sessions that are taken up again.
#include <gmock/gmock.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "net/test_support.hpp"
#include "net/tls.hpp"

namespace cas::net {
namespace {

using test::ample;
using By = PeerCheck::By;

/// The record "3 selector 1" of a certificate.
dns::Tlsa record_of(const std::string& pem, std::uint8_t selector) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  dns::Tlsa record{.usage = 3, .selector = selector, .matching = 1, .data = std::vector<std::uint8_t>(32)};
  unsigned char* der = nullptr;
  const int length =
      selector == 1 ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der) : i2d_X509(certificate, &der);
  EVP_Digest(der, static_cast<std::size_t>(length), record.data.data(), nullptr, EVP_sha256(), nullptr);
  OPENSSL_free(der);
  X509_free(certificate);
  BIO_free(bio);
  return record;
}

struct Met {
  Result<void> result;
  CertificateFault fault = CertificateFault::None;
  bool resumed = false;
};

class TlsPeerTest : public test::NetTest {
 protected:
  TlsContext server_for(const std::string& host) {
    made = make_self_signed(host).value();
    certificate = directory.write(host + ".crt", made.certificate);
    return TlsContext::server(certificate, directory.write(host + ".key", made.key)).value();
  }

  Met meet(const TlsContext& server, const TlsContext& client, const PeerCheck& check) {
    Met met;
    run([&] { return meet_once(server, client, check, met); });
    return met;
  }

  const test::TemporaryDirectory directory;
  SelfSigned made;
  std::filesystem::path certificate;

 private:
  static Task<void> serve(Stream& stream, TlsContext context) {
    const auto up = co_await stream.start_tls_server(std::move(context), ample);
    if (up) (void)co_await stream.write("220", ample);
    co_await stream.close();
  }
  Task<void> meet_once(TlsContext server, TlsContext client, PeerCheck check, Met& met) {
    auto listener = listen();
    auto pair = co_await test::connected(listener);
    TaskGroup group(co_await boost::asio::this_coro::executor);
    group.spawn(serve(pair.server, std::move(server)));
    met.result = co_await pair.client.start_tls_client(std::move(client), std::move(check), "mx.example", ample);
    met.fault = pair.client.certificate_fault();
    met.resumed = pair.client.tls_resumed();
    (void)co_await test::read_all(pair.client);  // tickets come with the first octets
    co_await pair.client.close();
    co_await group.join();
  }
};

PeerCheck names(std::vector<std::string> wanted, bool enforce = true) {
  return {.by = By::Names, .enforce = enforce, .names = std::move(wanted)};
}

TEST_F(TlsPeerTest, ANameIsVerifiedAgainstTheRootsOfTheFile) {
  const auto server = server_for("mx.example");
  const auto trusting = TlsContext::client(ClientTls{.ca_file = certificate}).value();
  EXPECT_TRUE(meet(server, trusting, names({"mx.example"})).result.has_value());
  EXPECT_TRUE(meet(server, trusting, names({"other.example", "mx.example"})).result.has_value()) << "one of them";
  EXPECT_TRUE(meet(server, trusting, names({".example"})).result.has_value()) << "any name below";
  const auto wrong = meet(server, trusting, names({"other.example"}));
  EXPECT_FALSE(wrong.result.has_value());
  EXPECT_EQ(wrong.fault, CertificateFault::HostMismatch);
  const auto none = meet(server, trusting, names({}));
  EXPECT_FALSE(none.result.has_value()) << "no name is no check";
}

TEST_F(TlsPeerTest, UnknownRootsAreNotTrustedAndTestingOnlySaysSo) {
  const auto server = server_for("mx.example");
  (void)server_for("other.example");
  const auto stranger = TlsContext::client(ClientTls{.ca_file = certificate}).value();
  const auto refused = meet(server, stranger, names({"mx.example"}));
  EXPECT_FALSE(refused.result.has_value());
  EXPECT_EQ(refused.fault, CertificateFault::NotTrusted);
  const auto told = meet(server, stranger, names({"mx.example"}, false));
  EXPECT_TRUE(told.result.has_value());
  EXPECT_EQ(told.fault, CertificateFault::NotTrusted);
  const auto nothing = meet(server, stranger, {});
  EXPECT_TRUE(nothing.result.has_value());
  EXPECT_EQ(nothing.fault, CertificateFault::None) << "nothing was checked";
}

TEST_F(TlsPeerTest, ADaneRecordVerifiesWithoutRootsAndNamesRfc7672Section311) {
  const auto server = server_for("elsewhere.example");
  const auto client = TlsContext::client(ClientTls{}).value();
  for (const std::uint8_t selector : {std::uint8_t{0}, std::uint8_t{1}}) {
    PeerCheck check{.by = By::Records, .names = {"mx.example"}, .records = {record_of(made.certificate, selector)}};
    const auto good = meet(server, client, check);
    EXPECT_TRUE(good.result.has_value()) << good.result.error().private_reason;
    check.records[0].data[0] ^= 1;
    const auto bad = meet(server, client, check);
    EXPECT_FALSE(bad.result.has_value());
    EXPECT_NE(bad.fault, CertificateFault::None);
    check.records.push_back(record_of(made.certificate, selector));
    EXPECT_TRUE(meet(server, client, check).result.has_value()) << "one that matches is enough";
  }
}

TEST_F(TlsPeerTest, WithoutARecordThatCanBeUsedNothingIsTrusted) {
  const auto server = server_for("mx.example");
  const auto trusting = TlsContext::client(ClientTls{.ca_file = certificate}).value();
  PeerCheck check{.by = By::Records, .names = {"mx.example"}};
  EXPECT_FALSE(meet(server, trusting, check).result.has_value()) << "the roots must not step in";
  check.records = {record_of(made.certificate, 1)};
  check.records[0].matching = 9;
  EXPECT_FALSE(meet(server, trusting, check).result.has_value());
}

TEST_F(TlsPeerTest, ASessionIsTakenUpOnceAndOnlyUnderTheSameCheck) {
  const auto server = server_for("mx.example");
  const auto client = TlsContext::client(ClientTls{.ca_file = certificate}).value();
  auto check = names({"mx.example"});
  check.peer = "192.0.2.1:25";
  EXPECT_FALSE(meet(server, client, check).resumed);
  const auto again = meet(server, client, check);
  EXPECT_TRUE(again.result.has_value());
  EXPECT_TRUE(again.resumed);
  EXPECT_EQ(again.fault, CertificateFault::None);
  auto other = check;
  other.names = {"other.example"};
  const auto strict = meet(server, client, other);
  EXPECT_FALSE(strict.result.has_value()) << "what another check found does not count";
  auto records = check;
  records.by = By::Records;
  records.records = {record_of(made.certificate, 1)};
  EXPECT_FALSE(meet(server, client, records).resumed);
  EXPECT_TRUE(meet(server, client, records).resumed);
  check.peer = "192.0.2.2:25";
  EXPECT_FALSE(meet(server, client, check).resumed) << "another server";
  check.peer.clear();
  EXPECT_FALSE(meet(server, client, check).resumed);
}

TEST_F(TlsPeerTest, WhatWasNotTrustedIsNotTrustedWhenTakenUp) {
  const auto server = server_for("mx.example");
  (void)server_for("other.example");
  const auto stranger = TlsContext::client(ClientTls{.ca_file = certificate}).value();
  auto check = names({"mx.example"}, false);
  check.peer = "192.0.2.1:25";
  (void)meet(server, stranger, check);
  const auto again = meet(server, stranger, check);
  EXPECT_TRUE(again.resumed);
  EXPECT_EQ(again.fault, CertificateFault::NotTrusted);
}

TEST_F(TlsPeerTest, ACaFileThatCannotBeReadIsNamed) {
  const auto client = TlsContext::client(ClientTls{.ca_file = directory / "missing"});
  ASSERT_FALSE(client.has_value());
  EXPECT_THAT(client.error().private_reason, testing::HasSubstr((directory / "missing").string()));
}

}  // namespace
}  // namespace cas::net
