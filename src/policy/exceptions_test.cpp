// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Patterns, scopes, and which entries may be entered.
#include "policy/exceptions.hpp"

#include <gmock/gmock.h>

#include "policy/exception_rules.hpp"

namespace cas::policy {
namespace {

using testing::HasSubstr;
using Kind = Pattern::Kind;

TEST(Pattern, IsReadIntoItsOneSpelling) {
  struct Case {
    std::string_view text, spelling;
    Kind kind;
  };
  const Case cases[] = {{"Joe@North.Example", "joe@north.example", Kind::Address},
                        {"\"a b\"@north.example", "\"a b\"@north.example", Kind::Address},
                        {"joe@[192.0.2.1]", "joe@[192.0.2.1]", Kind::Address},
                        {"\"/x/\"@north.example", "\"/x/\"@north.example", Kind::Address},
                        {"#X@north.example", "\"#x\"@north.example", Kind::Address},
                        {"NORTH.example.", "north.example", Kind::Domain},
                        {"bücher.example", "xn--bcher-kva.example", Kind::Domain},
                        {".North.example", ".north.example", Kind::Subdomains},
                        {"List:News.North.example", "list:news.north.example", Kind::List},
                        {"192.0.2.0/24", "192.0.2.0/24", Kind::Network},
                        {"192.0.2.7", "192.0.2.7/32", Kind::Network},
                        {"2001:DB8::/32", "2001:db8::/32", Kind::Network},
                        {"/^Joe\\d+@north\\.example$/", "/^Joe\\d+@north\\.example$/", Kind::Regex}};
  for (const auto& one : cases) {
    const auto pattern = Pattern::parse(one.text);
    ASSERT_TRUE(pattern) << one.text << ": " << pattern.error().public_text;
    EXPECT_EQ(pattern->text(), one.spelling);
    EXPECT_EQ(pattern->kind(), one.kind) << one.text;
    EXPECT_EQ(Pattern::parse(pattern->text()).value(), *pattern);
  }
}

TEST(Pattern, RefusesWithWhatWouldBeRight) {
  const std::pair<std::string, std::string_view> cases[] = {{"", "missing"},
                                                            {".", "write an address"},
                                                            {"*.north.example", "\".north.example\""},
                                                            {"@north.example", "without \"@\""},
                                                            {"10.1.2.3/8", "the network is 10.0.0.0/8"},
                                                            {"2001:db8::1/32", "the network is 2001:db8::/32"},
                                                            {"list:<news.north.example>", "without < >"},
                                                            {"list:news", "without < >"},
                                                            {"/a(/", "RE2 does not take"},
                                                            {"/(a{1000}){1000}/", "RE2 does not take"},
                                                            {"/a", "between two"},
                                                            {"/a/b/", "is written"},
                                                            {"/a\\/", "RE2 does not take"},
                                                            {"/a\nb/", "control"},
                                                            {"/" + std::string(520, 'a') + "/", "512"},
                                                            {std::string(700, 'a'), "longer than"},
                                                            {"a b@north.example", "no address"}};
  for (const auto& [text, why] : cases) {
    const auto pattern = Pattern::parse(text);
    ASSERT_FALSE(pattern) << text;
    EXPECT_EQ(pattern.error().lasting, Lasting::Permanent);
    EXPECT_THAT(pattern.error().public_text, HasSubstr(why)) << text;
  }
}

TEST(Scope, CoversAMailboxADomainOrEverybody) {
  const auto suzie = Mailbox::parse("Suzie@south.example").value();
  const std::pair<std::string_view, bool> cases[] = {
      {"", true},         {"south.example", true},       {"suzie@SOUTH.example", true},
      {"example", false}, {"mail.south.example", false}, {"suzanne@south.example", false}};
  for (const auto& [text, covers] : cases) EXPECT_EQ(Scope::parse(text).value().covers(suzie), covers) << text;
  EXPECT_FALSE(Scope::parse("a b"));
  EXPECT_FALSE(Scope::parse("suzie@[192.0.2.1]"));
}

// "" for what may be entered; else a part of the refusal.
TEST(ExceptionRules, OpenNoDoorToEverybody) {
  using enum ExceptionAction;
  struct Case {
    ExceptionAction action;
    std::string_view pattern, scope;
    Proof proof;
    bool unauthenticated;
    std::string_view why;
  };
  const Case cases[] = {
      {Exempt, "north.example", "", Proof::Dkim, false, ""},
      {Exempt, "north.example", "", Proof::None, false, "--unauthenticated"},
      {Allow, "joe@north.example", "", Proof::None, false, "--unauthenticated"},
      {Exempt, "north.example", "", Proof::None, true, ""},
      {Exempt, "north.example", "", Proof::Client, false, "does not go with"},
      {Exempt, "192.0.2.0/24", "", Proof::Client, false, ""},
      {Exempt, "192.0.2.0/24", "", Proof::None, true, "does not go with"},
      {Exempt, "192.0.2.0/24", "", Proof::Dkim, false, "does not go with"},
      {Exempt, "0.0.0.0/0", "", Proof::Client, true, "large part"},
      {Exempt, "2.0.0.0/7", "", Proof::Client, true, "large part"},
      {Block, "0.0.0.0/0", "", Proof::None, false, "large part"},
      {Exempt, "2000::/8", "", Proof::Client, true, "large part"},
      {Exempt, "10.0.0.0/8", "", Proof::Client, false, ""},
      {Exempt, "com", "", Proof::Dkim, false, "anybody can register"},
      {Allow, ".co.uk", "", Proof::Dkim, false, "anybody can register"},
      {Block, ".com", "", Proof::None, false, ""},
      {Exempt, "north.example", "", Proof::Certificate, false, ""},
      {Exempt, "joe@north.example", "", Proof::Certificate, false, "does not go with"},
      {Exempt, "list:news.north.example", "", Proof::Spf, false, "does not go with"},
      {Allow, "list:news.north.example", "", Proof::Dkim, false, ""},
      {Exempt, "/.*/", "", Proof::Dkim, true, "fits anybody"},
      {Exempt, "/^newsletter@/", "", Proof::Dkim, false, "fits anybody"},
      {Exempt, "/@north\\.example/", "", Proof::Dkim, false, "end it with"},
      {Exempt, "/@north\\.example$/", "", Proof::Dkim, false, ""},
      {Block, "/^newsletter@/", "", Proof::None, false, ""},
      {Block, "north.example", "", Proof::Dkim, false, "asks for no proof"},
      {Forward, "north.example", "suzie@south.example", Proof::Dkim, false, ""},
      {Forward, "north.example", "", Proof::Dkim, false, "whose mail"},
      {Forward, ".north.example", "south.example", Proof::Dkim, false, "a forwarder is"},
  };
  for (const auto& one : cases) {
    const Exception entry{.id = 1,
                          .action = one.action,
                          .pattern = Pattern::parse(one.pattern).value(),
                          .scope = Scope::parse(one.scope).value(),
                          .proof = one.proof,
                          .reason = {},
                          .owner = {},
                          .created = {},
                          .expires = {}};
    const auto checked = check_exception(entry, one.unauthenticated);
    EXPECT_EQ(checked.has_value(), one.why.empty()) << one.pattern << (checked ? "" : checked.error().public_text);
    if (!checked) EXPECT_THAT(checked.error().public_text, HasSubstr(one.why)) << one.pattern;
  }
}

TEST(ExceptionRules, AskForTheUsualProof) {
  const auto usual = [](ExceptionAction action, std::string_view pattern) {
    return usual_proof(action, Pattern::parse(pattern).value());
  };
  EXPECT_EQ(usual(ExceptionAction::Exempt, "north.example"), Proof::Dkim);
  EXPECT_EQ(usual(ExceptionAction::Allow, "192.0.2.1"), Proof::Client);
  EXPECT_EQ(usual(ExceptionAction::Block, "192.0.2.1"), Proof::None);
  EXPECT_EQ(usual(ExceptionAction::Forward, "north.example"), Proof::Dkim);
}

TEST(Narrower, LetsTheEntriesOfTheMailboxBehindANameCount) {
  const auto of = [](std::int64_t id, std::string scope) {
    ExceptionFindings findings;
    findings.decided = ExceptionMatch{
        .id = id, .action = ExceptionAction::Block, .proof = Proof::None, .pattern = {}, .scope = std::move(scope)};
    return findings;
  };
  EXPECT_EQ(narrower(of(1, ""), of(2, "kim@b.example")).decided->id, 2);
  EXPECT_EQ(narrower(of(1, "kim+x@b.example"), of(2, "kim@b.example")).decided->id, 1);
  EXPECT_EQ(narrower(of(1, "b.example"), of(2, "b.example")).decided->id, 1);
  EXPECT_EQ(narrower({}, of(2, "")).decided->id, 2);
  EXPECT_FALSE(narrower({}, {}).decided);
}

}  // namespace
}  // namespace cas::policy
