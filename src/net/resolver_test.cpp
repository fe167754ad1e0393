// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The resolver: local data, and a server that drops, truncates and fails.
#include "net/resolver.hpp"

#include <gmock/gmock.h>

#include <condition_variable>
#include <future>

#include "net/scripted_dns.hpp"
#include "net/test_support.hpp"
#include "net/unbound_context.hpp"

namespace cas::net {
namespace {

using dns::Status;
using dns::Type;
using test::Script;
using test::ScriptedDns;
using testing::HasSubstr;

dns::Answer ask(Resolver& resolver, std::string name, Type type) {
  std::promise<dns::Answer> promise;
  auto answered = promise.get_future();
  dns::Question question{.name = std::move(name), .type = type};
  auto done = [promise = std::move(promise)](dns::Answer answer) mutable { promise.set_value(std::move(answer)); };
  resolver.ask(std::move(question), std::move(done));
  return answered.get();
}

std::string text_of(const dns::Answer& answer) {
  if (answer.records.size() != 1) return "not one record";
  const auto* txt = std::get_if<dns::Txt>(&answer.records.front());
  return txt != nullptr ? txt->text : "not TXT";
}

class LocalDataTest : public testing::Test {
 protected:
  LocalDataTest() {
    ResolverOptions options;
    options.trust_anchor_file = "none";
    options.local_zones = {"south.example.", "lab.test."};
    options.local_data = {
        "south.example. 60 IN MX 10 mx.south.example.",
        "south.example. 60 IN MX 20 mx2.south.example.",
        "mx.south.example. 60 IN A 127.0.0.12",
        "mx.south.example. 60 IN AAAA ::1",
        "null.south.example. 60 IN MX 0 .",
        "long.south.example. 60 IN TXT \"" + std::string(255, 'a') + "\" \"" + std::string(145, 'b') + "\"",
        "_cas.lab.test. 60 IN TXT \"v=CAS1; m=optional\"",
        "we\\032ird.south.example. 60 IN TXT \"found\"",
        "12.0.0.127.in-addr.arpa. 60 IN PTR mx.south.example."};
    resolver = Resolver::create(options).value();
  }

