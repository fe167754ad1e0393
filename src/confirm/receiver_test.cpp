// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The receiver's checks, CAS §8, each rule broken once.
#include "confirm/receiver.hpp"

#include <gtest/gtest.h>

#include "confirm/intent_samples.hpp"

namespace cas::confirm {
namespace {

using namespace samples;

TEST(ReadIntent, TakesWhatParsesButNoPreflightCasSection81Step1) {
  EXPECT_TRUE(read_intent(vector_line));
  EXPECT_EQ(read_intent("v=CAS1;"), std::unexpected(Reason::Syntax));
  EXPECT_EQ(read_intent(std::string(9000, 'x')), std::unexpected(Reason::TooLong));
  Intent preflight = vector_intent();
  preflight.digest = std::nullopt;
  const std::string line = sign(preflight, ed25519_key());
  EXPECT_TRUE(parse_intent(line));
  EXPECT_EQ(read_intent(line), std::unexpected(Reason::Syntax));
  EXPECT_EQ(read_intent(with(line, "ed25519-sha256", "x")), std::unexpected(Reason::Syntax));
  EXPECT_EQ(read_intent(vector_with("ed25519-sha256", "x")), std::unexpected(Reason::Algorithm));
}

StatementFacts good_facts() {
  return {.now = vector_issued + seconds(10),
          .mail_from = ReversePath(mailbox("joe@football.example.com")),
          .recipient_domain_is_local = true,
          .signing_domain_is_public_suffix = false};
}

TEST(CheckStatement, AcceptsTheVector) {
  EXPECT_TRUE(check_statement(vector_intent(), good_facts()));
}

TEST(CheckStatement, AllowsFiveMinutesOfClockSkewCasSection81Step2) {
  StatementFacts facts = good_facts();
  facts.now = vector_issued - seconds(300);
  EXPECT_TRUE(check_statement(vector_intent(), facts));
  facts.now = vector_issued - seconds(301);
  EXPECT_EQ(check_statement(vector_intent(), facts), std::unexpected(Reason::Future));
}

TEST(IsExpired, AllowsFiveMinutesOfClockSkewCasSection81Step2) {
  const Intent intent = vector_intent();
  EXPECT_FALSE(is_expired(intent, intent.expires + seconds(300)));
  EXPECT_TRUE(is_expired(intent, intent.expires + seconds(301)));
}

TEST(CheckStatement, LeavesExpiryToTheLedgerCasSection81Step8) {
  StatementFacts facts = good_facts();
  facts.now = vector_intent().expires + std::chrono::hours(100);
  EXPECT_TRUE(check_statement(vector_intent(), facts));
}

TEST(CheckStatement, BoundsTheLifetimeByClassCasSection48) {
  Intent intent = vector_intent();
  intent.expires += seconds(1);
  EXPECT_EQ(check_statement(intent, good_facts()), std::unexpected(Reason::Lifetime));
  intent.klass = Class::Transactional;
  EXPECT_TRUE(check_statement(intent, good_facts()));
  intent.expires = intent.issued + std::chrono::hours(72) + seconds(1);
  EXPECT_EQ(check_statement(intent, good_facts()), std::unexpected(Reason::Lifetime));
  intent.expires = intent.issued - seconds(1);
  EXPECT_EQ(check_statement(intent, good_facts()), std::unexpected(Reason::Lifetime));
}

TEST(CheckStatement, WantsTheEnvelopeOfTheTransactionCasSection46) {
  StatementFacts facts = good_facts();
  facts.mail_from = ReversePath(mailbox("joe@FOOTBALL.example.com"));
  EXPECT_TRUE(check_statement(vector_intent(), facts));
  for (const ReversePath& other : {ReversePath(), ReversePath(mailbox("Joe@football.example.com")),
                                   ReversePath(mailbox("joe@example.com")), ReversePath(mailbox("joe@[192.0.2.1]"))}) {
    facts.mail_from = other;
    EXPECT_EQ(check_statement(vector_intent(), facts), std::unexpected(Reason::Envelope)) << other.path();
  }
  Intent null_sender = vector_intent();
  null_sender.envelope_from = std::nullopt;
  EXPECT_EQ(check_statement(null_sender, good_facts()), std::unexpected(Reason::Envelope));
  facts.mail_from = ReversePath();
  EXPECT_TRUE(check_statement(null_sender, facts));
}

TEST(CheckStatement, WantsALocalRecipientDomainCasSection46) {
  StatementFacts facts = good_facts();
  facts.recipient_domain_is_local = false;
  EXPECT_EQ(check_statement(vector_intent(), facts), std::unexpected(Reason::Envelope));
}

TEST(CheckStatement, WantsTheAuthorAtOrBelowTheSigningDomainCasSection46) {
  const auto with_author = [](std::string_view author, bool forwarded = false) {
    Intent intent = vector_intent();
    intent.author = mailbox(author);
    intent.forwarded = forwarded;
    return check_statement(intent, good_facts());
  };
  EXPECT_TRUE(with_author("joe@u19.football.example.com"));
  EXPECT_EQ(with_author("joe@example.com"), std::unexpected(Reason::Alignment));
  EXPECT_EQ(with_author("joe@notfootball.example.com"), std::unexpected(Reason::Alignment));
  EXPECT_EQ(with_author("ceo@bank.example"), std::unexpected(Reason::Alignment));
  EXPECT_TRUE(with_author("ceo@bank.example", true));  // w=fwd
  StatementFacts facts = good_facts();
  facts.signing_domain_is_public_suffix = true;
  EXPECT_EQ(check_statement(vector_intent(), facts), std::unexpected(Reason::Alignment));
}

TEST(CheckStatement, AsksForNoKeyWhoseNameCannotExist) {
  Intent intent = vector_intent();
  intent.selector =
      std::string(63, 'a') + '.' + std::string(63, 'b') + '.' + std::string(63, 'c') + '.' + std::string(30, 'd');
  EXPECT_EQ(check_statement(intent, good_facts()), std::unexpected(Reason::KeyMissing));
}

dns::Answer txt(std::vector<std::string> texts) {
  dns::Answer answer;
  answer.status = texts.empty() ? dns::Status::NoData : dns::Status::Ok;
  for (std::string& text : texts) answer.records.emplace_back(dns::Txt{std::move(text)});
  return answer;
}

std::expected<KeyVerdict, Reason> vector_key(std::string tags) {
  return check_key(vector_intent(), vector_line,
                   txt({"v=DKIM1; k=ed25519; " + tags + "p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="}));
}

TEST(CheckKey, AcceptsTheVectorUnderItsKeyCasSection81Step7) {
  EXPECT_EQ(check_key(vector_intent(), vector_line, txt({std::string(ed25519_record)})), KeyVerdict::Ok);
}

TEST(CheckKey, TakesAFailedLookupForNoAnswerCasSection61) {
  EXPECT_EQ(check_key(vector_intent(), vector_line, dns::Answer{}), std::unexpected(Reason::KeyLookup));
}

TEST(CheckKey, MissesWhatIsNotThereOnceAndWellFormed) {
  const std::string record(ed25519_record);
  dns::Answer no_name;
  no_name.status = dns::Status::NxDomain;
  for (const dns::Answer& answer :
       {no_name, txt({}), txt({record, record}), txt({"v=spf1 -all"}), txt({"v=DKIM1; k=ed25519; p=AAAA"}),
        txt({"v=DKIM1; p=" + rsa_key().dkim_public_key()}), txt({"v=DKIM1; k=later; p=AAAA"})}) {
    EXPECT_EQ(check_key(vector_intent(), vector_line, answer), std::unexpected(Reason::KeyMissing));
  }
  EXPECT_EQ(vector_key("s=other; "), std::unexpected(Reason::KeyMissing));
  EXPECT_EQ(vector_key("h=sha1; "), std::unexpected(Reason::KeyMissing));
}

TEST(CheckKey, LooksThroughACnameInTheAnswer) {
  dns::Answer answer = txt({std::string(ed25519_record)});
  answer.records.insert(answer.records.begin(), dns::Name{"keys.example"});
  EXPECT_EQ(check_key(vector_intent(), vector_line, answer), KeyVerdict::Ok);
}

TEST(CheckKey, KnowsRevokedKeysRfc6376Section361) {
  EXPECT_EQ(check_key(vector_intent(), vector_line, txt({"v=DKIM1; k=ed25519; p="})),
            std::unexpected(Reason::KeyRevoked));
}

TEST(CheckKey, TreatsTestingKeysAsUnsignedWhateverTheSignatureRfc6376Section361) {
  EXPECT_EQ(vector_key("t=y; "), KeyVerdict::Testing);
  Intent broken = vector_intent();
  broken.signature[0] ^= 1;
  EXPECT_EQ(check_key(broken, print_intent(broken),
                      txt({"v=DKIM1; k=ed25519; t=y; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="})),
            KeyVerdict::Testing);
}

TEST(CheckKey, HoldsStrictKeysToTheDomainItselfCasSection61) {
  EXPECT_EQ(vector_key("t=s; "), KeyVerdict::Ok);
  Intent below = vector_intent();
  below.author = mailbox("joe@u19.football.example.com");
  const auto check = [](const Intent& intent) {
    const std::string line = sign(intent, ed25519_key());
    return check_key(parse_intent(line).value(), line,
                     txt({"v=DKIM1; k=ed25519; t=s; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="}));
  };
  EXPECT_EQ(check(below), std::unexpected(Reason::Alignment));
  below.forwarded = true;
  EXPECT_EQ(check(below), KeyVerdict::Forwarded);
}

TEST(CheckKey, AForwardedIntentConfirmsNothingWhoeverItsAuthorIsCasSection47) {
  Intent forwarded = vector_intent();
  forwarded.forwarded = true;
  for (const char* author : {"joe@football.example.com", "ceo@bank.example"}) {
    forwarded.author = mailbox(author);
    const std::string line = sign(forwarded, ed25519_key());
    EXPECT_EQ(check_key(parse_intent(line).value(), line, txt({std::string(ed25519_record)})), KeyVerdict::Forwarded);
  }
}

TEST(CheckKey, RefusesASignatureThatDoesNotVerify) {
  Intent broken = vector_intent();
  broken.signature[0] ^= 1;
  EXPECT_EQ(check_key(broken, print_intent(broken), txt({std::string(ed25519_record)})),
            std::unexpected(Reason::Signature));
}

TEST(CheckKey, AcceptsRsaFrom2048BitsOnlyCasSection45) {
  const std::string line = sign(vector_intent(), rsa_key());
  const Intent intent = parse_intent(line).value();
  EXPECT_EQ(check_key(intent, line, txt({auth::format_dkim_key(rsa_key())})), KeyVerdict::Ok);
  // RFC 8463 §A.2: 1024 bits.
  EXPECT_EQ(
      check_key(
          intent, line,
          txt({"v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2"
               "jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBf"
               "O2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"})),
      std::unexpected(Reason::Signature));
}

MessageFacts vector_message() {
  BodyHasher body;
  body.update(vector_body);
  return {.from = {mailbox("joe@football.example.com")},
          .from_fields = 1,
          .date_fields = 1,
          .message_id_fields = 1,
          .from_is_malformed = false,
          .klass = {},
          .hashes = {.header = header_hash(parse_header(vector_header).value()), .body = body.finish()}};
}

TEST(CheckMessage, AcceptsTheMessageThatWasMeantCasSection83Step16) {
  EXPECT_TRUE(check_message(vector_intent(), vector_message()));
}

TEST(CheckMessage, WantsOneAuthorAndTheSignedOneCasSection83Step15) {
  const auto check = [](auto change) {
    MessageFacts facts = vector_message();
    change(facts);
    return check_message(vector_intent(), facts);
  };
  const auto mismatch = std::unexpected(Reason::FromMismatch);
  EXPECT_EQ(check([](MessageFacts& m) { m.from_fields = 2; }), mismatch);
  EXPECT_EQ(check([](MessageFacts& m) { m.from_fields = 0, m.from.clear(); }), mismatch);
  EXPECT_EQ(check([](MessageFacts& m) { m.from.clear(); }), mismatch);
  EXPECT_EQ(check([](MessageFacts& m) { m.from.push_back(m.from.front()); }), mismatch);
  EXPECT_EQ(check([](MessageFacts& m) { m.from.front() = mailbox("ceo@bank.example"); }), mismatch);
  EXPECT_EQ(check([](MessageFacts& m) { m.from.front() = mailbox("joe@[192.0.2.1]"); }), mismatch);
  EXPECT_EQ(check([](MessageFacts& m) { m.from_is_malformed = true; }), mismatch);
}

TEST(CheckMessage, ChecksTheAuthorOfForwardedMailTooCasSection83Step15) {
  Intent intent = vector_intent();
  intent.forwarded = true;
  EXPECT_TRUE(check_message(intent, vector_message()));
  intent.author = mailbox("ceo@bank.example");
  EXPECT_EQ(check_message(intent, vector_message()), std::unexpected(Reason::FromMismatch));
}

TEST(CheckMessage, WantsOneDateOneMessageIdAndTheDigest) {
  const auto check = [](auto change) {
    MessageFacts facts = vector_message();
    change(facts);
    return check_message(vector_intent(), facts);
  };
  const auto other_message = std::unexpected(Reason::Digest);
  EXPECT_EQ(check([](MessageFacts& m) { m.date_fields = 0; }), other_message);
  EXPECT_EQ(check([](MessageFacts& m) { m.date_fields = 2; }), other_message);
  EXPECT_EQ(check([](MessageFacts& m) { m.message_id_fields = 0; }), other_message);
  EXPECT_EQ(check([](MessageFacts& m) { m.message_id_fields = 2; }), other_message);
  EXPECT_EQ(check([](MessageFacts& m) { m.hashes.header[0] ^= 1; }), other_message);
  EXPECT_EQ(check([](MessageFacts& m) { m.hashes.body[0] ^= 1; }), other_message);
  Intent preflight = vector_intent();
  preflight.digest = std::nullopt;
  EXPECT_EQ(check_message(preflight, vector_message()), other_message);
}

TEST(CheckMessage, HoldsTheSignerToTheClassTheMessageShowsCasSection83Step17) {
  const auto check = [](Class claimed, std::optional<std::string> list_id, MessageClass shown) {
    Intent intent = vector_intent();
    intent.klass = claimed;
    intent.list_id = std::move(list_id);
    MessageFacts facts = vector_message();
    facts.klass = std::move(shown);
    return check_message(intent, facts).has_value();
  };
  const MessageClass personal{.klass = Class::Personal, .list_id = {}};
  const MessageClass automatic{.klass = Class::Automatic, .list_id = {}};
  const MessageClass bulk{.klass = Class::Bulk, .list_id = "news.a.example"};
  EXPECT_TRUE(check(Class::Personal, {}, personal));
  EXPECT_TRUE(check(Class::Transactional, {}, personal));
  EXPECT_FALSE(check(Class::Automatic, {}, personal));
  EXPECT_FALSE(check(Class::Bulk, "news.a.example", personal));
  EXPECT_TRUE(check(Class::Automatic, {}, automatic));
  EXPECT_TRUE(check(Class::Transactional, {}, automatic));
  EXPECT_FALSE(check(Class::Personal, {}, automatic));
  EXPECT_TRUE(check(Class::Bulk, "news.a.example", bulk));
  EXPECT_FALSE(check(Class::Bulk, "other.a.example", bulk));
  EXPECT_FALSE(check(Class::Personal, {}, bulk));
  EXPECT_FALSE(check(Class::Transactional, {}, bulk));
  EXPECT_FALSE(check(Class::Automatic, {}, bulk));
}

}  // namespace
}  // namespace cas::confirm
