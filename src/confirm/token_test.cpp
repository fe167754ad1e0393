// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The header token, CAS §14.
#include "confirm/token.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "confirm/intent_samples.hpp"

namespace cas::confirm {
namespace {

using namespace samples;

// The MAC was computed by another program (Python's hmac) from the text of CAS §14.2 and the intent of CAS §A.1.
constexpr std::string_view sample =
    "1.k3.p.1795546800.AAECAwQFBgcICQoLDA0ODw.football.example.com.OUYfZ6C5LxYEQviK5kJ8yg";

Octets secret(std::size_t size = 32) {
  Octets octets(size);
  std::iota(octets.begin(), octets.end(), std::uint8_t{0});
  return octets;
}

TokenBinding binding() {
  const Intent intent = vector_intent();
  return {.mail_from = ReversePath(*intent.envelope_from),
          .recipient = mailbox("suzie@shopping.example.net"),
          .author = intent.author,
          .list_id = intent.list_id,
          .digest = *intent.digest};
}

TEST(Token, IsWhatAnotherProgramMakes) {
  const auto token = make_token(secret(), "k3", vector_intent(), local("suzie"));
  ASSERT_TRUE(token);
  EXPECT_EQ(print_token(*token), sample);
  EXPECT_TRUE(check_token(secret(), *token, binding()));
}

TEST(Token, IsReadBackAsItWasPrinted) {
  const auto token = parse_token(sample);
  ASSERT_TRUE(token);
  EXPECT_EQ(token->kid, "k3");
  EXPECT_EQ(token->klass, Class::Personal);
  EXPECT_EQ(token->expires, vector_intent().expires);
  EXPECT_EQ(token->id, vector_intent().id);
  EXPECT_EQ(token->signing_domain, domain("football.example.com"));
  EXPECT_EQ(print_token(*token), sample);
}

TEST(Token, HasOneSpelling) {
  for (const auto& [from, to] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"1.", "2."},
           {"1.", ""},
           {"1.", "1.."},
           {"k3", ""},
           {"k3", "K3"},
           {"k3", "k-3"},
           {"k3", "01234567890123456"},
           {".p.", ".x."},
           {".p.", ".pp."},
           {".p.", "."},
           {"1795546800", "01795546800"},
           {"1795546800", "1234567890123"},
           {"ODw.", "ODx."},
           {"ODw.", "ODw=."},
           {"football", "Football"},
           {"football", "foot_ball"},
           {"football.example.com", ""},
           {"football.example.com.", ""},
           {"example.com", "example.com."},
           {"kJ8yg", "kJ8yh"},
           {"kJ8yg", "kJ8y"},
           {"kJ8yg", "kJ8yg=="},
           {"kJ8yg", "kJ8yg "},
       }) {
    EXPECT_FALSE(parse_token(with(std::string(sample), from, to))) << from << " -> " << to;
  }
}

TEST(Token, IsBoundToEverythingThatWasSigned) {
  const Token token = parse_token(sample).value();
  EXPECT_FALSE(check_token(secret(33), token, binding()));

  for (auto change : std::initializer_list<void (*)(Token&, TokenBinding&)>{
           [](Token& t, TokenBinding&) { t.kid = "k4"; },
           [](Token& t, TokenBinding&) { t.klass = Class::Automatic; },
           [](Token& t, TokenBinding&) { t.expires += seconds(1); },
           [](Token& t, TokenBinding&) { t.id[0] ^= 1; },
           [](Token& t, TokenBinding&) { t.signing_domain = domain("example.com"); },
           [](Token& t, TokenBinding&) { t.mac[15] ^= 1; },
           [](Token&, TokenBinding& b) { b.mail_from = {}; },
           [](Token&, TokenBinding& b) { b.recipient = mailbox("suzie@example.net"); },
           [](Token&, TokenBinding& b) { b.recipient = mailbox("bob@shopping.example.net"); },
           [](Token&, TokenBinding& b) { b.recipient = mailbox("suzie@[192.0.2.1]"); },
           [](Token&, TokenBinding& b) { b.author = mailbox("jim@football.example.com"); },
           [](Token&, TokenBinding& b) { b.list_id = "news.example.com"; },
           [](Token&, TokenBinding& b) { b.digest[31] ^= 1; },
       }) {
    Token changed = token;
    TokenBinding facts = binding();
    change(changed, facts);
    EXPECT_FALSE(check_token(secret(), changed, facts)) << print_token(changed);
  }
}

TEST(Token, NamesTheListOfBulkMailAndTheNullPath) {
  Intent intent = vector_intent();
  intent.klass = Class::Bulk;
  intent.list_id = "weekly news";
  intent.envelope_from.reset();
  const auto token = make_token(secret(), "k3", intent, local("suzie"));
  ASSERT_TRUE(token);
  TokenBinding facts = binding();
  facts.mail_from = {};
  EXPECT_FALSE(check_token(secret(), *token, facts));
  facts.list_id = "weekly news";
  EXPECT_TRUE(check_token(secret(), *token, facts));
}

TEST(Token, IsNotMadeOfWhatCannotBeChecked) {
  Intent preflight = vector_intent();
  preflight.digest.reset();
  EXPECT_FALSE(make_token(secret(), "k3", preflight, local("suzie")));
  Intent forwarded = vector_intent();
  forwarded.forwarded = true;
  EXPECT_FALSE(make_token(secret(), "k3", forwarded, local("suzie")));
  EXPECT_FALSE(make_token(secret(), "k3", vector_intent(), local("bob")));
  EXPECT_FALSE(make_token(secret(31), "k3", vector_intent(), local("suzie")));
  EXPECT_FALSE(make_token(secret(), "", vector_intent(), local("suzie")));
  EXPECT_FALSE(make_token(secret(), "K", vector_intent(), local("suzie")));
}

}  // namespace
}  // namespace cas::confirm
