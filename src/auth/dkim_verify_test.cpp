// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// DKIM signatures verified: what passes, what does not, and in which words (RFC 6376 §6.1, RFC 8601 §2.7.1).
#include "auth/dkim_verify.hpp"

#include <gmock/gmock.h>

#include "auth/signed_message_test.hpp"

namespace cas::auth {
namespace {

using test::check;
using test::ed25519_key;
using test::plain_body;
using test::plain_header;
using test::rsa_key;
using test::sign;
using test::signing_with;
using test::zone_text;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// RFC 8463 §A.3, with both of its signatures.
constexpr std::string_view football =
    "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
    " d=football.example.com; i=@football.example.com;\r\n"
    " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
    " subject : date : message-id : from : subject : date;\r\n"
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
    " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
    " d=football.example.com; i=@football.example.com;\r\n"
    " q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n"
    " date : message-id : from : subject : date;\r\n"
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    " b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n"
    " DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n"
    " dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n"
    "From: Joe SixPack <joe@football.example.com>\r\n"
    "To: Suzie Q <suzie@shopping.example.net>\r\n"
    "Subject: Is dinner ready?\r\n"
    "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
    "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n";
constexpr std::string_view football_zone =
    "brisbane._domainkey.football.example.com TXT v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
    "test._domainkey.football.example.com TXT v=DKIM1; k=rsa; "
    "p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/"
    "J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/"
    "8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB\n";
constexpr std::string_view football_body = "Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";

std::vector<DkimResult> results(const MessageFindings& findings) {
  std::vector<DkimResult> all;
  for (const auto& outcome : findings.dkim) all.push_back(outcome.result);
  return all;
}

/// A signature by the Ed25519 key with `what` replaced in its field, before it is verified.
DkimOutcome altered(std::string_view what, std::string_view by) {
  std::string field = sign(plain_header, plain_body, signing_with(ed25519_key()), ed25519_key());
  const auto at = field.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  field.replace(at, what.size(), by);
  return check(zone_text(), field + plain_header, plain_body).dkim.front();
}

/// A right signature, and this record at its key's name.
DkimOutcome with_record(const std::string& record) {
  const std::string field = sign(plain_header, plain_body, signing_with(ed25519_key()), ed25519_key());
  return check("e._domainkey.north.example " + record + "\n", field + plain_header, plain_body).dkim.front();
}

std::string ed25519_p() {
  return "p=" + ed25519_key().dkim_public_key();
}

TEST(DkimVerify, PassesTheExampleOfRfc8463SectionA3) {
  const auto findings = check(std::string(football_zone), std::string(football), std::string(football_body));
  EXPECT_THAT(results(findings), ElementsAre(DkimResult::Pass, DkimResult::Pass));
  EXPECT_EQ(findings.dkim[0].identity, "@football.example.com");
  EXPECT_EQ(findings.dkim[1].rsa_bits, 1024);
  EXPECT_EQ(findings.dkim[1].signature_start, "F45dVWDf");
}

TEST(DkimVerify, SaysNoneWhereThereIsNoSignature) {
  EXPECT_THAT(results(check("", plain_header, plain_body)), ElementsAre(DkimResult::None));
}

TEST(DkimVerify, PassesWhatWasSignedInEveryCanonicalForm) {
  for (const auto header_form : {Canonicalization::Simple, Canonicalization::Relaxed}) {
    for (const auto body_form : {Canonicalization::Simple, Canonicalization::Relaxed}) {
      for (const auto& key : {ed25519_key(), rsa_key()}) {
        auto signing = signing_with(key);
        signing.header_form = header_form;
        signing.body_form = body_form;
        for (const auto& body : {plain_body, std::string(), std::string("\r\n\r\n"), std::string("no end")}) {
          const auto field = sign(plain_header, body, signing, key);
          EXPECT_THAT(results(check(zone_text(), field + plain_header, body)), ElementsAre(DkimResult::Pass)) << field;
        }
      }
    }
  }
}

TEST(DkimVerify, SimpleBreaksWhereRelaxedHoldsRfc6376Section34) {
  const std::string refolded =
      "from:  Joe <joe@north.example>\r\nTo: suzie@south.example\r\nSubject: Is dinner ready?  \r\n"
      "Date: Fri, 15 Jan 2027 08:00:00 +0000\r\n";
  auto signing = signing_with(ed25519_key());
  auto field = sign(plain_header, plain_body, signing, ed25519_key());
  EXPECT_EQ(check(zone_text(), field + refolded, "Hi.\r\n\r\nWe lost the game. \r\n").dkim[0].result, DkimResult::Pass);
  signing.header_form = Canonicalization::Simple;
  field = sign(plain_header, plain_body, signing, ed25519_key());
  EXPECT_EQ(check(zone_text(), field + refolded, plain_body).dkim[0].result, DkimResult::Fail);
}

TEST(DkimVerify, FailsWhereSomethingThatWasSignedIsOtherNow) {
  const auto field = sign(plain_header, plain_body, signing_with(rsa_key()), rsa_key());
  const auto changed_body = check(zone_text(), field + plain_header, plain_body + "PS\r\n").dkim[0];
  EXPECT_EQ(changed_body.result, DkimResult::Fail);
  EXPECT_THAT(changed_body.reason, HasSubstr("body"));
  std::string header = plain_header;
  header.replace(header.find("dinner"), 6, "supper");
  EXPECT_EQ(check(zone_text(), field + header, plain_body).dkim[0].result, DkimResult::Fail);
}

TEST(DkimVerify, AFieldSignedOnceMoreThanItStandsCannotBeAddedRfc6376Section815) {
  const auto field = sign(plain_header, plain_body, signing_with(rsa_key()), rsa_key());
  const std::string second = "Subject: Another\r\n";
  EXPECT_EQ(check(zone_text(), field + second + plain_header, plain_body).dkim[0].result, DkimResult::Fail);
  const std::string unsigned_field = "Comments: Another\r\n";
  EXPECT_EQ(check(zone_text(), field + unsigned_field + plain_header, plain_body).dkim[0].result, DkimResult::Pass);
}

TEST(DkimVerify, FieldsOfOneNameAreTakenFromTheBottomRfc6376Section542) {
  const std::string twice = plain_header + "X: one\r\nX: two\r\n";
  auto signing = signing_with(ed25519_key());
  signing.headers = {"From", "X"};
  const auto field = sign(twice, "", signing, ed25519_key());
  EXPECT_EQ(check(zone_text(), field + "X: zero\r\n" + twice, "").dkim[0].result, DkimResult::Pass);
  EXPECT_EQ(check(zone_text(), field + twice + "X: three\r\n", "").dkim[0].result, DkimResult::Fail);
}

TEST(DkimVerify, OneSignatureMayCoverAnotherAndNeverItself) {
  auto signing = signing_with(rsa_key());
  const auto first = sign(plain_header, plain_body, signing, rsa_key());
  signing = signing_with(ed25519_key());
  signing.headers = {"From", "DKIM-Signature"};
  const auto second = sign(first + plain_header, plain_body, signing, ed25519_key());
  EXPECT_THAT(results(check(zone_text(), second + first + plain_header, plain_body)),
              ElementsAre(DkimResult::Pass, DkimResult::Pass));
  EXPECT_EQ(results(check(zone_text(), first + second + plain_header, plain_body)).back(), DkimResult::Pass);
}

TEST(DkimVerify, ALengthLeavesTheRestUnsignedAndSaysSoRfc6376Section35) {
  auto signing = signing_with(ed25519_key());
  signing.body_length = 5;
  const auto field = sign(plain_header, "Hi.\r\nHo.\r\n", signing, ed25519_key());
  const auto more = check(zone_text(), field + plain_header, "Hi.\r\nSomething else\r\n").dkim[0];
  EXPECT_EQ(more.result, DkimResult::Pass);
  EXPECT_EQ(more.unsigned_octets, 16U);
  const auto less = check(zone_text(), field + plain_header, "H\r\n").dkim[0];
  EXPECT_EQ(less.result, DkimResult::PermError);
}

TEST(DkimVerify, AnExpiredSignatureDoesNotPassRfc6376Section35) {
  auto signing = signing_with(ed25519_key());
  signing.expires = test::now + seconds{10};
  const auto field = sign(plain_header, plain_body, signing, ed25519_key());
  EXPECT_EQ(check(zone_text(), field + plain_header, plain_body).dkim[0].result, DkimResult::Pass);
  const auto late = check("", field + plain_header, plain_body, test::now + seconds{11}).dkim[0];
  EXPECT_EQ(late.result, DkimResult::Policy);
  EXPECT_THAT(late.reason, HasSubstr("expired"));
}

TEST(DkimVerify, NamesWhatIsWrongWithAField) {
  struct Case {
    std::string_view what, by;
    DkimResult result;
  };
  const Case cases[] = {{"v=1", "v=2", DkimResult::Neutral},
                        {"v=1;", "", DkimResult::Neutral},
                        {"v=1;", "v=1; v=1;", DkimResult::Neutral},
                        {"a=ed25519-sha256", "a=ed25519-sha512", DkimResult::Neutral},
                        {"a=ed25519-sha256", "a=rsa-sha1", DkimResult::Policy},
                        {"a=ed25519-sha256", "a=rsa-sha256", DkimResult::PermError},
                        {"c=relaxed/relaxed", "c=relaxed/nice", DkimResult::Neutral},
                        {"c=relaxed/relaxed", "c=relaxed", DkimResult::Fail},
                        {"c=relaxed/relaxed", "c=relaxed / relaxed", DkimResult::Neutral},
                        {"d=north.example", "d=", DkimResult::Neutral},
                        {"d=north.example", "d=north.example.", DkimResult::Neutral},
                        {"s=e;", "s=;", DkimResult::Neutral},
                        {"s=e;", "s=a b;", DkimResult::Neutral},
                        {"t=1800000000", "t=soon", DkimResult::Neutral},
                        {"t=1800000000", "t=1800000000; x=1800000000", DkimResult::Neutral},
                        {"t=1800000000", "t=1800000000; x=", DkimResult::Neutral},
                        {"t=1800000000", "t=1800000000; l=-1", DkimResult::Neutral},
                        {"t=1800000000", "q=http", DkimResult::Neutral},
                        {"t=1800000000", "q=http:dns/txt", DkimResult::Fail},
                        {"t=1800000000", "q=dns/txt:", DkimResult::Neutral},
                        {"t=1800000000", "i=joe@elsewhere.example", DkimResult::PermError},
                        {"t=1800000000", "i=north.example", DkimResult::Neutral},
                        {"t=1800000000", "i=joe@mail.north.example", DkimResult::Fail},
                        {"t=1800000000", "i=joe@north.example.", DkimResult::Neutral},
                        {"t=1800000000", "i=j=20oe=3B@north.example", DkimResult::Fail},
                        {"t=1800000000", "i=j=oe@north.example", DkimResult::Neutral},
                        {"t=1800000000", "i=joe=2@north.example", DkimResult::Neutral},
                        {"h=From:", "h=", DkimResult::PermError},
                        {"h=From:", "h=From::", DkimResult::Neutral},
                        {"h=From:", "h=From:a b:", DkimResult::Neutral},
                        {"bh=", "bh=!", DkimResult::Neutral},
                        {"bh=", "bh=AAAA", DkimResult::Fail},
                        {"b=", "b=*", DkimResult::Neutral}};
  for (const auto& [what, by, result] : cases) {
    const auto outcome = altered(what, by);
    EXPECT_EQ(outcome.result, result) << what << " -> " << by << ": " << to_string(outcome.result) << ' '
                                      << outcome.reason;
    EXPECT_FALSE(outcome.reason.empty());
  }
}

TEST(DkimVerify, ASelectorWhoseKeysNameIsTooLongIsNone) {
  const std::string label(60, 'x');
  const auto with_selector = [](const std::string& selector) {
    const std::string field = sign(plain_header, plain_body, signing_with(ed25519_key()), ed25519_key());
    const auto at = field.find("s=e;");
    return check(zone_text() + selector + "._domainkey.north.example NXDOMAIN\n",
                 std::string(field).replace(at, 4, "s=" + selector + ";") + plain_header, plain_body)
        .dkim.front();
  };
  const std::string longest = label + '.' + label + '.' + label + '.' + std::string(45, 'y');  // 253 with the rest
  EXPECT_EQ(with_selector(longest).result, DkimResult::PermError);
  EXPECT_EQ(with_selector(longest + 'y').result, DkimResult::Neutral);
}

TEST(DkimVerify, ReadsKeyRecordsAsRfc6376Section361WritesThem) {
  struct Case {
    std::string record;
    DkimResult result;
  };
  const std::string p = ed25519_p();
  const std::string folded = p.substr(0, 10) + " " + p.substr(10);
  const Case cases[] = {{"TXT k=ed25519; " + p, DkimResult::Pass},
                        {"TXT v=DKIM1; k=ed25519; h=sha1:sha256; s=email; t=y; n=a note; " + p, DkimResult::Pass},
                        {"TXT v=DKIM1 ; k = ed25519 ; " + folded + " ;", DkimResult::Pass},
                        {"TXT v=DKIM1; k=ed25519; s=*; unknown=1; " + p.substr(0, p.find('=', 3)), DkimResult::Pass},
                        {"TXT v=DKIM1; k=ed25519; t=s; " + p, DkimResult::Pass},
                        {"TXT v=DKIM1; k=ed25519; p=", DkimResult::PermError},
                        {"TXT v=DKIM1; k=ed25519; h=sha1; " + p, DkimResult::PermError},
                        {"TXT v=DKIM1; k=ed25519; s=tlsrpt; " + p, DkimResult::PermError},
                        {"TXT v=DKIM2; k=ed25519; " + p, DkimResult::PermError},
                        {"TXT k=ed25519; v=DKIM1; " + p, DkimResult::PermError},
                        {"TXT " + p, DkimResult::PermError},
                        {"TXT k=ed448; " + p, DkimResult::PermError},
                        {"TXT k=ed25519; p=AAAA", DkimResult::PermError},
                        {"TXT nothing of the kind", DkimResult::PermError},
                        {"NXDOMAIN", DkimResult::PermError},
                        {"A 192.0.2.1", DkimResult::PermError},
                        {"TEMPFAIL", DkimResult::TempError}};
  for (const auto& [record, result] : cases) {
    const auto outcome = with_record(record);
    EXPECT_EQ(outcome.result, result) << record << ": " << to_string(outcome.result) << ' ' << outcome.reason;
    EXPECT_EQ(outcome.reason.empty(), result == DkimResult::Pass);
  }
}

TEST(DkimVerify, OneOfSeveralRecordsIsEnoughRfc6376Section612) {
  EXPECT_EQ(with_record("TXT v=spf1 -all\ne._domainkey.north.example TXT k=ed25519; " + ed25519_p()).result,
            DkimResult::Pass);
}

TEST(DkimVerify, AKeyForTheDomainAloneDoesNotSpeakForThoseBelowRfc6376Section361) {
  auto field = sign(plain_header, plain_body, signing_with(ed25519_key()), ed25519_key());
  field.replace(field.find("t=18"), 0, "i=@mail.north.example; ");
  const auto outcome =
      check("e._domainkey.north.example TXT k=ed25519; t=s; " + ed25519_p(), field + plain_header, plain_body).dkim[0];
  EXPECT_EQ(outcome.result, DkimResult::PermError);
}

TEST(DkimVerify, KeysBelow1024BitsNeverPassRfc8301Section32) {
  constexpr std::string_view of_512_bits =
      "p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBALPpj0g1fBIXKwwuMcGTmbqkO4BYsUGEDYJN2FdBtfnKaRa2KNzHbm8l5sWEeQtBbKZHc4nXCIHb"
      "8WlH2WE0RCkCAwEAAQ==";
  const auto field = sign(plain_header, plain_body, signing_with(rsa_key()), rsa_key());
  const auto outcome =
      check("r._domainkey.north.example TXT " + std::string(of_512_bits), field + plain_header, plain_body).dkim[0];
  EXPECT_EQ(outcome.result, DkimResult::Policy) << outcome.reason;
}

TEST(DkimVerify, LooksAtNoMoreSignaturesThanItsLimit) {
  const auto field = sign(plain_header, plain_body, signing_with(ed25519_key()), ed25519_key());
  std::string header;
  for (int n = 0; n < 1000; ++n) header += field;
  testing::Zone zone(zone_text());
  const auto findings = check(zone, header + plain_header, plain_body);
  EXPECT_EQ(findings.dkim.size(), 17U);
  EXPECT_EQ(findings.dkim.back().result, DkimResult::Policy);
  EXPECT_THAT(findings.dkim.back().reason, HasSubstr("984"));
  EXPECT_EQ(zone.asked().size(), 1U) << "one name is asked once";
}

}  // namespace
}  // namespace cas::auth
