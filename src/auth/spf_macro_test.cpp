// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// SPF's macros (RFC 7208 §7): what is read, what is refused, what comes of it.
#include "auth/spf_macro.hpp"

#include <gmock/gmock.h>

namespace cas::auth {
namespace {

using ::testing::HasSubstr;

/// The example of RFC 7208 §7.4, but for the names.
SpfMacroValues values(std::string_view ip = "192.0.2.3") {
  return {.local = "strong-bad",
          .sender_domain = "email.example.com",
          .domain = "email.example.com",
          .ip = IpAddress::parse(ip).value(),
          .validated = "mx.example.org",
          .helo = "mail.example.net",
          .receiver = "mx.south.example",
          .now = UnixTime(seconds(1234567890))};
}

std::string expanded(std::string_view text, std::string_view ip = "192.0.2.3") {
  const auto read = SpfMacroString::parse_explain_string(text);
  return read ? read->expand_text(values(ip), 4096).value_or("too long") : "refused: " + read.error();
}

struct Expansion {
  const char *text, *result;
};

TEST(SpfMacro, ExpandsAsTheExamplesOfRfc7208Section74) {
  for (const Expansion& c : {
           Expansion{"%{s}", "strong-bad@email.example.com"},
           Expansion{"%{o}", "email.example.com"},
           Expansion{"%{d}", "email.example.com"},
           Expansion{"%{d4}", "email.example.com"},
           Expansion{"%{d3}", "email.example.com"},
           Expansion{"%{d2}", "example.com"},
           Expansion{"%{d1}", "com"},
           Expansion{"%{dr}", "com.example.email"},
           Expansion{"%{d2r}", "example.email"},
           Expansion{"%{l}", "strong-bad"},
           Expansion{"%{l-}", "strong.bad"},
           Expansion{"%{lr}", "strong-bad"},
           Expansion{"%{lr-}", "bad.strong"},
           Expansion{"%{l1r-}", "strong"},
           Expansion{"%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"},
           Expansion{"%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"},
           Expansion{"%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"},
           Expansion{"%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"},
           Expansion{"%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"},
       })
    EXPECT_EQ(expanded(c.text), c.result) << c.text;
}

TEST(SpfMacro, WritesAnIpv6AddressInNibbles) {
  EXPECT_EQ(expanded("%{ir}.%{v}", "2001:db8::cb01"),
            "1.0.B.C.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2.ip6");
  EXPECT_EQ(expanded("%{i2r}", "2001:db8::cb01"), "0.2") << "the last two of the reversed parts";
  EXPECT_EQ(spf_reverse_name(IpAddress::parse("192.0.2.1").value()), "1.2.0.192");
}

TEST(SpfMacro, KnowsTheOtherLettersToo) {
  for (const Expansion& c : {
           Expansion{"%{p}", "mx.example.org"},
           Expansion{"%{h}", "mail.example.net"},
           Expansion{"%{c}", "192.0.2.3"},
           Expansion{"%{r}", "mx.south.example"},
           Expansion{"%{t}", "1234567890"},
           Expansion{"%{v}", "in-addr"},
           Expansion{"%{D2}", "example.com"},
           Expansion{"%{dR}", "com.example.email"},
       })
    EXPECT_EQ(expanded(c.text), c.result) << c.text;
  EXPECT_EQ(expanded("%{c}", "2001:db8::cb01"), "2001:db8::cb01");
  auto nameless = values();
  nameless.receiver.clear();
  EXPECT_EQ(SpfMacroString::parse_explain_string("%{r}")->expand_text(nameless, 100), "unknown");
}

TEST(SpfMacro, SplitsAtEveryDelimiterThatIsNamed) {
  auto odd = values();
  odd.local = "a-b+c,d/e_f=g.h";
  for (const Expansion& c : {
           Expansion{"%{l-}", "a.b+c,d/e_f=g.h"},
           Expansion{"%{l+-}", "a.b.c,d/e_f=g.h"},
           Expansion{"%{l.-+,/_=}", "a.b.c.d.e.f.g.h"},
           Expansion{"%{l2r.-+,/_=}", "b.a"},
           Expansion{"%{l99r=}", "g.h.a-b+c,d/e_f"},
           Expansion{"%{l1.}", "h"},
       })
    EXPECT_EQ(SpfMacroString::parse_domain_spec(c.text)->expand_name(odd), c.result) << c.text;
}

TEST(SpfMacro, KeepsEmptyParts) {
  auto odd = values();
  odd.local = "--a-";
  EXPECT_EQ(SpfMacroString::parse_explain_string("%{l-}")->expand_text(odd, 100), "..a.");
  EXPECT_EQ(SpfMacroString::parse_explain_string("%{lr-}")->expand_text(odd, 100), ".a..");
}

TEST(SpfMacro, PercentsAndBlanksAreWrittenWithAPercentSection71) {
  EXPECT_EQ(expanded("100%% of%_it%-all"), "100% of it%20all");
  EXPECT_EQ(SpfMacroString::parse_domain_spec("a%%b%_c%-d.example")->expand_name(values()), "a%b c%20d.example");
}

TEST(SpfMacro, CapitalLettersEscapeForUrlsSection73) {
  auto odd = values();
  odd.local = "~a&b=c/d e\x7f\xc3.-_Z9";
  EXPECT_EQ(SpfMacroString::parse_explain_string("%{L}")->expand_text(odd, 100), "~a%26b%3Dc%2Fd%20e%7F%C3.-_Z9");
  EXPECT_EQ(expanded("%{S}"), "strong-bad%40email.example.com");
  EXPECT_EQ(expanded("%{Lr-}"), "bad.strong") << "after the transformation";
}

TEST(SpfMacro, RefusesWhatIsNoMacroSection71) {
  for (const std::string_view text : {"%", "%a", "a%", "%(d)", "%{", "%{d", "%{}", "%{x}", "%{a}", "%{d0}", "%{d00}",
                                      "%{d-2}", "%{dr2}", "%{drr}", "%{d2r!}", "%{d }", "%{ d}", "%{d%{d}}"})
    EXPECT_THAT(expanded(text), HasSubstr("refused: ")) << text;
  EXPECT_EQ(expanded("%{d99999999999999999999}"), "email.example.com") << "any number of parts";
  EXPECT_EQ(expanded("%{d007}"), "email.example.com");
}

TEST(SpfMacro, TheLettersOfExplanationsStandNowhereElseSection72) {
  for (const std::string_view text : {"%{c}.example", "%{r}.example", "%{t}", "%{C}", "a.%{R}.example"}) {
    const auto read = SpfMacroString::parse_domain_spec(text);
    ASSERT_FALSE(read) << text;
    EXPECT_THAT(read.error(), HasSubstr("exp="));
    EXPECT_TRUE(SpfMacroString::parse_macro_string(text)) << "an unknown modifier is not judged by its letters";
  }
}

TEST(SpfMacro, ADomainEndsInATopLabelOrAMacroSection71) {
  for (const std::string_view good :
       {"a.example", "a.example.", ".example", "a.xn--zckzah", "a.1-2", "a.b1", "%{d}", "a.%{d}", "a.%{d}.example",
        "_spf.a.example", "foo:bar/baz.example", "a%%", "a%_", "%-", "a!$&.example", "a..b.example", "1.2.3.4a"})
    EXPECT_TRUE(SpfMacroString::parse_domain_spec(good)) << good;
  for (const std::string_view bad :
       {"",        ".",           "a",           "example",          "example.",      "a.123",         "192.0.2.1",
        "a.-b",    "a.b-",        "a.example..", "a.exa_mple",       "a.b/24",        "a.b:25",        "%{d}example",
        "%%.a%%b", "a b.example", "a.exam\tple", "a.ex\xc3\xa4mple", "a.example\x7f", "a.\x80.example"})
    EXPECT_FALSE(SpfMacroString::parse_domain_spec(bad)) << bad;
  EXPECT_FALSE(SpfMacroString::parse_domain_spec(std::string_view("a.example\0", 10)));
  EXPECT_THAT(SpfMacroString::parse_domain_spec("192.0.2.1").error(), HasSubstr("ip4:"));
}

TEST(SpfMacro, ANameIsCutFromTheLeftAtLabelsSection73) {
  auto long_ones = values();
  long_ones.domain = std::string(60, 'b') + '.' + std::string(60, 'c') + '.' + std::string(60, 'd');  // 182
  const auto name_of = [&](const std::string& text) {
    return SpfMacroString::parse_domain_spec(text)->expand_name(long_ones);
  };
  const std::string label(59, 'a');
  EXPECT_EQ(name_of(label + ".1234567.%{d}.x"), label + ".1234567." + long_ones.domain + ".x") << "252 octets";
  EXPECT_EQ(name_of(label + ".12345678.%{d}.x").size(), 253U);
  EXPECT_EQ(name_of(label + ".123456789.%{d}.x"), "123456789." + long_ones.domain + ".x") << "it would be 254";
  EXPECT_EQ(name_of(label + ".12345678.%{d}.x.").size(), 253U) << "the final dot does not count";
  EXPECT_EQ(name_of("%{d}.%{d}.example"), std::string(60, 'd') + '.' + long_ones.domain + ".example");
  EXPECT_EQ(name_of(std::string(300, 'e') + ".example"), "example");
}

TEST(SpfMacro, ExpansionIsBoundedWhateverTheRecordSays) {
  auto long_ones = values();
  long_ones.local = std::string(2000, 'x');
  std::string text;
  for (int n = 0; n < 2000; ++n) text += "%{l}";
  EXPECT_LE(SpfMacroString::parse_domain_spec(text + ".example")->expand_name(long_ones).size(), 253U);
  EXPECT_EQ(SpfMacroString::parse_explain_string(text)->expand_text(long_ones, 1024), std::nullopt);
  long_ones.local = "x";
  EXPECT_EQ(SpfMacroString::parse_explain_string("%{l}%{l}")->expand_text(long_ones, 2), "xx");
  EXPECT_EQ(SpfMacroString::parse_explain_string("%{l}%{l}")->expand_text(long_ones, 1), std::nullopt);
}

TEST(SpfMacro, TellsWhichLettersItNeeds) {
  const auto text = SpfMacroString::parse_domain_spec("%{P}.p.%{i}.example");
  EXPECT_TRUE(text->uses('p'));
  EXPECT_TRUE(text->uses('i'));
  EXPECT_FALSE(text->uses('s'));
}

}  // namespace
}  // namespace cas::auth
