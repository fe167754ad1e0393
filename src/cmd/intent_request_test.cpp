// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The options of `cas intent make`: what is taken from the message, and what is refused with which words.
#include "cmd/intent_request.hpp"

#include <gtest/gtest.h>
#include <sysexits.h>

#include "cmd/message_file.hpp"

namespace cas::cmd {
namespace {

constexpr UnixTime now{seconds(1795460400)};

IntentMakeOptions good() {
  IntentMakeOptions options;
  options.selector = "s1";
  options.domain = "west.example";
  options.from = "ada@west.example";
  options.to = {"suzie@south.example", "<bob@SOUTH.example>"};
  return options;
}

confirm::MessageFacts facts_of(const std::string& more, const std::string& from = "From: Ada <ada@west.example>\n") {
  return judge_message(wire_form(from + "Date: x\nMessage-ID: <1@a>\n" + more + "\nHi.\n").value()).value();
}

template <class Change>
Or<confirm::IntentRequest> request(Change change, const std::optional<confirm::MessageFacts>& message = facts_of("")) {
  IntentMakeOptions options = good();
  change(options);
  return request_of(options, message, confirm::IntentId{}, now);
}
Or<confirm::IntentRequest> request_for(const std::optional<confirm::MessageFacts>& message) {
  return request([](IntentMakeOptions&) {}, message);
}

TEST(RequestOf, takes_author_class_and_list_from_the_message) {
  const auto personal = request_for(facts_of("")).value();
  EXPECT_EQ(personal.author.wire(), "ada@west.example");
  EXPECT_EQ(personal.klass, confirm::Class::Personal);
  EXPECT_EQ(personal.recipients.size(), 2U);
  EXPECT_EQ(personal.recipient_domain.text(), "south.example");
  EXPECT_EQ(personal.lifetime, std::chrono::hours(4));
  EXPECT_EQ(request_for(facts_of("Auto-Submitted: auto-replied\n"))->klass, confirm::Class::Automatic);
  const auto bulk = request_for(facts_of("List-Id: News <News.west.example>\n")).value();
  EXPECT_EQ(bulk.klass, confirm::Class::Bulk);
  EXPECT_EQ(bulk.list_id, "news.west.example");
}

TEST(RequestOf, knows_the_null_path_and_given_values) {
  const auto made = request([](auto& o) {
                      o.from = "<>", o.klass = "t", o.id = "AAECAwQFBgcICQoLDA0ODw", o.issued = "1795460000",
                      o.lifetime = "3d";
                    }).value();
  EXPECT_TRUE(made.envelope_from.is_null());
  EXPECT_EQ(made.klass, confirm::Class::Transactional);
  EXPECT_EQ(made.id[15], 15);
  EXPECT_EQ(to_unix(made.now), now - seconds(400));
  EXPECT_EQ(made.lifetime, std::chrono::hours(72));
}

TEST(RequestOf, needs_no_message_for_a_preflight) {
  EXPECT_FALSE(request_for(std::nullopt));
  EXPECT_FALSE(request([](auto& o) { o.preflight = true; }, std::nullopt));
  const auto made = request([](auto& o) { o.preflight = true, o.author = "ada@west.example"; }, std::nullopt);
  ASSERT_TRUE(made);
  EXPECT_TRUE(made->preflight);
}

struct Wrong {
  void (*change)(IntentMakeOptions&);
  int code;
  std::string_view text;
};
class RefusedOption : public testing::TestWithParam<Wrong> {};

INSTANTIATE_TEST_SUITE_P(
    All, RefusedOption,
    testing::Values(
        Wrong{[](auto& o) { o.domain = "west..example"; }, EX_USAGE, "--domain: a label is empty; write one dot"},
        Wrong{[](auto& o) { o.domain = "co.uk"; }, EX_USAGE, "--domain: \"co.uk\" is a public suffix"},
        Wrong{[](auto& o) { o.domain = "a_b.example"; }, EX_USAGE, "--domain: \"a_b.example\" has \"_\" in it"},
        Wrong{[](auto& o) { o.domain = "evil.example"; }, EX_DATAERR,
              "the author \"ada@west.example\" is not at or below the signing domain evil.example; sign with --domain "
              "west.example"},
        Wrong{[](auto& o) { o.selector = "S1"; }, EX_USAGE, "--selector: \"S\" is in upper case; write \"s1\""},
        Wrong{[](auto& o) { o.selector = ""; }, EX_USAGE, "--selector: the domain is empty"},
        Wrong{[](auto& o) { o.from = "ada"; }, EX_USAGE, "--from: \"ada\" is no mailbox"},
        Wrong{[](auto& o) { o.from = "ada@[192.0.2.1]"; }, EX_USAGE,
              "--from: \"ada@[192.0.2.1]\" is at an address literal"},
        Wrong{[](auto& o) { o.to = {"suzie@[192.0.2.1]"}; }, EX_USAGE,
              "--to: \"suzie@[192.0.2.1]\" is at an address literal"},
        Wrong{[](auto& o) { o.to = {"a@x.example", "b@y.example"}; }, EX_USAGE,
              "--to: recipients are at two domains, x.example and y.example"},
        Wrong{[](auto& o) { o.to = {"\"\"@x.example"}; }, EX_USAGE, "--to: \"\"\"@x.example\" is no mailbox"},
        Wrong{[](auto& o) { o.author = "bob@west.example"; }, EX_DATAERR,
              "the message is from \"ada@west.example\", and --author says \"bob@west.example\""},
        Wrong{[](auto& o) { o.list_id = "x.example"; }, EX_USAGE,
              "--list-id: goes with class b, and this is class personal"},
        Wrong{[](auto& o) { o.klass = "b"; }, EX_USAGE, "--list-id: is needed"},
        Wrong{[](auto& o) { o.klass = "b", o.list_id = "a\x01"; }, EX_USAGE, "--list-id: "},
        Wrong{[](auto& o) { o.id = "AAECAwQFBgcICQoLDA0ODx"; }, EX_USAGE,
              "--id: the last character \"x\" has unused bits that are not zero; the same octets are spelt with \"w\""},
        Wrong{[](auto& o) { o.id = "short"; }, EX_USAGE, "--id: there are 5 characters; 16 octets are 22 characters"},
        Wrong{[](auto& o) { o.issued = "1795460400000"; }, EX_USAGE,
              "--issued: there are more than 12 digits; give seconds, not milliseconds"},
        Wrong{[](auto& o) { o.issued = "-1"; }, EX_USAGE, "--issued: \"-\" is no digit"},
        Wrong{[](auto& o) { o.lifetime = "4"; }, EX_USAGE, "--lifetime: \"4\" is no duration"},
        Wrong{[](auto& o) { o.lifetime = "25h"; }, EX_USAGE,
              "--lifetime: 25h is too long; personal mail has at most 24h"}));

TEST_P(RefusedOption, says_what_is_wrong) {
  const auto refused = request(GetParam().change);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, GetParam().code);
  EXPECT_TRUE(refused.error().text.starts_with(GetParam().text)) << refused.error().text;
}

TEST(RequestOf, refuses_messages_that_no_receiver_would_confirm) {
  const auto refusal = [](const std::string& more, const std::string& from = "From: ada@west.example\n") {
    const auto made = request_for(facts_of(more, from));
    return made ? std::string("made") : std::to_string(made.error().code) + ' ' + made.error().text;
  };
  EXPECT_EQ(refusal(""), "made");
  EXPECT_EQ(refusal("From: ceo@bank.example\n"), "65 the message has 2 From fields; a receiver wants exactly one");
  EXPECT_EQ(refusal("", ""), "65 the message has no From field; a receiver wants exactly one");
  EXPECT_EQ(refusal("", "From: a@west.example, b@west.example\n"),
            "65 the message has 2 mailboxes in From; a receiver wants exactly one");
  EXPECT_TRUE(refusal("", "From: ada\n").starts_with("65 the message has a From field that cannot be read"));
  EXPECT_TRUE(refusal("", "From: a@[192.0.2.1]\n")
                  .starts_with("65 the message is from \"a@[192.0.2.1]\", an author that cannot be confirmed"));
  EXPECT_EQ(refusal("Date: y\n"), "65 the message has 2 Date fields; a receiver wants exactly one");
  EXPECT_EQ(refusal("Message-ID: <2@a>\n"), "65 the message has 2 Message-ID fields; a receiver wants exactly one");
}

}  // namespace
}  // namespace cas::cmd
