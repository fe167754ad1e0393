// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Sender rules, CAS §9.
#include "confirm/sender.hpp"

#include <gtest/gtest.h>

#include <set>

#include "confirm/intent_grammar.hpp"
#include "confirm/intent_samples.hpp"
#include "confirm/reason.hpp"

namespace cas::confirm {
namespace {

using namespace samples;

IntentRequest request_to(std::vector<Mailbox> recipients) {
  return {.id = vector_intent().id,
          .signing_domain = domain("football.example.com"),
          .selector = "brisbane",
          .envelope_from = ReversePath(mailbox("joe@football.example.com")),
          .recipient_domain = domain("shopping.example.net"),
          .recipients = std::move(recipients),
          .author = mailbox("joe@football.example.com"),
          .klass = Class::Personal,
          .list_id = {},
          .hashes = {.header = crypto::sha256("h"), .body = crypto::sha256("b")},
          .now = vector_issued + milliseconds(999),
          .lifetime = std::chrono::hours(4)};
}
IntentRequest request_to_suzie() {
  return request_to({mailbox("suzie@shopping.example.net")});
}

/// Local parts of twenty octets.
std::vector<Mailbox> numbered(std::size_t count, std::size_t first = 1000000000000000000) {
  std::vector<Mailbox> out;
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(mailbox("u" + std::to_string(first + i) + "@shopping.example.net"));
  }
  return out;
}

TEST(MakeIntents, SignsWhatWasAskedFor) {
  const auto made = make_intents(request_to_suzie(), ed25519_key());
  ASSERT_TRUE(made);
  ASSERT_EQ(made->size(), 1U);
  const auto intent = parse_intent(made->front().line);
  ASSERT_TRUE(intent);
  EXPECT_TRUE(verify_intent(*intent, made->front().line, ed25519_public_key()));
  EXPECT_EQ(intent->issued, vector_issued);
  EXPECT_EQ(intent->expires, vector_issued + std::chrono::hours(4));
  EXPECT_EQ(intent->digest, digest_c1(intent->id, request_to_suzie().hashes));
  EXPECT_EQ(made->front().recipients, request_to_suzie().recipients);
}

TEST(MakeIntents, WaivesAlignmentForAForwardedHopCasSection47) {
  IntentRequest request = request_to_suzie();
  request.author = mailbox("ada@west.example");
  EXPECT_FALSE(make_intents(request, ed25519_key()));
  request.forwarded = true;
  const auto made = make_intents(request, ed25519_key());
  ASSERT_TRUE(made);
  EXPECT_TRUE(parse_intent(made->front().line)->forwarded);
  request.author = mailbox("ada@[192.0.2.1]");
  EXPECT_FALSE(make_intents(request, ed25519_key()));
}

TEST(MakeIntents, LeavesTheDigestOutOfAPreflightCasSection131) {
  IntentRequest request = request_to_suzie();
  request.preflight = true;
  const auto made = make_intents(request, ed25519_key());
  ASSERT_TRUE(made);
  EXPECT_TRUE(made->front().line.contains(";m=-;b="));
}

TEST(MakeIntents, GivesTheVectorsLineForTheVectorsMessageCasSectionA1) {
  IntentRequest request = request_to_suzie();
  request.hashes.header = grammar::read_octets<32>(vector_header_hash).value();
  request.hashes.body = grammar::read_octets<32>(vector_body_hash).value();
  request.lifetime = std::chrono::hours(24);
  EXPECT_EQ(make_intents(request, ed25519_key()).value().front().line, vector_line);
}

TEST(MakeIntents, CutsTheLifetimeToWhatTheClassAllowsCasSection48) {
  IntentRequest request = request_to_suzie();
  request.lifetime = std::chrono::hours(1000);
  EXPECT_EQ(parse_intent(make_intents(request, ed25519_key())->front().line)->expires,
            vector_issued + std::chrono::hours(24));
}

TEST(MakeIntents, FitsOneHundredRecipientsInto2439OctetsCasSection42) {
  const auto recipients = numbered(100);
  const auto made = make_intents(request_to(recipients), ed25519_key()).value();
  ASSERT_EQ(made.size(), 1U);
  EXPECT_EQ(made.front().line.size() + 10, 2439U);
}

/// Every recipient is listed exactly once, every line parses, verifies and is within its bounds.
void expect_cover(const std::vector<SignedIntent>& made, const std::vector<Mailbox>& recipients,
                  const crypto::PublicKey& key) {
  std::multiset<Mailbox> listed;
  for (const SignedIntent& signed_intent : made) {
    EXPECT_LE(signed_intent.line.size() + 10, max_confirm_line);
    const auto intent = parse_intent(signed_intent.line);
    ASSERT_TRUE(intent);
    EXPECT_TRUE(verify_intent(*intent, signed_intent.line, key));
    EXPECT_EQ(intent->recipients.size(), signed_intent.recipients.size());
    for (const Mailbox& recipient : signed_intent.recipients) {
      EXPECT_TRUE(intent->lists(recipient));
      listed.insert(recipient);
    }
  }
  EXPECT_EQ(listed, std::multiset<Mailbox>(recipients.begin(), recipients.end()));
}

TEST(MakeIntents, SplitsAfterOneHundredRecipientsUnderOneIdCasSection91) {
  const auto recipients = numbered(250);
  const auto made = make_intents(request_to(recipients), ed25519_key()).value();
  ASSERT_EQ(made.size(), 3U);
  EXPECT_EQ(made[0].recipients.size(), 100U);
  EXPECT_EQ(made[2].recipients.size(), 50U);
  expect_cover(made, recipients, ed25519_public_key());
  for (const auto& one : made) EXPECT_EQ(parse_intent(one.line)->id, vector_intent().id);
}

TEST(MakeIntents, SplitsWhereTheLineEndsCasSection91) {
  std::vector<Mailbox> recipients;
  for (int i = 0; i < 100; ++i) {
    recipients.emplace_back(local(std::string(61, ' ') + std::to_string(100 + i)), domain("shopping.example.net"));
  }
  for (const auto& key : {ed25519_key(), rsa_key()}) {
    const auto made = make_intents(request_to(recipients), key).value();
    EXPECT_GT(made.size(), 1U);
    expect_cover(made, recipients, public_half(key));
    // As full as the line allows: the next recipient would not have fitted.
    const std::size_t one = percent_encode(recipients.front().local().value()).size() + 1;
    for (std::size_t i = 0; i + 1 < made.size(); ++i) EXPECT_GT(made[i].line.size() + 10 + one, max_confirm_line);
  }
}

TEST(MakeIntents, ListsARepeatedRecipientOnce) {
  const Mailbox suzie = mailbox("suzie@shopping.example.net");
  expect_cover(make_intents(request_to({suzie, suzie}), ed25519_key()).value(), {suzie}, ed25519_public_key());
}

TEST(MakeIntents, RefusesWhatNoIntentCanSay) {
  const auto refused = [](auto change) {
    IntentRequest request = request_to_suzie();
    change(request);
    const auto made = make_intents(request, ed25519_key());
    return !made && made.error().lasting == Lasting::Permanent;
  };
  EXPECT_FALSE(refused([](IntentRequest&) {}));
  EXPECT_TRUE(refused([](IntentRequest& r) { r.recipients.clear(); }));
  EXPECT_TRUE(refused([](IntentRequest& r) { r.recipients = {mailbox("suzie@[192.0.2.1]")}; }));
  EXPECT_TRUE(refused([](IntentRequest& r) { r.recipients.push_back(mailbox("bob@other.example")); }));
  EXPECT_TRUE(refused([](IntentRequest& r) { r.author = mailbox("joe@example.com"); }));
  EXPECT_TRUE(refused([](IntentRequest& r) { r.author = mailbox("joe@[192.0.2.1]"); }));
  EXPECT_TRUE(refused([](IntentRequest& r) { r.envelope_from = ReversePath(mailbox("joe@[192.0.2.1]")); }));
  EXPECT_TRUE(refused([](IntentRequest& r) { r.envelope_from = ReversePath(mailbox("joe@a_b.example")); }));
  EXPECT_TRUE(refused([](IntentRequest& r) { r.signing_domain = domain("com"); }));
  EXPECT_TRUE(refused([](IntentRequest& r) { r.selector = "Not Canonical"; }));
  EXPECT_TRUE(refused([](IntentRequest& r) { r.list_id = "list.example"; }));
  EXPECT_TRUE(refused([](IntentRequest& r) { r.klass = Class::Bulk; }));
  EXPECT_TRUE(refused([](IntentRequest& r) { r.klass = Class::Bulk, r.list_id = std::string(201, 'x'); }));
  EXPECT_TRUE(refused([](IntentRequest& r) { r.klass = Class::Bulk, r.list_id = "a\r\nb"; }));
}

TEST(MakeIntents, WritesListIdsInLowerCaseAndNullSendersEmpty) {
  IntentRequest request = request_to_suzie();
  request.klass = Class::Bulk;
  request.list_id = "News.Football.example.COM";
  request.envelope_from = ReversePath();
  const auto intent = parse_intent(make_intents(request, ed25519_key()).value().front().line).value();
  EXPECT_EQ(intent.list_id, "news.football.example.com");
  EXPECT_FALSE(intent.envelope_from);
}

TEST(JudgeConfirmReply, UnderstandsEveryReasonOfCasSection93) {
  using enum ConfirmOutcome;
  const std::vector<std::pair<Reason, ConfirmOutcome>> table{{Reason::Required, Refused},
                                                             {Reason::Syntax, Misconfigured},
                                                             {Reason::TooLong, Misconfigured},
                                                             {Reason::Sequence, Misconfigured},
                                                             {Reason::Version, Misconfigured},
                                                             {Reason::Algorithm, Misconfigured},
                                                             {Reason::Expired, SignAgain},
                                                             {Reason::Future, SignAgain},
                                                             {Reason::Lifetime, Misconfigured},
                                                             {Reason::KeyLookup, Wait},
                                                             {Reason::Busy, Wait},
                                                             {Reason::KeyMissing, Misconfigured},
                                                             {Reason::KeyRevoked, Misconfigured},
                                                             {Reason::Signature, Misconfigured},
                                                             {Reason::Alignment, Misconfigured},
                                                             {Reason::Envelope, Misconfigured},
                                                             {Reason::Spf, Refused},
                                                             {Reason::Rate, Wait},
                                                             {Reason::Refused, Refused},
                                                             {Reason::Consent, Refused},
                                                             {Reason::Replay, Refused},
                                                             {Reason::InProgress, Wait},
                                                             {Reason::LedgerDown, Wait}};
  for (const auto& [reason, outcome] : table) {
    EXPECT_EQ(judge_confirm_reply(reply_for(reason)), outcome) << word(reason);
  }
}

TEST(JudgeConfirmReply, FollowsTheCodeOfServersThatDoNotKnowTheVerbCasSection93) {
  using enum ConfirmOutcome;
  EXPECT_EQ(judge_confirm_reply({250, {2, 7, 0}, "[CAS:ok] intent accepted"}), Accepted);
  EXPECT_EQ(judge_confirm_reply({250, {2, 0, 0}, "[CAS:testing]"}), Accepted);
  EXPECT_EQ(judge_confirm_reply({500, {5, 5, 1}, "what?"}), NotSpoken);
  EXPECT_EQ(judge_confirm_reply({502, {5, 5, 2}, "Error: command not recognized"}), NotSpoken);
  EXPECT_EQ(judge_confirm_reply({503, {5, 5, 1}, "bad sequence"}), NotSpoken);
  EXPECT_EQ(judge_confirm_reply({421, {4, 3, 2}, "going down"}), Wait);
  EXPECT_EQ(judge_confirm_reply({451, {}, "later"}), Wait);
  EXPECT_EQ(judge_confirm_reply({354, {}, "go"}), Wait);
  EXPECT_EQ(judge_confirm_reply({550, {5, 7, 1}, "no"}), Refused);
  EXPECT_EQ(judge_confirm_reply({554, {}, "no"}), Refused);
  EXPECT_EQ(judge_confirm_reply({550, {5, 7, 5}, "bad signature"}), Misconfigured);
}

TEST(IsProvisional, A530OfAServerThatOffersNoCasIsNotTheLastWordCasSection96) {
  const smtp::Reply required = reply_for(Reason::Required);
  EXPECT_FALSE(is_provisional(required, true));
  EXPECT_TRUE(is_provisional(required, false));
  EXPECT_FALSE(is_provisional({550, {5, 1, 1}, "no such mailbox here"}, false));
  EXPECT_FALSE(is_provisional({451, {4, 7, 0}, "later"}, false));
}

TEST(RetryDelay, ClampsTheHintCasSection94) {
  EXPECT_EQ(retry_delay(1, seconds(1800)), seconds(1800));
  EXPECT_EQ(retry_delay(9, seconds(1800)), seconds(1800));
  EXPECT_EQ(retry_delay(1, seconds(0)), seconds(300));
  EXPECT_EQ(retry_delay(1, seconds(-5)), seconds(300));
  EXPECT_EQ(retry_delay(1, seconds(999999999)), std::chrono::hours(24));
}

TEST(RetryDelay, DoublesWithoutAHintUpToADayCasSection94) {
  EXPECT_EQ(retry_delay(0, {}), seconds(300));
  EXPECT_EQ(retry_delay(1, {}), seconds(300));
  EXPECT_EQ(retry_delay(2, {}), seconds(600));
  EXPECT_EQ(retry_delay(9, {}), seconds(76800));
  EXPECT_EQ(retry_delay(10, {}), std::chrono::hours(24));
  EXPECT_EQ(retry_delay(std::numeric_limits<std::size_t>::max(), {}), std::chrono::hours(24));
}

}  // namespace
}  // namespace cas::confirm
