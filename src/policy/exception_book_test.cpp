// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Which entry decides: each kind of pattern, each proof, the order, and the same answers as without an index.
#include "policy/exception_book.hpp"

#include <gmock/gmock.h>

#include <map>

#include "policy/exception_rules.hpp"
#include "testing/fake_random.hpp"

namespace cas::policy {
namespace {

using enum ExceptionAction;
using ::testing::ElementsAre;

constexpr UnixTime now{seconds{1795460400}};

Mailbox mailbox(std::string_view text) {
  return Mailbox::parse(text).value();
}

Exception entry(std::int64_t id, ExceptionAction action, std::string_view pattern, Proof proof,
                std::string_view scope = {}) {
  return {.id = id,
          .action = action,
          .pattern = Pattern::parse(pattern).value(),
          .scope = Scope::parse(scope).value(),
          .proof = proof,
          .reason = {},
          .owner = {},
          .created = {},
          .expires = {}};
}

ExceptionBook book_of(const std::vector<Exception>& entries) {
  ExceptionBook book(7);
  for (const auto& one : entries) EXPECT_TRUE(book.add(one)) << one.pattern.text();
  return book;
}

std::int64_t decided(const ExceptionBook& book, const SenderIdentity& sender,
                     std::string_view recipient = "suzie@south.example") {
  const auto findings = book.find(sender, mailbox(recipient), now);
  return findings.decided ? findings.decided->id : 0;
}

/// A stranger of whom everything is known and nothing fits.
SenderIdentity stranger() {
  return {.client = IpAddress::parse("198.51.100.9"),
          .envelope = ReversePath(mailbox("bounce@elsewhere.example")),
          .author = mailbox("who@stranger.example"),
          .signer = Domain::parse("signer.example").value()};
}

struct ProofCase {
  const char* name;
  ExceptionAction action;
  std::string_view pattern;
  Proof proof;
  std::function<void(SenderIdentity&)> matches, proves;
};

void author_is(SenderIdentity& sender, std::string_view text) {
  sender.author = mailbox(text);
}
void envelope_is(SenderIdentity& sender, std::string_view text) {
  sender.envelope = ReversePath(mailbox(text));
}
const auto author_joe = [](SenderIdentity& s) { author_is(s, "Joe@a.north.example"); };
const auto envelope_joe = [](SenderIdentity& s) { envelope_is(s, "joe@A.north.example"); };
const auto from_list = [](SenderIdentity& s) { s.list_id = "news.north.example"; };
const auto signature = [](SenderIdentity& s) { s.author_proven = true; };
const auto list_signature = [](SenderIdentity& s) { s.list_proven = true; };
const auto spf = [](SenderIdentity& s) { s.spf_pass = true; };
const auto certificate = [](SenderIdentity& s) { s.certificate = {"*.north.example", "A.north.example"}; };
const auto nothing = [](SenderIdentity&) {};
const auto client = [](SenderIdentity& s) { s.client = IpAddress::parse("192.0.2.77"); };

TEST(ExceptionBook, BelievesAnEntryWhenItsProofIsThere) {
  const std::vector<ProofCase> cases{
      {"address by signature", Exempt, "joe@a.north.example", Proof::Dkim, author_joe, signature},
      {"domain by signature", Exempt, "a.north.example", Proof::Dkim, author_joe, signature},
      {"below by signature", Allow, ".north.example", Proof::Dkim, author_joe, signature},
      {"regex by signature", Allow, "/^joe@.*\\.north\\.example$/", Proof::Dkim, author_joe, signature},
      {"list by its domain", Allow, "list:news.north.example", Proof::Dkim, from_list, list_signature},
      {"address by SPF", Exempt, "joe@a.north.example", Proof::Spf, envelope_joe, spf},
      {"domain by SPF", Exempt, "a.north.example", Proof::Spf, envelope_joe, spf},
      {"below by SPF", Exempt, ".example", Proof::Spf, envelope_joe, spf},
      {"regex by SPF", Exempt, "/^JOE@.*\\.example$/", Proof::Spf, envelope_joe, spf},
      {"domain by certificate", Exempt, "a.north.example", Proof::Certificate, nothing, certificate},
      {"below by certificate", Exempt, ".north.example", Proof::Certificate, nothing, certificate},
      {"network", Exempt, "192.0.2.64/26", Proof::Client, nothing, client},
      {"address, author, without", Exempt, "joe@a.north.example", Proof::None, nothing, author_joe},
      {"domain, envelope, without", Allow, "a.north.example", Proof::None, nothing, envelope_joe},
      {"list without", Allow, "list:news.north.example", Proof::None, nothing, from_list},
      {"forwarder", Forward, "north.example", Proof::Dkim, author_joe,
       [](SenderIdentity& s) { s.signer = Domain::parse("north.example").value(); }},
      {"block of a client", Block, "192.0.2.0/24", Proof::None, nothing, client},
      {"block of an author", Block, "joe@a.north.example", Proof::None, nothing, author_joe},
      {"block of an envelope", Block, ".north.example", Proof::None, nothing, envelope_joe},
      {"block of a list", Block, "list:news.north.example", Proof::None, nothing, from_list},
      {"block of a signer", Block, "signer2.example", Proof::None, nothing,
       [](SenderIdentity& s) { s.signer = Domain::parse("signer2.example").value(); }},
      {"block by regex", Block, "/^j.e@/", Proof::None, nothing, envelope_joe},
  };
  for (const auto& one : cases) {
    const auto book = book_of({entry(1, one.action, one.pattern, one.proof, "suzie@south.example")});
    SenderIdentity sender = stranger();
    EXPECT_EQ(decided(book, sender), 0) << one.name;
    one.matches(sender);
    EXPECT_EQ(decided(book, sender), 0) << one.name << ": claimed";
    one.proves(sender);
    EXPECT_EQ(decided(book, sender), 1) << one.name << ": proven";
    EXPECT_EQ(decided(book, sender, "other@south.example"), 0) << one.name << ": for another";
  }
}

TEST(ExceptionBook, TakesNoProofForAnother) {
  const auto book =
      book_of({entry(1, Exempt, "a.north.example", Proof::Dkim), entry(2, Exempt, "b.north.example", Proof::Spf),
               entry(3, Exempt, "c.north.example", Proof::Certificate)});
  SenderIdentity sender = stranger();
  sender.spf_pass = sender.author_proven = true;
  envelope_is(sender, "joe@a.north.example");  // proven by SPF, asked for a signature
  EXPECT_EQ(decided(book, sender), 0);
  envelope_is(sender, "joe@elsewhere.example");
  author_is(sender, "joe@b.north.example");  // signed, asked for SPF
  EXPECT_EQ(decided(book, sender), 0);
  sender.certificate = {"a.north.example", "*.c.north.example", "c.north.example.evil.example"};
  EXPECT_EQ(decided(book, sender), 0);
  sender.list_id = "news.north.example";
  sender.list_proven = true;
  EXPECT_EQ(decided(book, sender), 0);
}

TEST(ExceptionBook, DomainsAreWholeLabels) {
  const auto book =
      book_of({entry(1, Block, "north.example", Proof::None), entry(2, Block, ".south.example", Proof::None)});
  const auto author = [&](std::string_view text) {
    SenderIdentity sender;
    author_is(sender, text);
    return decided(book, sender);
  };
  EXPECT_EQ(author("a@north.example"), 1);
  EXPECT_EQ(author("a@b.north.example"), 0);
  EXPECT_EQ(author("a@xnorth.example"), 0);
  EXPECT_EQ(author("a@south.example"), 0);
  EXPECT_EQ(author("a@b.south.example"), 2);
  EXPECT_EQ(author("a@c.b.south.example"), 2);
  EXPECT_EQ(author("a@xsouth.example"), 0);
}

// The first of each pair decides over the second, whichever was entered first.
TEST(ExceptionBook, TheNarrowestScopeThenTheMostSpecificPatternDecides) {
  const auto e = [](ExceptionAction action, std::string_view pattern, std::string_view scope = {}) {
    const Proof proof = usual_proof(action, Pattern::parse(pattern).value());
    return entry(0, action, pattern, proof, scope);
  };
  const std::pair<Exception, Exception> cases[] = {
      {e(Exempt, "192.0.2.0/24", "suzie@south.example"), e(Block, "joe@a.north.example", "south.example")},
      {e(Block, "192.0.2.0/24", "south.example"), e(Exempt, "joe@a.north.example")},
      {e(Allow, ".north.example", "south.example"), e(Block, "a.north.example")},
      {e(Exempt, "joe@a.north.example"), e(Block, "list:news.north.example")},
      {e(Block, "list:news.north.example"), e(Exempt, "a.north.example")},
      {e(Allow, "a.north.example"), e(Block, ".north.example")},
      {e(Exempt, ".a.example"), e(Block, "/@.*example$/")},
      {e(Block, ".north.example"), e(Allow, ".example")},
      {e(Block, "/@.*example$/"), e(Exempt, "192.0.2.0/24")},
      {e(Block, "192.0.2.64/26"), e(Exempt, "192.0.2.0/24")},
      {e(Block, "a.north.example"), e(Exempt, "a.north.example")},
      {e(Exempt, "a.north.example"), e(Allow, "a.north.example")},
      {e(Allow, "192.0.2.0/24"), e(Forward, "signer.example", "suzie@south.example")},
  };
  SenderIdentity sender = stranger();
  sender.client = IpAddress::parse("192.0.2.77");
  sender.author_proven = sender.list_proven = true;
  sender.list_id = "news.north.example";
  for (auto [first, second] : cases) {
    author_is(sender, first.pattern.text() == ".a.example" ? "joe@b.a.example" : "joe@a.north.example");
    first.id = 1;
    second.id = 2;
    EXPECT_EQ(decided(book_of({first, second}), sender), 1) << first.pattern.text() << " " << second.pattern.text();
    EXPECT_EQ(decided(book_of({second, first}), sender), 1) << second.pattern.text() << " " << first.pattern.text();
  }
}

TEST(ExceptionBook, WithoutItsProofAnEntryOutranksNobody) {
  const auto book = book_of({entry(1, Exempt, "joe@a.north.example", Proof::Dkim, "suzie@south.example"),
                             entry(2, Allow, "192.0.2.0/24", Proof::Client)});
  SenderIdentity sender = stranger();
  client(sender);
  author_joe(sender);
  EXPECT_EQ(decided(book, sender), 2);
  sender.author_proven = true;
  EXPECT_EQ(decided(book, sender), 1);
}

TEST(ExceptionBook, TellsOfAForwarderAlsoWhenAnotherEntryDecides) {
  const auto book = book_of({entry(1, Forward, "signer.example", Proof::Dkim, "suzie@south.example"),
                             entry(2, Allow, ".stranger.example", Proof::None)});
  SenderIdentity sender = stranger();
  auto findings = book.find(sender, mailbox("suzie@south.example"), now);
  EXPECT_EQ(findings.decided->id, 1);
  author_is(sender, "a@b.stranger.example");
  findings = book.find(sender, mailbox("suzie@south.example"), now);
  EXPECT_EQ(findings.decided->id, 2);
  EXPECT_EQ(findings.forward->id, 1);
  EXPECT_FALSE(book.find(sender, mailbox("other@south.example"), now).forward);
}

TEST(ExceptionBook, LetsNobodyInByWhatAForwarderSaysOfTheAuthorCasSection47) {
  const auto book = book_of(
      {entry(1, Allow, "joe@north.example", Proof::None), entry(2, Allow, "list:news.north.example", Proof::None),
       entry(3, Block, ".east.example", Proof::None), entry(4, Allow, "bounce@elsewhere.example", Proof::None)});
  SenderIdentity sender = stranger();
  sender.envelope = ReversePath(mailbox("srs@signer.example"));
  author_is(sender, "joe@north.example");
  sender.list_id = "news.north.example";
  EXPECT_EQ(decided(book, sender), 1);
  sender.forwarded = true;
  EXPECT_EQ(decided(book, sender), 0);
  sender.envelope = ReversePath(mailbox("bounce@elsewhere.example"));
  EXPECT_EQ(decided(book, sender), 4) << "the envelope is the forwarder's own claim";
  author_is(sender, "joe@a.east.example");
  sender.envelope = ReversePath(mailbox("srs@signer.example"));
  EXPECT_EQ(decided(book, sender), 3) << "blocks count";
}

TEST(ExceptionBook, SaysWhetherSpfCouldDecide) {
  auto book = book_of({entry(1, Exempt, ".north.example", Proof::Spf)});
  const auto could = [&](const SenderIdentity& sender) {
    return book.find(sender, mailbox("suzie@south.example"), now).spf_could_decide;
  };
  SenderIdentity sender = stranger();
  client(sender);
  EXPECT_FALSE(could(sender));
  author_joe(sender);
  EXPECT_FALSE(could(sender));
  envelope_joe(sender);
  EXPECT_TRUE(could(sender));
  sender.spf_pass = true;
  EXPECT_FALSE(could(sender));
  sender.spf_pass = false;
  ASSERT_TRUE(book.add(entry(2, Exempt, "192.0.2.0/24", Proof::Client)));
  EXPECT_TRUE(could(sender));  // a network says less than a domain
  ASSERT_TRUE(book.add(entry(3, Block, "joe@a.north.example", Proof::None)));
  EXPECT_FALSE(could(sender));
}

TEST(ExceptionBook, SaysWhetherTheMessageCouldDecideForTheWholeDomain) {
  SenderIdentity sender;
  envelope_is(sender, "a@b.example");
  const auto could = [&](const ExceptionBook& book, std::string_view recipient) {
    return book.find(sender, mailbox(recipient), now).message_could_decide;
  };
  const auto only_this = [&](const Exception& one) { return book_of({one}); };
  auto book = only_this(entry(1, Exempt, "north.example", Proof::Dkim, "suzie@south.example"));
  EXPECT_TRUE(could(book, "suzie@south.example"));
  EXPECT_TRUE(could(book, "nobody@south.example"));
  EXPECT_FALSE(could(book, "suzie@west.example"));
  EXPECT_TRUE(book.remove(1));
  EXPECT_FALSE(could(book, "suzie@south.example"));
  EXPECT_TRUE(could(only_this(entry(1, Exempt, "list:a.north.example", Proof::None)), "a@west.example"));
  EXPECT_TRUE(could(only_this(entry(1, Exempt, "north.example", Proof::Dkim, "south.example")), "a@south.example"));
  EXPECT_FALSE(could(only_this(entry(1, Allow, "north.example", Proof::Dkim)), "a@south.example"));
  EXPECT_FALSE(could(only_this(entry(1, Exempt, "north.example", Proof::Spf)), "a@south.example"));
  EXPECT_FALSE(could(only_this(entry(1, Exempt, "192.0.2.0/24", Proof::Client)), "a@south.example"));

  auto one = entry(1, Exempt, "north.example", Proof::Dkim);
  EXPECT_TRUE(could(only_this(one), "a@south.example"));
  sender.author = mailbox("joe@north.example");  // nothing more is learned
  EXPECT_FALSE(could(only_this(one), "a@south.example"));
  sender.author.reset();
  one.expires = now + seconds(1);
  book = only_this(one);
  book.settle(now);
  EXPECT_TRUE(could(book, "a@south.example"));
  book.settle(now + seconds(1));
  EXPECT_FALSE(could(book, "a@south.example"));
  EXPECT_TRUE(book.remove(1));
  book.settle(now + seconds(9));
  EXPECT_FALSE(could(book, "a@south.example"));
}

TEST(ExceptionBook, AnExpiredEntryDoesNotCount) {
  auto one = entry(1, Block, "north.example", Proof::None);
  one.expires = now + seconds(1);
  const auto book = book_of({one});
  SenderIdentity sender;
  author_is(sender, "a@north.example");
  EXPECT_TRUE(book.find(sender, mailbox("a@south.example"), now).decided);
  EXPECT_FALSE(book.find(sender, mailbox("a@south.example"), now + seconds(1)).decided);
  EXPECT_TRUE(book.explain(sender, mailbox("a@south.example"), now + seconds(1)).at(0).expired);
}

TEST(ExceptionBook, ExplainsEachEntryThatMatches) {
  auto over = entry(4, Exempt, "joe@a.north.example", Proof::None, "south.example");
  over.expires = now;
  const auto book =
      book_of({entry(1, Allow, ".north.example", Proof::Dkim), entry(2, Exempt, "a.north.example", Proof::Spf),
               entry(3, Block, "192.0.2.0/24", Proof::None), over, entry(5, Block, "other.example", Proof::None)});
  SenderIdentity sender = stranger();
  client(sender);
  author_joe(sender);
  envelope_joe(sender);
  sender.author_proven = true;
  const auto opinions = book.explain(sender, mailbox("suzie@south.example"), now);
  std::vector<std::string> told;
  for (const auto& one : opinions) {
    told.push_back(std::to_string(one.match.id) + (one.decides ? " decides" : "") + (one.expired ? " expired" : "") +
                   (one.missing.empty() ? "" : " " + one.missing));
  }
  EXPECT_THAT(told, ElementsAre("4 expired", "2 SPF did not pass", "1 decides", "3"));
}

TEST(ExceptionBook, FindsIdsAndForgetsWhatIsRemoved) {
  auto book = book_of({entry(1, Exempt, "north.example", Proof::Dkim), entry(2, Block, "north.example", Proof::None),
                       entry(3, Exempt, "north.example", Proof::Dkim, "a@south.example"),
                       entry(4, Block, "/^j/", Proof::None), entry(5, Block, "192.0.2.0/24", Proof::None)});
  const auto id = [&](ExceptionAction action, std::string_view pattern, std::string_view scope) {
    return book.id_of(action, Pattern::parse(pattern).value(), Scope::parse(scope).value()).value_or(0);
  };
  EXPECT_EQ(id(Exempt, "north.example", ""), 1);
  EXPECT_EQ(id(Block, "north.example", ""), 2);
  EXPECT_EQ(id(Allow, "north.example", ""), 0);
  EXPECT_EQ(id(Exempt, "north.example", "A@south.example"), 3);
  EXPECT_EQ(id(Exempt, "north.example", "b@south.example"), 0);
  EXPECT_EQ(id(Block, "/^j/", ""), 4);
  EXPECT_EQ(id(Block, "192.0.2.0/24", ""), 5);
  EXPECT_FALSE(book.add(entry(5, Block, "other.example", Proof::None)));
  for (std::int64_t n = 1; n <= 5; ++n) EXPECT_TRUE(book.remove(n));
  EXPECT_FALSE(book.remove(5));
  EXPECT_EQ(book.size(), 0U);
  SenderIdentity sender;
  author_is(sender, "joe@north.example");
  client(sender);
  EXPECT_EQ(decided(book, sender), 0);
}

TEST(ExceptionBook, RegexesMatchTheSameOneByOneAndCompiled) {
  ExceptionBook book(1);
  for (std::int64_t n = 1; n <= 600; ++n) {
    ASSERT_TRUE(book.add(entry(n, Block, "/^user" + std::to_string(n) + "@/", Proof::None)));
  }
  const auto author = [&](const std::string& text) {
    SenderIdentity sender;
    author_is(sender, text);
    return decided(book, sender);
  };
  const auto check = [&] {
    EXPECT_EQ(author("User599@north.example"), 599);
    EXPECT_EQ(author("user1@north.example"), 1);
    EXPECT_EQ(author("user601@north.example"), 0);
  };
  check();
  EXPECT_TRUE(book.regexes().wants_compiling());
  const auto snapshot = book.regexes().snapshot();
  EXPECT_TRUE(book.remove(2));
  ASSERT_TRUE(book.add(entry(700, Block, "/^new@/", Proof::None)));  // while the sets are compiled elsewhere
  book.adopt(RegexBook::compile(snapshot));
  EXPECT_FALSE(book.regexes().wants_compiling());
  check();
  EXPECT_EQ(author("user2@north.example"), 0);
  EXPECT_EQ(author("new@north.example"), 700);
}

TEST(ExceptionBook, HoldsOnlySoManyRegexes) {
  RegexBook book;
  for (std::uint32_t n = 0; n < RegexBook::max_regexes; ++n) ASSERT_TRUE(book.add(n, "^" + std::to_string(n) + "$"));
  EXPECT_FALSE(book.add(1'000'000, "one too many"));
  book.remove(5);
  EXPECT_TRUE(book.add(1'000'000, "now there is room"));
}

// Some thousand changes at random, and the answers of a list that is read from end to end.
TEST(ExceptionBook, AnswersAsAListWould) {
  testing::FakeRandom random(11);
  ExceptionBook book(random.next());
  std::map<std::int64_t, Exception> list;
  const std::vector<std::string> domains{"a.example", "b.a.example", "c.b.a.example", "xa.example", "d.example"};
  const std::vector<std::string> scopes{"", "south.example", "u1@south.example", "u2@south.example", "west.example"};
  const auto pick = [&](const std::vector<std::string>& from) { return from[random.below(from.size())]; };
  const auto pattern = [&]() -> std::string {
    switch (random.below(5)) {
      case 0: return "u" + std::to_string(random.below(3)) + "@" + pick(domains);
      case 1: return pick(domains);
      case 2: return "." + pick(domains);
      case 3: return "10.0.0.0/" + std::to_string(8 + random.below(25));
      default: return "/^u" + std::to_string(random.below(3)) + "@.*" + pick(domains) + "$/";
    }
  };
  const auto naive = [&](const Exception& one, const std::string& author, const IpAddress& from, const Mailbox& to) {
    const auto& text = one.pattern.text();
    if (!one.scope.covers(to)) return false;
    const std::string domain = author.substr(author.find('@') + 1);
    switch (one.pattern.kind()) {
      case Pattern::Kind::Address: return author == text;
      case Pattern::Kind::Domain: return domain == text;
      case Pattern::Kind::Subdomains: return domain.ends_with(text);
      case Pattern::Kind::Network: return IpNetwork::parse(text)->contains(from);
      default: return regex_fits(text.substr(1, text.size() - 2), author);
    }
  };
  for (std::int64_t step = 1; step <= 3000; ++step) {
    if (random.below(3) == 0 && !list.empty()) {
      const auto gone = std::next(list.begin(), static_cast<std::ptrdiff_t>(random.below(list.size())))->first;
      ASSERT_TRUE(book.remove(gone));
      list.erase(gone);
    } else if (list.size() < 60) {
      const auto one = entry(step, Block, pattern(), Proof::None, pick(scopes));
      ASSERT_TRUE(book.add(one));
      list.emplace(step, one);
    }
    if (book.regexes().wants_compiling()) book.adopt(RegexBook::compile(book.regexes().snapshot()));
    const std::string author = "u" + std::to_string(random.below(3)) + "@" + pick(domains);
    SenderIdentity sender;
    sender.client = IpAddress::parse("10.0.0." + std::to_string(random.below(256)));
    author_is(sender, author);
    const auto to =
        mailbox("u" + std::to_string(random.below(3)) + "@" + (random.below(2) == 0 ? "south" : "west") + ".example");
    std::vector<std::int64_t> expected, found;
    for (const auto& [id, one] : list) {
      if (naive(one, author, *sender.client, to)) expected.push_back(id);
    }
    for (const auto& one : book.explain(sender, to, now)) found.push_back(one.match.id);
    ASSERT_THAT(found, ::testing::UnorderedElementsAreArray(expected)) << "step " << step;
    EXPECT_EQ(decided(book, sender, to.wire()), found.empty() ? 0 : found.front()) << "step " << step;
  }
  EXPECT_EQ(book.size(), list.size());
}

}  // namespace
}  // namespace cas::policy