  std::unique_ptr<Resolver> resolver;
};

TEST_F(LocalDataTest, AnswersEachTypeWithItsTtlAndNotAsSecure) {
  const auto mx = ask(*resolver, "south.example", Type::MX);
  EXPECT_EQ(mx.status, Status::Ok) << mx.private_reason;
  EXPECT_FALSE(mx.secure);
  EXPECT_EQ(mx.ttl, std::chrono::seconds{60});
  const dns::Record first = dns::Mx{.preference = 10, .exchange = "mx.south.example"};
  const dns::Record second = dns::Mx{.preference = 20, .exchange = "mx2.south.example"};
  EXPECT_THAT(mx.records, testing::UnorderedElementsAre(first, second));

  const auto a = ask(*resolver, "mx.south.example", Type::A);
  const dns::Record four = dns::A{.octets = {127, 0, 0, 12}};
  EXPECT_THAT(a.records, testing::ElementsAre(four));
  const auto aaaa = ask(*resolver, "mx.south.example", Type::AAAA);
  dns::Aaaa six;
  six.octets[15] = 1;
  EXPECT_THAT(aaaa.records, testing::ElementsAre(dns::Record(six)));
  const auto null = ask(*resolver, "null.south.example", Type::MX);
  EXPECT_THAT(null.records, testing::ElementsAre(dns::Record(dns::Mx{}))) << "RFC 7505";
  const auto pointer = ask(*resolver, "12.0.0.127.in-addr.arpa", Type::PTR);
  EXPECT_THAT(pointer.records, testing::ElementsAre(dns::Record(dns::Name{.name = "mx.south.example"})));
}

TEST_F(LocalDataTest, JoinsTheStringsOfALongTxtRecord) {
  // RFC 7208 §3.3
  const auto answer = ask(*resolver, "long.south.example", Type::TXT);
  EXPECT_EQ(text_of(answer), std::string(255, 'a') + std::string(145, 'b'));
}

TEST_F(LocalDataTest, TellsNoDataFromNxDomain) {
  const auto no_data = ask(*resolver, "mx.south.example", Type::TXT);
  EXPECT_EQ(no_data.status, Status::NoData);
  EXPECT_TRUE(no_data.records.empty());
  EXPECT_EQ(ask(*resolver, "nobody.south.example", Type::A).status, Status::NxDomain);
}

TEST_F(LocalDataTest, ServesNamesBelowTest) {
  EXPECT_EQ(text_of(ask(*resolver, "_cas.lab.test", Type::TXT)), "v=CAS1; m=optional");
}

TEST_F(LocalDataTest, NamesWithUnusualOctetsAreAskedAsTheyStand) {
  EXPECT_EQ(text_of(ask(*resolver, "we ird.south.example", Type::TXT)), "found");
  EXPECT_EQ(ask(*resolver, "we\\032ird.south.example", Type::TXT).status, Status::NxDomain);
}

TEST(ResolverTest, AnAnswerIsBoundedInRecordsAndOctets) {
  ResolverOptions options;
  options.trust_anchor_file = "none";
  options.local_zones = {"south.example."};
  const auto add = [&](const std::string& name, int records, std::size_t octets) {
    for (int n = 0; n < records; ++n) {
      const std::string text = std::to_string(n) + std::string(octets, 'x');
      options.local_data.push_back(name + ".south.example. 60 IN TXT \"" + text + "\"");
    }
  };
  add("apex", 120, 120);
  add("many", 600, 1);
  add("long", 200, 200);
  const auto resolver = Resolver::create(options).value();
  EXPECT_EQ(ask(*resolver, "apex.south.example", Type::TXT).records.size(), 120);
  for (const auto* name : {"many.south.example", "long.south.example"}) {
    const auto answer = ask(*resolver, name, Type::TXT);
    EXPECT_EQ(answer.status, Status::Failed) << name;
    EXPECT_TRUE(answer.records.empty()) << name;
  }
}

TEST_F(LocalDataTest, ANameThatCannotExistDoesNotExist) {
  // RFC 1035 §2.3.4
  for (const auto& name :
       {std::string("a..example"), std::string(".example"), std::string(64, 'a') + ".example",
        std::string(127, 'a').replace(63, 1, ".") + "." + std::string(127, 'b').replace(63, 1, ".")}) {
    EXPECT_EQ(ask(*resolver, name, Type::A).status, Status::NxDomain) << name;
  }
}

TEST(PresentationTest, EscapesAllButLettersDigitsHyphenAndUnderscore) {
  EXPECT_EQ(to_presentation("_cas.a-1.example"), "_cas.a-1.example.");
  EXPECT_EQ(to_presentation("example."), "example.");
  EXPECT_EQ(to_presentation(""), ".");
  EXPECT_EQ(to_presentation("a@b\\\"\xff"), "a\\064b\\092\\034\\255.");
  EXPECT_EQ(to_presentation(".."), std::nullopt);
  EXPECT_NE(to_presentation(std::string(63, 'a')), std::nullopt);
}

Task<void> ask_in_a_coroutine(Resolver& resolver, Status& status) {
  dns::Question question{.name = "mx.south.example", .type = Type::A};
  const auto answer = co_await resolver.ask(std::move(question));
  status = answer.status;
}

TEST_F(LocalDataTest, ACoroutineGetsItsAnswer) {
  Runtime runtime(1);
  runtime.start();
  Status status = Status::Failed;
  run_and_wait(runtime.executor(0), [&] { return ask_in_a_coroutine(*resolver, status); });
  EXPECT_EQ(status, Status::Ok);
}

TEST(ResolverOptionsTest, WhatLibunboundRefusesIsNamed) {
  const auto expect_refused = [](ResolverOptions options, const std::string& named) {
    const auto resolver = Resolver::create(options);
    ASSERT_FALSE(resolver.has_value()) << named;
    EXPECT_EQ(resolver.error().lasting, Lasting::Permanent);
    EXPECT_THAT(resolver.error().private_reason, HasSubstr(named));
  };
  ResolverOptions options;
  options.trust_anchor_file = "/nonexistent/root.key";
  expect_refused(options, "/nonexistent/root.key");
  options = {};
  options.forwarders = {"not an address"};
  expect_refused(options, "not an address");
  options = {};
  options.local_data = {"nonsense"};
  expect_refused(options, "nonsense");
}

class ForwardTest : public testing::Test {
 protected:
  static Script answer(std::vector<std::string> rdata) {
    return Script{.kind = Script::Kind::Answer, .rcode = 0, .rdata = std::move(rdata)};
  }
  std::unique_ptr<Resolver> forwarding(const ScriptedDns& server, milliseconds timeout) {
    ResolverOptions options;
    options.forwarders = {server.address()};
    options.trust_anchor_file = "none";
    options.timeout = timeout;
    return Resolver::create(options).value();
  }

