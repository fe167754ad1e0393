// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The intent, CAS §4: the example, one spelling for each value, and signatures over exactly the line.
#include "confirm/intent.hpp"

#include <gtest/gtest.h>

#include "confirm/intent_samples.hpp"

namespace cas::confirm {
namespace {

using namespace samples;

TEST(IntentVector, ParsesPrintsAndVerifiesCasSectionA1) {
  const auto intent = parse_intent(vector_line);
  ASSERT_TRUE(intent);
  EXPECT_EQ(print_intent(*intent), vector_line);
  EXPECT_EQ(base64url(intent->id), "AAECAwQFBgcICQoLDA0ODw");
  EXPECT_EQ(intent->signing_domain.text(), "football.example.com");
  EXPECT_EQ(intent->selector, "brisbane");
  EXPECT_EQ(intent->algorithm, Algorithm::Ed25519Sha256);
  EXPECT_EQ(intent->issued, vector_issued);
  EXPECT_EQ(intent->expires - intent->issued, std::chrono::hours(24));
  EXPECT_EQ(intent->envelope_from, mailbox("joe@football.example.com"));
  EXPECT_EQ(intent->recipient_domain.text(), "shopping.example.net");
  EXPECT_EQ(intent->recipients, std::vector{local("suzie")});
  EXPECT_EQ(intent->author, mailbox("joe@football.example.com"));
  EXPECT_EQ(intent->klass, Class::Personal);
  EXPECT_FALSE(intent->list_id);
  EXPECT_FALSE(intent->forwarded);
  EXPECT_TRUE(verify_intent(*intent, vector_line, ed25519_public_key()));
  EXPECT_EQ(sign(*intent, ed25519_key()), vector_line);
}

TEST(IntentVector, Has345OctetsOnTheWireCasSectionA1) {
  EXPECT_EQ(vector_line.size() + std::string_view("CONFIRM \r\n").size(), 345U);
}

/// Intents that between them use every tag and every kind of value.
std::vector<Intent> varied_intents() {
  std::vector<Intent> out{vector_intent()};
  Intent bulk = vector_intent();
  bulk.envelope_from = std::nullopt;
  bulk.klass = Class::Bulk;
  bulk.list_id = "dinner list.example.com";
  bulk.recipients = {local("a b"),       local("A.b"),         local("\"quoted\""),
                     local("x=y,z;w@%"), local("jos\xc3\xa9"), local(std::string(64, '"')),
                     local(".dot."),     local("a/b+c{d}~"),   local("suzie")};
  sort_recipients(bulk);
  out.push_back(bulk);
  Intent forwarded = vector_intent();
  forwarded.forwarded = true;
  forwarded.klass = Class::Automatic;
  forwarded.digest = std::nullopt;
  forwarded.selector = "a_b.c-1";
  forwarded.author = mailbox("\"o p\"@x.example");
  forwarded.issued = UnixTime(seconds(0));
  forwarded.expires = UnixTime(seconds(999999999999));
  out.push_back(forwarded);
  Intent both = bulk;
  both.forwarded = true;
  out.push_back(both);
  return out;
}

TEST(Intent, ParseAndPrintAreInverseCasSection21) {
  for (Intent intent : varied_intents()) {
    for (const auto& key : {ed25519_key(), rsa_key()}) {
      ASSERT_TRUE(sign_intent(intent, key));
      const std::string line = print_intent(intent);
      const auto parsed = parse_intent(line);
      ASSERT_TRUE(parsed) << line;
      EXPECT_EQ(*parsed, intent) << line;
      EXPECT_EQ(print_intent(*parsed), line);
      EXPECT_TRUE(verify_intent(*parsed, line, public_half(key)));
    }
  }
}

TEST(Intent, EveryChangedOctetBreaksTheGrammarOrTheSignatureCasSection21) {
  for (const Intent& intent : varied_intents()) {
    const std::string line = sign(intent, ed25519_key());
    const auto key = ed25519_public_key();
    for (std::size_t at = 0; at < line.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string changed = line;
        changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
        const auto parsed = parse_intent(changed);
        EXPECT_FALSE(parsed && verify_intent(*parsed, changed, key)) << changed;
      }
    }
  }
}

TEST(Intent, EveryDroppedOrDoubledOctetBreaksItCasSection21) {
  const auto key = ed25519_public_key();
  for (std::size_t at = 0; at < vector_line.size(); ++at) {
    std::string shorter(vector_line);
    shorter.erase(at, 1);
    std::string longer(vector_line);
    longer.insert(at, 1, longer[at]);
    for (const std::string& line : {shorter, longer}) {
      const auto parsed = parse_intent(line);
      EXPECT_FALSE(parsed && verify_intent(*parsed, line, key)) << line;
    }
  }
}

TEST(Intent, HasNoOtherOrderNoOtherTagsAndNoneTwiceCasSection43) {
  const std::string line(vector_line);
  for (const std::string& wrong : {std::string(),
                                   std::string("v=CAS1"),
                                   std::string("v=CAS1;"),
                                   line + ";",
                                   line + " ",
                                   line + ";z=1",
                                   " " + line,
                                   line + "\r\n",
                                   "CONFIRM " + line,
                                   with(line, "v=CAS1;", ""),
                                   with(line, "v=CAS1;", "V=CAS1;"),
                                   with(line, "v=CAS1;", "v=;"),
                                   with(line, "v=CAS1;", "v=CA S1;"),
                                   with(line, ";k=p", ""),
                                   with(line, ";k=p", ";k=p;k=p"),
                                   with(line, ";k=p", ";z=1;k=p"),
                                   with(line, ";k=p", "; k=p"),
                                   with(line, ";k=p", ";K=p"),
                                   with(line, ";k=p", ";;k=p"),
                                   with(line, ";k=p", ";k =p"),
                                   with(line, "t=1795460400;x=1795546800", "x=1795546800;t=1795460400"),
                                   with(line, ";k=p", ";k=p;w=fwd;w=fwd"),
                                   with(line, ";k=p", ";w=fwd;k=p"),
                                   with(line, ";k=p", ";k=b;w=fwd;l=x")}) {
    EXPECT_EQ(parse_intent(wrong), std::unexpected(Reason::Syntax)) << wrong;
  }
}

struct Spelling {
  std::string_view right;
  std::string_view wrong;
};

class WrongSpelling : public testing::TestWithParam<Spelling> {};
INSTANTIATE_TEST_SUITE_P(
    OneSpelling, WrongSpelling,
    testing::Values(
        Spelling{"i=AAECAwQFBgcICQoLDA0ODw", "i=AAECAwQFBgcICQoLDA0OD"}, Spelling{"0ODw;", "0ODx;"},
        Spelling{"0ODw;", "0ODw==;"}, Spelling{"i=AAE", "i=AA+"}, Spelling{"d=football", "d=Football"},
        Spelling{"d=football.example.com", "d=football.example.com."}, Spelling{"d=football", "d=foot_ball"},
        Spelling{"d=football", "d=fo\xc3\xb6tball"}, Spelling{"d=football.example.com", "d="},
        Spelling{"d=football.example.com", "d=[192.0.2.1]"}, Spelling{"s=brisbane", "s=Brisbane"},
        Spelling{"s=brisbane", "s="}, Spelling{"s=brisbane", "s=a..b"}, Spelling{"s=brisbane", "s=brisbane."},
        Spelling{"a=ed25519-sha256", "a="}, Spelling{"a=ed25519-sha256", "a=Ed25519-sha256"},
        Spelling{"t=1795460400", "t=01795460400"}, Spelling{"t=1795460400", "t="},
        Spelling{"t=1795460400", "t=+795460400"}, Spelling{"t=1795460400", "t=-1"}, Spelling{"t=1795460400", "t=00"},
        Spelling{"t=1795460400", "t=1795460400000"}, Spelling{"x=1795546800", "x=1795546800 "},
        Spelling{"f=joe@", "f=<joe@"}, Spelling{"f=joe@", "f=joe"}, Spelling{"f=joe@", "f=@"},
        Spelling{"f=joe@", "f=%6Aoe@"}, Spelling{"f=joe@", "f=j%2Eoe@"}, Spelling{"f=joe@", "f=j oe@"},
        Spelling{"f=joe@", "f=\"joe\"@"}, Spelling{"f=joe@", "f=j@oe@"}, Spelling{"f=joe@football", "f=joe@Football"},
        Spelling{"f=joe@football.example.com", "f=joe@[192.0.2.1]"}, Spelling{"f=joe@", "f=j%0Doe@"},
        Spelling{"q=shopping.example.net", "q=shopping.example.net."}, Spelling{"q=shopping.example.net", "q="},
        Spelling{"r=suzie", "r="}, Spelling{"r=suzie", "r=,suzie"}, Spelling{"r=suzie", "r=suzie,"},
        Spelling{"r=suzie", "r=suzie,suzie"}, Spelling{"r=suzie", "r=suzie,bob"}, Spelling{"r=suzie", "r=suzie, tom"},
        Spelling{"r=suzie", "r=suzie@shopping.example.net"}, Spelling{"r=suzie", "r=suzi%e9"},
        Spelling{"r=suzie", "r=suzi%C3%a9"}, Spelling{"r=suzie", "r=suzi\xc3\xa9"}, Spelling{"r=suzie", "r=suzi%C3"},
        Spelling{"r=suzie", "r=suzi%2"}, Spelling{"r=suzie", "r=suzi%"}, Spelling{"r=suzie", "r=suzi%00"},
        Spelling{"r=suzie", "r=suzi%ED%A0%80"},
        Spelling{"r=suzie", "r=a123456789a123456789a123456789a123456789a123456789a123456789a1234"},
        Spelling{"o=joe@football.example.com", "o="}, Spelling{"o=joe@football.example.com", "o=football.example.com"},
        Spelling{"k=p", "k="}, Spelling{"k=p", "k=P"}, Spelling{"k=p", "k=x"}, Spelling{"k=p", "k=pp"},
        Spelling{"k=p", "k=b"}, Spelling{"k=p", "k=p;l=list.example"}, Spelling{"k=p", "k=b;l="},
        Spelling{"k=p", "k=b;l=List.example"}, Spelling{"k=p", "k=b;l=a%41"}, Spelling{"k=p", "k=b;l=%0A"},
        Spelling{"k=p", "k=b;l=%C3"}, Spelling{"k=p", "k=b;l=a%C2%85"}, Spelling{"k=p", "k=p;w="},
        Spelling{"k=p", "k=p;w=yes"}, Spelling{"m=c1:", "m="}, Spelling{"m=c1:", "m=c2:"}, Spelling{"m=c1:", "m=C1:"},
        Spelling{"m=c1:", "m=-"}, Spelling{"04wXI;", "04wXJ;"}, Spelling{"04wXI;", "04wXI=;"},
        Spelling{"04wXI;", "04wX;"}, Spelling{"KanAQ", "KanAR"}, Spelling{"KanAQ", "KanAQ=="},
        Spelling{"KanAQ", "KanA/"}, Spelling{"KanAQ", "KanAQAAA"}));

TEST_P(WrongSpelling, IsASyntaxError) {
  const std::string line = vector_with(GetParam().right, GetParam().wrong);
  ASSERT_NE(line, vector_line);
  EXPECT_EQ(parse_intent(line), std::unexpected(Reason::Syntax)) << line;
}

TEST(Intent, RefusesAnEmptySignatureAndOneBeyond700Characters) {
  const std::string start(vector_line.substr(0, vector_line.rfind(";b=") + 3));
  EXPECT_EQ(parse_intent(start), std::unexpected(Reason::Syntax));
  EXPECT_TRUE(parse_intent(start + std::string(700, 'A')));
  EXPECT_EQ(parse_intent(start + std::string(704, 'A')), std::unexpected(Reason::Syntax));
}

TEST(Intent, AcceptsListIdsUpTo200OctetsOnceDecoded) {
  const auto line = [](std::string_view unit, std::size_t count) {
    std::string id;
    for (std::size_t i = 0; i < count; ++i) id += unit;
    return vector_with(";k=p", ";k=b;l=" + id);
  };
  EXPECT_TRUE(parse_intent(line("a", 200)));
  EXPECT_TRUE(parse_intent(line("%20", 200)));
  EXPECT_EQ(parse_intent(line("a", 201)), std::unexpected(Reason::Syntax));
  EXPECT_EQ(parse_intent(line("%20", 201)), std::unexpected(Reason::Syntax));
}

TEST(Intent, NamesLaterVersionsAndAlgorithmsAsSuchCasSection43) {
  EXPECT_EQ(parse_intent(vector_with("v=CAS1;", "v=CAS2;")), std::unexpected(Reason::Version));
  EXPECT_EQ(parse_intent("v=CAS2;whatever=it is"), std::unexpected(Reason::Version));
  EXPECT_EQ(parse_intent(vector_with("v=CAS1;", "v=CAS12;")), std::unexpected(Reason::Version));
  EXPECT_EQ(parse_intent(vector_with("ed25519-sha256", "mldsa65-sha512")), std::unexpected(Reason::Algorithm));
  EXPECT_EQ(parse_intent(with(vector_with("ed25519-sha256", "mldsa65-sha512"), ";k=p", ";k=z")),
            std::unexpected(Reason::Syntax));  // right but for the algorithm, or none of it
}

TEST(Intent, TakesAtMost8192OctetsWithCommandAndLineEndCasSection20) {
  const std::string base(vector_line);
  const std::string longest = base + std::string(max_confirm_line - 10 - base.size(), 'A');
  EXPECT_EQ(parse_intent(longest), std::unexpected(Reason::Syntax));
  EXPECT_EQ(parse_intent(longest + "A"), std::unexpected(Reason::TooLong));
}

std::string numbered_recipients(int count) {
  std::string list;
  for (int i = 100; i < 100 + count; ++i) list += (i > 100 ? ",u" : "u") + std::to_string(i);
  return list;
}

TEST(Intent, ListsAtMost100RecipientsCasSection20) {
  EXPECT_EQ(parse_intent(vector_with("r=suzie", "r=" + numbered_recipients(100))).value().recipients.size(), 100U);
  EXPECT_EQ(parse_intent(vector_with("r=suzie", "r=" + numbered_recipients(101))), std::unexpected(Reason::Syntax));
}

TEST(Intent, SortsRecipientsByTheOctetsOfTheirSpelling) {
  Intent intent = vector_intent();
  intent.recipients = {local("b"), local("~"), local("a,"), local("B"), local("a-"), local("b"), local(" ")};
  sort_recipients(intent);
  const std::vector expected{local(" "), local("B"), local("a,"), local("a-"), local("b"), local("~")};
  EXPECT_EQ(intent.recipients, expected);
  // Decoded, " " would come before "#", and e-acute last.
  intent.recipients = {local("a-"), local("a "), local("a#"), local("a\xc3\xa9")};
  sort_recipients(intent);
  const std::vector spelt{local("a#"), local("a "), local("a\xc3\xa9"), local("a-")};
  EXPECT_EQ(intent.recipients, spelt);
  EXPECT_TRUE(parse_intent(print_intent(intent)));
}

TEST(Intent, ListsARecipientOfItsDomainByExactLocalPart) {
  const Intent intent = vector_intent();
  EXPECT_TRUE(intent.lists(mailbox("suzie@shopping.example.net")));
  EXPECT_TRUE(intent.lists(mailbox("suzie@SHOPPING.example.net")));
  EXPECT_FALSE(intent.lists(mailbox("Suzie@shopping.example.net")));
  EXPECT_FALSE(intent.lists(mailbox("suzie@example.net")));
  EXPECT_FALSE(intent.lists(mailbox("suzie@[192.0.2.1]")));
  EXPECT_FALSE(intent.lists(mailbox("joe@shopping.example.net")));
}

TEST(VerifyIntent, WantsAKeyOfTheClaimedAlgorithmCasSection45) {
  const Intent intent = vector_intent();
  EXPECT_FALSE(verify_intent(intent, vector_line, public_half(rsa_key())));
  const std::string rsa_line = sign(intent, rsa_key());
  const auto rsa_intent = parse_intent(rsa_line).value();
  EXPECT_TRUE(verify_intent(rsa_intent, rsa_line, public_half(rsa_key())));
  EXPECT_FALSE(verify_intent(rsa_intent, rsa_line, ed25519_public_key()));
  EXPECT_FALSE(verify_intent(rsa_intent, rsa_line, public_half(crypto::generate_key(crypto::KeyType::Rsa).value())));
}

TEST(PercentEncode, EncodesExactlyWhatIsNoAtextCasSection43) {
  for (int octet = 1; octet < 256; ++octet) {
    const char c = static_cast<char>(octet);
    const bool plain = is_alnum(c) || std::string_view("!#$&'*+-/=?^_`{|}~.").contains(c);
    EXPECT_EQ(percent_encode(std::string_view(&c, 1)).size(), plain ? 1U : 3U) << octet;
  }
  EXPECT_EQ(percent_encode("a b%\xc3\xa9"), "a%20b%25%C3%A9");
}

TEST(PrintAddr, HasNoSpellingForLiteralsAndUnderscores) {
  EXPECT_EQ(print_addr(mailbox("\"a b\"@x.example")), "a%20b@x.example");
  EXPECT_EQ(print_addr(mailbox("a@[192.0.2.1]")), std::nullopt);
  EXPECT_EQ(print_addr(mailbox("a@b_c.example")), std::nullopt);
}

TEST(DeriveIntentId, DependsOnSecretQueueIdAndDomainAlone) {
  const auto id = derive_intent_id(as_octets("secret"), "Q1", domain("a.example"));
  EXPECT_EQ(id, derive_intent_id(as_octets("secret"), "Q1", domain("a.example")));
  EXPECT_NE(id, derive_intent_id(as_octets("Secret"), "Q1", domain("a.example")));
  EXPECT_NE(id, derive_intent_id(as_octets("secret"), "Q2", domain("a.example")));
  EXPECT_NE(id, derive_intent_id(as_octets("secret"), "Q1", domain("b.example")));
}

TEST(MaxLifetime, IsOneDayOrThreeCasSection48) {
  EXPECT_EQ(max_lifetime(Class::Personal), std::chrono::hours(24));
  EXPECT_EQ(max_lifetime(Class::Automatic), std::chrono::hours(24));
  EXPECT_EQ(max_lifetime(Class::Transactional), std::chrono::hours(72));
  EXPECT_EQ(max_lifetime(Class::Bulk), std::chrono::hours(72));
}

}  // namespace
}  // namespace cas::confirm
