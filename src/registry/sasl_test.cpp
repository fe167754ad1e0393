// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// SASLprep, and SCRAM-SHA-256 against a client that is written out here.
#include "registry/sasl.hpp"

#include <gtest/gtest.h>

namespace cas::registry {
namespace {

using crypto::hmac_sha256;
using crypto::Sha256Digest;
using Failed = ScramExchange::Failed;

std::string text_of(const Octets& octets) {
  return {octets.begin(), octets.end()};
}

Sha256Digest both(Sha256Digest a, const Sha256Digest& b) {
  for (std::size_t n = 0; n < a.size(); ++n) a[n] ^= b[n];
  return a;
}

/// RFC 5802 §2.2, Hi().
Sha256Digest salted(const std::string& password, const std::string& salt, unsigned iterations) {
  auto last = hmac_sha256(as_octets(password), salt + std::string("\0\0\0\1", 4));
  auto sum = last;
  for (unsigned n = 1; n < iterations; ++n) {
    last = hmac_sha256(as_octets(password), std::string(last.begin(), last.end()));
    sum = both(sum, last);
  }
  return sum;
}

std::string value_of(const std::string& message, char name) {
  for (std::size_t at = 0; at < message.size();) {
    const auto part = message.substr(at, message.find(',', at) - at);
    if (part.starts_with(std::string{name, '='})) return part.substr(2);
    at += part.size() + 1;
  }
  return {};
}

/// RFC 5802 §3: the client's last message for the server's first one.
std::string final_message(const std::string& bare, const std::string& server_first, const std::string& password,
                          const std::string& header = "biws") {
  const std::string without = "c=" + header + ",r=" + value_of(server_first, 'r');
  const auto secret = salted(password, text_of(*from_base64(value_of(server_first, 's'))),
                             static_cast<unsigned>(std::stoul(value_of(server_first, 'i'))));
  const auto client = hmac_sha256(secret, "Client Key");
  const auto stored = crypto::sha256(std::string(client.begin(), client.end()));
  const auto signature = hmac_sha256(stored, bare + "," + server_first + "," + without);
  return without + ",p=" + base64(both(client, signature));
}

const std::string pencil_salt = text_of(*from_base64("W22ZaJ0SNY7soEsUEjb6gQ=="));

TEST(Scram, VerifiersFitTheExample_Rfc7677_3) {
  const auto verifier = make_scram_verifier("pencil", pencil_salt, 4096);
  ASSERT_TRUE(verifier);
  const std::string nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  const std::string message =
      "n=user,r=rOprNGfwEbeRWgbNEkqO,r=" + nonce + ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=" + nonce;
  EXPECT_EQ(base64(hmac_sha256(verifier->server_key, message)), "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
  Sha256Digest proof{};
  std::ranges::copy(*from_base64("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="), proof.begin());
  const auto client = both(proof, hmac_sha256(verifier->stored_key, message));
  EXPECT_EQ(crypto::sha256(std::string(client.begin(), client.end())), verifier->stored_key);
}

class Exchange : public ::testing::Test {
 protected:
  ScramExchange server_{[this](const std::string& name) {
    asked_.push_back(name);
    return *make_scram_verifier("pencil", pencil_salt, 4096);
  }};
  std::string challenge(const std::string& message) {
    const auto outcome = server_.step(message);
    const auto* challenge = std::get_if<ScramExchange::Challenge>(&outcome);
    EXPECT_NE(challenge, nullptr) << message;
    return challenge == nullptr ? std::string() : challenge->message;
  }
  std::vector<std::string> asked_;
};

TEST_F(Exchange, EndsWithWhoItIs) {
  const std::string first = challenge("n,,n=joe,r=abc");
  EXPECT_TRUE(value_of(first, 'r').starts_with("abc"));
  EXPECT_GT(value_of(first, 'r').size(), 19U) << "the server draws something too";
  EXPECT_EQ(value_of(first, 's'), base64(as_octets(pencil_salt)));
  EXPECT_EQ(value_of(first, 'i'), "4096");
  EXPECT_EQ(server_.name(), "joe");
  EXPECT_FALSE(value_of(challenge(final_message("n=joe,r=abc", first, "pencil")), 'v').empty());
  const auto outcome = server_.step("");
  ASSERT_TRUE(std::holds_alternative<ScramExchange::Done>(outcome));
  EXPECT_EQ(std::get<ScramExchange::Done>(outcome).authzid, "");
  EXPECT_EQ(asked_, std::vector<std::string>{"joe"}) << "asked for once";
  EXPECT_EQ(std::get<Failed>(server_.step("")), Failed::Internal) << "and that was all";
}

TEST_F(Exchange, TellsWhomTheClientWantsToActAsAndReadsNamesAsTheyAreWritten) {
  const std::string first = challenge("n,a=boss,n=a=2Cb=3Dc,r=abc");
  EXPECT_EQ(server_.name(), "a,b=c");
  (void)challenge(final_message("n=a=2Cb=3Dc,r=abc", first, "pencil", base64(as_octets("n,a=boss,"))));
  const auto outcome = server_.step("");
  ASSERT_TRUE(std::holds_alternative<ScramExchange::Done>(outcome));
  EXPECT_EQ(std::get<ScramExchange::Done>(outcome).authzid, "boss");
}

TEST_F(Exchange, FailsForAnotherPassword) {
  const std::string first = challenge("n,,n=joe,r=abc");
  EXPECT_EQ(std::get<Failed>(server_.step(final_message("n=joe,r=abc", first, "pencils"))), Failed::Wrong);
}

TEST_F(Exchange, FailsWhenItIsAnsweredOnceMoreThanItAsks) {
  const std::string first = challenge("n,,n=joe,r=abc");
  (void)challenge(final_message("n=joe,r=abc", first, "pencil"));
  EXPECT_EQ(std::get<Failed>(server_.step("more")), Failed::Malformed);
}

TEST_F(Exchange, IsNotReplayed) {
  const std::string first = challenge("n,,n=joe,r=abc");
  const std::string last = final_message("n=joe,r=abc", first, "pencil");
  ScramExchange another([](const std::string&) { return *make_scram_verifier("pencil", pencil_salt, 4096); });
  (void)another.step("n,,n=joe,r=abc");
  EXPECT_TRUE(std::holds_alternative<Failed>(another.step(last)));
}

TEST(Scram, IsBoundToItsTlsConnection_Rfc9266) {
  const auto find = [](const std::string&) { return *make_scram_verifier("pencil", pencil_salt, 4096); };
  const std::string header = "p=tls-exporter,,";
  for (const std::string seen : {"this connection", "another connection"}) {
    ScramExchange server(find, true, "this connection");
    const auto first = server.step(header + "n=joe,r=abc");
    ASSERT_TRUE(std::holds_alternative<ScramExchange::Challenge>(first));
    const auto last = server.step(final_message("n=joe,r=abc", std::get<ScramExchange::Challenge>(first).message,
                                                "pencil", base64(as_octets(header + seen))));
    EXPECT_EQ(std::holds_alternative<ScramExchange::Challenge>(last), seen == "this connection");
  }
}

TEST(Scram, FailsWhereWhatWasOfferedWasTakenOut_Rfc5802_6) {
  const auto find = [](const std::string&) { return *make_scram_verifier("pencil", pencil_salt, 4096); };
  ScramExchange not_offered(find);
  EXPECT_TRUE(std::holds_alternative<ScramExchange::Challenge>(not_offered.step("y,,n=joe,r=abc")));
  ScramExchange offered(find, false, "this connection");
  EXPECT_TRUE(std::holds_alternative<Failed>(offered.step("y,,n=joe,r=abc")));
  ScramExchange unable(find, false, "this connection");
  EXPECT_TRUE(std::holds_alternative<ScramExchange::Challenge>(unable.step("n,,n=joe,r=abc")));
  for (const std::string message : {"n,,n=joe,r=abc", "y,,n=joe,r=abc", "p=tls-unique,,n=joe,r=abc"}) {
    ScramExchange chosen(find, true, "this connection");
    EXPECT_TRUE(std::holds_alternative<Failed>(chosen.step(message))) << message;
  }
}

TEST(Scram, FailsForWhatIsNoMessage) {
  const auto find = [](const std::string&) { return *make_scram_verifier("pencil", pencil_salt, 4096); };
  const std::vector<std::string> wrong{"",
                                       "n",
                                       "n,,",
                                       "n,,n=,r=abc",
                                       "n,,r=abc",
                                       "x,,n=joe,r=abc",
                                       "p=tls-exporter,,n=joe,r=abc",  // channel binding is not offered
                                       std::string("n,,n=jo\0e,r=abc", 15),
                                       "n,,n=joe,r=" + std::string(5000, 'a'),
                                       "n,,n=" + std::string(300, 'a') + ",r=abc"};
  for (const auto& message : wrong) {
    ScramExchange server(find);
    EXPECT_TRUE(std::holds_alternative<Failed>(server.step(message))) << message;
  }
}

TEST(Saslprep, MakesOneOfManySpellings_Rfc4013) {
  EXPECT_EQ(prepare_password("pencil"), "pencil");
  EXPECT_EQ(prepare_password("I\xC2\xADX"), "IX");
  EXPECT_EQ(prepare_password("p\xC3\xA4ss"), prepare_password("pa\xCC\x88ss"));
  EXPECT_EQ(prepare_password("a\xC2\xA0"
                             "b"),
            "a b");
  EXPECT_FALSE(prepare_password("a\tb")) << "control characters";
  EXPECT_FALSE(prepare_password("\xff"));
  EXPECT_FALSE(prepare_password(std::string("a\0b", 3)));
}

TEST(Scram, VerifiersAreMadeOfThePreparedPassword) {
  EXPECT_EQ(*make_scram_verifier("p\xC3\xA4ss", pencil_salt, 4096),
            *make_scram_verifier("pa\xCC\x88ss", pencil_salt, 4096));
  EXPECT_FALSE(make_scram_verifier("a\tb", pencil_salt, 4096));
}

}  // namespace
}  // namespace cas::registry