  const std::string loopback_octets{'\x7f', '\0', '\0', '\x01'};
};

TEST_F(ForwardTest, TakesAnswersFromAServerOnALoopbackPort) {
  const ScriptedDns server({{"mx.example", answer({loopback_octets})},
                            {"lab.test", answer({loopback_octets})},
                            {"1.1.168.192.in-addr.arpa", answer({std::string("\2mx\7example\0", 12)})}});
  const auto resolver = forwarding(server, test::ample);
  const auto found = ask(*resolver, "mx.example", Type::A);
  EXPECT_EQ(found.status, Status::Ok) << found.private_reason;
  EXPECT_EQ(found.records.size(), 1U);
  EXPECT_EQ(ask(*resolver, "nobody.example", Type::A).status, Status::NxDomain);
  EXPECT_EQ(ask(*resolver, "lab.test", Type::A).status, Status::Ok) << "test. is forwarded, not answered here";
  EXPECT_EQ(ask(*resolver, "1.1.168.192.in-addr.arpa", Type::PTR).status, Status::Ok) << "private zones too";
}

TEST_F(ForwardTest, ATruncatedAnswerIsAskedForAgainOverTcp) {
  // RFC 7766 §5
  std::string two_strings;
  two_strings += '\xff' + std::string(255, 'a') + '\x91' + std::string(145, 'b');
  const Script truncating{.kind = Script::Kind::Truncate, .rcode = 0, .rdata = {two_strings}};
  const ScriptedDns server({{"big.example", truncating}});
  const auto resolver = forwarding(server, test::ample);
  EXPECT_EQ(text_of(ask(*resolver, "big.example", Type::TXT)), std::string(255, 'a') + std::string(145, 'b'));
}

TEST_F(ForwardTest, ServfailAndRefusedAreFailuresAndNoAbsence) {
  const Script servfail{.kind = Script::Kind::Rcode, .rcode = 2, .rdata = {}};
  const Script refused{.kind = Script::Kind::Rcode, .rcode = 5, .rdata = {}};
  const ScriptedDns server({{"broken.example", servfail}, {"refused.example", refused}});
  const auto resolver = forwarding(server, test::ample);
  for (const auto* name : {"broken.example", "refused.example"}) {
    const auto failed = ask(*resolver, name, Type::TXT);
    EXPECT_EQ(failed.status, Status::Failed);
    EXPECT_NE(failed.private_reason, "");
  }
}

TEST_F(ForwardTest, AnEmptyAnswerIsNoData) {
  const ScriptedDns server({{"empty.example", answer({})}});
  EXPECT_EQ(ask(*forwarding(server, test::ample), "empty.example", Type::MX).status, Status::NoData);
}

TEST_F(ForwardTest, AMalformedRecordFailsTheWholeAnswer) {
  const ScriptedDns server({{"bad.example", answer({std::string("\5abc", 4)})}});
  EXPECT_EQ(ask(*forwarding(server, milliseconds{500}), "bad.example", Type::TXT).status, Status::Failed);
}

TEST_F(ForwardTest, ATxtRecordWithoutAnyStringDoesNotHideTheOthers) {
  // libunbound calls that SERVFAIL.
  const ScriptedDns server({{"odd.example", answer({"", std::string("\2hi\2ho", 6)})}, {"void.example", answer({""})}});
  const auto resolver = forwarding(server, test::ample);
  const auto found = ask(*resolver, "odd.example", Type::TXT);
  EXPECT_EQ(found.status, Status::Ok) << found.private_reason;
  const dns::Record empty = dns::Txt{""};
  const dns::Record text = dns::Txt{"hiho"};
  EXPECT_THAT(found.records, testing::UnorderedElementsAre(empty, text));
  EXPECT_EQ(text_of(ask(*resolver, "void.example", Type::TXT)), "");
}

TEST_F(ForwardTest, SilenceEndsAtTheTimeOut) {
  const ScriptedDns server({{"silent.example", Script{.kind = Script::Kind::Drop, .rcode = 0, .rdata = {}}}});
  const auto resolver = forwarding(server, milliseconds{50});
  const auto failed = ask(*resolver, "silent.example", Type::A);
  EXPECT_EQ(failed.status, Status::Failed);
  EXPECT_THAT(failed.private_reason, HasSubstr("in time"));
}

TEST_F(ForwardTest, OneQuestionInFlightIsAskedOnceAndCachedAfterwards) {
  const ScriptedDns server({{"popular.example", answer({loopback_octets})}});
  const auto resolver = forwarding(server, test::ample);
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Status> answers;
  for (int n = 0; n < 50; ++n) {
    resolver->ask(dns::Question{.name = "popular.example", .type = Type::A}, [&](const dns::Answer& got) {
      const std::scoped_lock lock(mutex);
      answers.push_back(got.status);
      changed.notify_one();
    });
  }
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return answers.size() == 50; });
  EXPECT_THAT(answers, testing::Each(Status::Ok));
  EXPECT_EQ(server.asked("popular.example"), 1);
  EXPECT_EQ(ask(*resolver, "popular.example", Type::A).status, Status::Ok);
  EXPECT_EQ(server.asked("popular.example"), 1);
}

TEST_F(ForwardTest, WhatIsRememberedIsAnsweredAtOnce) {
  const ScriptedDns server({{"popular.example", answer({loopback_octets})}});
  const auto resolver = forwarding(server, test::ample);
  const auto first = ask(*resolver, "popular.example", Type::A);
  std::optional<dns::Answer> second;
  resolver->ask(dns::Question{.name = "popular.example", .type = Type::A},
                [&](dns::Answer got) { second = std::move(got); });
  ASSERT_TRUE(second);
  EXPECT_EQ(second->records, first.records);
}

TEST_F(ForwardTest, AnAnswerLivesAsLongAsTheFirstOfItsChainToEnd) {
  Script brief = answer({loopback_octets});
  brief.ttl = 5;
  Script lasting_alias = answer({});
  lasting_alias.alias_of = std::string("\5brief\7example\0", 15);
  Script brief_alias = answer({});
  brief_alias.alias_of = std::string("\7lasting\7example\0", 17);
  brief_alias.ttl = 5;
  const ScriptedDns server({{"brief.example", brief},
                            {"lasting.example", answer({loopback_octets})},
                            {"one.example", lasting_alias},
                            {"two.example", brief_alias}});
  const auto resolver = forwarding(server, test::ample);
  for (const auto* name : {"one.example", "two.example"}) {
    const auto found = ask(*resolver, name, Type::A);
    EXPECT_EQ(found.records.size(), 1U) << name << found.private_reason;
    EXPECT_GT(found.ttl.count(), 0) << name;
    EXPECT_LE(found.ttl.count(), 5) << name;
  }
}

TEST_F(ForwardTest, WhatLivesForNoTimeAndAbsenceThatDoesNotSayAreNotRemembered) {
  Script fleeting = answer({loopback_octets});
  fleeting.ttl = 0;
  Script alias_of_nothing = answer({});
  alias_of_nothing.alias_of = std::string("\5empty\7example\0", 15);
  const ScriptedDns server(
      {{"fleeting.example", fleeting}, {"empty.example", answer({})}, {"alias.example", alias_of_nothing}});
  const auto resolver = forwarding(server, test::ample);
  for (const auto* name : {"fleeting.example", "empty.example", "nobody.example", "alias.example"}) {
    const auto found = ask(*resolver, name, Type::A);
    EXPECT_NE(found.status, Status::Failed) << name;
    EXPECT_EQ(found.ttl.count(), 0) << name;
  }
}

TEST_F(ForwardTest, AbsenceIsRememberedAsLongAsItsZoneSaysAndFiveMinutesAtMostRfc2308Section5) {
  Script seven = answer({});
  seven.absent_for = 7;
  Script forever = answer({});
  forever.absent_for = 30000;
  forever.ttl = 30000;
  const ScriptedDns server({{"seven.example", seven}, {"forever.example", forever}});
  const auto resolver = forwarding(server, test::ample);
  const auto seconds = ask(*resolver, "seven.example", Type::A).ttl.count();
  EXPECT_GT(seconds, 0);
  EXPECT_LE(seconds, 7);
  EXPECT_LE(ask(*resolver, "forever.example", Type::A).ttl.count(), 300);
}

TEST_F(ForwardTest, MoreAskersThanAllowedAreToldFailedAtOnce) {
  ScriptedDns server({});
  server.hold(true);
  ResolverOptions options;
  options.forwarders = {server.address()};
  options.trust_anchor_file = "none";
  options.timeout = test::ample;
  options.max_waiting = 1;
  const auto resolver = Resolver::create(options).value();
  resolver->ask(dns::Question{.name = "a.example", .type = Type::A}, [](const dns::Answer&) {});
  EXPECT_THAT(ask(*resolver, "a.example", Type::A).private_reason, HasSubstr("too many"));
}

TEST_F(ForwardTest, DestructionAnswersWhatIsStillOpen) {
  ScriptedDns server({});
  server.hold(true);
  std::atomic<int> failed = 0;
  {
    const auto resolver = forwarding(server, test::ample);
    for (int n = 0; n < 20; ++n) {
      dns::Question question{.name = "a" + std::to_string(n % 7) + ".example", .type = Type::A};
      resolver->ask(std::move(question), [&](const dns::Answer& got) { failed += got.status == Status::Failed; });
    }
  }
  EXPECT_EQ(failed, 20);
}

TEST_F(ForwardTest, WithATrustAnchorAnUnsignedRootIsBogusAndNoAbsence) {
  if (!std::filesystem::exists("/usr/share/dns/root.key")) GTEST_SKIP() << "dns-root-data is not installed";
  const ScriptedDns server({{"mx.example", answer({loopback_octets})}});
  ResolverOptions options;
  options.forwarders = {server.address()};
  const auto resolver = Resolver::create(options).value();
  EXPECT_EQ(ask(*resolver, "mx.example", Type::A).status, Status::Failed) << "RFC 4035 §5";
}

}  // namespace
}  // namespace cas::net
