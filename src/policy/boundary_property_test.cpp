// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Properties of CAS §21 at the boundary, on header sections at random: no CAS-Confirmation crosses it, and the author
// that is judged is the author that is shown.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "base/encoding.hpp"
#include "policy/boundary.hpp"
#include "testing/fake_random.hpp"

namespace cas::policy {
namespace {

using cas::testing::FakeRandom;

/// `text` with each letter in a case of its own.
std::string in_some_case(FakeRandom& random, std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (is_alpha(c) && random.below(2) == 0) c = static_cast<char>(c ^ 0x20);
  }
  return out;
}

template <std::size_t n>
std::string_view one_of(FakeRandom& random, const std::array<std::string_view, n>& words) {
  return words[random.below(n)];
}

// ---- CAS-Confirmation ----

struct Section {
  std::string text;
  std::string kept;  // without CAS-Confirmation
};

Section random_section(FakeRandom& random) {
  constexpr std::array<std::string_view, 8> names{"CAS-Confirmation",   "CAS-Confirmation", "CAS-Confirmation-Id",
                                                  "X-CAS-Confirmation", "Subject",          "CAS_Confirmation",
                                                  "Received",           "CAS-Confirmatio"};
  constexpr std::array<std::string_view, 7> values{" 1.k3.1795546800.AAECAwQFBgcICQoLDA0ODw.a.example.mac",
                                                   "",
                                                   " x\r\n 1.k3.2",
                                                   "\r\n\t1.k3.2\r\n \r\n y",
                                                   " CAS-Confirmation: 1.k3.2",
                                                   "\r\n CAS-Confirmation: 1.k3.2",
                                                   ":"};
  Section section;
  for (std::uint64_t fields = 1 + random.below(8); fields > 0; --fields) {
    const std::string_view name = one_of(random, names);
    std::string field = in_some_case(random, name);
    if (random.below(4) == 0) field += random.below(2) == 0 ? " " : "\t ";  // RFC 5322 §4.5.1: obsolete, and read
    field += ":" + std::string(one_of(random, values)) + "\r\n";
    section.text += field;
    if (name != "CAS-Confirmation") section.kept += field;
  }
  return section;
}

TEST(BoundaryProperty, NoCasConfirmationCrossesAndNothingElseIsTouchedCasSection21) {
  FakeRandom random(1);
  std::size_t stripped = 0;
  for (int round = 0; round < 3000; ++round) {
    const Section section = random_section(random);
    const auto fields = parse_header(section.text);
    ASSERT_TRUE(fields) << section.text;
    BoundaryFacts facts;
    facts.authserv_id = "mx.b.example";
    const std::string edited = edit_header(*fields, facts);
    ASSERT_EQ(edited, section.kept + "\r\n");
    const auto again = parse_header(edited);
    ASSERT_TRUE(again);
    ASSERT_TRUE(std::ranges::none_of(*again, [](const HeaderField& field) {
      return iequals(field.name, "CAS-Confirmation");
    })) << edited;
    ASSERT_EQ(edit_header(*again, facts), edited);
    if (section.text != section.kept) ++stripped;
  }
  EXPECT_GT(stripped, 1000U);
}

// ---- The author ----

/// A From field, and the mailboxes that it shows.
struct Shown {
  std::string value;
  std::vector<std::string> mailboxes;
};

constexpr std::array<std::string_view, 4> addresses{"ada@west.example", "ada@west.example", "ceo@bank.example",
                                                    "Ada@west.example"};

std::string decorated(FakeRandom& random, const std::string& address) {
  const std::string fold = random.below(3) == 0 ? "\r\n " : " ";
  switch (random.below(10)) {
    case 0: return address;
    case 1: return "<" + address + ">";
    case 2: return "Ada" + fold + "<" + address + ">";
    case 3: return "\"ceo@bank.example\"" + fold + "<" + address + ">";
    case 4: return "\"<ceo@bank.example>, Ada\"" + fold + "<" + address + ">";
    case 5: return "(ceo@bank.example) " + address + " (, ceo@bank.example)";
    case 6: return "=?utf-8?q?ceo=40bank=2Eexample?=" + fold + "<" + address + ">";
    case 7: return "Ada" + fold + "<@relay.example:" + address + ">";  // RFC 5322 §4.4
    case 8: return "\"A \\\" <ceo@bank.example>\" <" + address + ">";
    default: return "Ada (a \\) b)" + fold + "< " + address + " >";
  }
}

Shown random_from(FakeRandom& random) {
  Shown shown;
  const std::uint64_t count = random.below(5) == 0 ? random.below(4) : 1;
  std::string list;
  for (std::uint64_t n = 0; n < count; ++n) {
    const std::string address(one_of(random, addresses));
    shown.mailboxes.push_back(address);
    list += (list.empty() ? "" : ", ") + decorated(random, address);
  }
  const bool group = count != 1 || random.below(8) == 0;
  shown.value = group ? " All: " + list + ";" : " " + list;
  if (group) shown.mailboxes.emplace_back("All");  // a group is shown by its name, and is no author
  return shown;
}

confirm::Intent intent_of(const std::string& author, const confirm::MessageFacts& facts) {
  const Mailbox mailbox = Mailbox::parse(author).value();
  return {.id = {},
          .signing_domain = *mailbox.domain(),
          .selector = "s1",
          .algorithm = {},
          .issued = {},
          .expires = {},
          .envelope_from = {},
          .recipient_domain = *mailbox.domain(),
          .recipients = {mailbox.local()},
          .author = mailbox,
          .klass = {},
          .list_id = {},
          .forwarded = false,
          .digest = confirm::digest_c1({}, facts.hashes),
          .signature = {}};
}

/// Fields of the header that a mail program could show as the author, told without parse_header.
std::size_t count_from_lines(std::string_view header) {
  std::size_t count = 0;
  std::size_t at = 0;
  while (at < header.size()) {
    const std::string_view line = header.substr(at, header.find("\r\n", at) - at);
    const auto colon = line.find(':');
    if (colon != std::string_view::npos && iequals(trim_wsp(line.substr(0, colon)), "from") && !is_wsp(line.front()))
      ++count;
    at += line.size() + 2;
  }
  return count;
}

TEST(BoundaryProperty, TheAuthorThatIsJudgedIsTheAuthorThatIsShownCasSection21) {
  FakeRandom random(2);
  std::size_t accepted = 0, refused = 0;
  for (int round = 0; round < 3000; ++round) {
    const Shown shown = random_from(random);
    std::string header = in_some_case(random, "From") + (random.below(5) == 0 ? " :" : ":") + shown.value + "\r\n";
    std::vector<std::string> all = shown.mailboxes;
    if (random.below(4) == 0) {
      const Shown second = random_from(random);
      const std::string field =
          in_some_case(random, "From") + (random.below(3) == 0 ? " :" : ":") + second.value + "\r\n";
      header = random.below(2) == 0 ? field + header : header + field;
      all.insert(all.end(), second.mailboxes.begin(), second.mailboxes.end());
    }
    header +=
        "Sender: ceo@bank.example\r\nReply-To: ceo@bank.example\r\nX-From: ceo@bank.example\r\nDate: x\r\nMessage-ID: "
        "<1@a>\r\n";
    const auto fields = parse_header(header);
    ASSERT_TRUE(fields) << header;
    confirm::MessageFacts facts = message_facts(*fields);
    facts.hashes.header = confirm::header_hash(*fields);
    const bool ok = confirm::check_message(intent_of("ada@west.example", facts), facts).has_value();
    const bool one = count_from_lines(header) == 1 && all == std::vector<std::string>{"ada@west.example"};
    ASSERT_EQ(ok, one) << header;
    ++(ok ? accepted : refused);
  }
  EXPECT_GT(accepted, 500U);
  EXPECT_GT(refused, 500U);
}

TEST(BoundaryProperty, TricksWithFromAreRefusedOrShowTheAuthorCasSection83Step15) {
  for (const std::string_view from :
       {" ada@west.example, ceo@bank.example", " ceo@bank.example <ada@west.example>",
        " <ada@west.example> <ceo@bank.example>", " ada@west.example; ceo@bank.example",
        " ada@west.example\r\n ceo@bank.example", " <ada@west.example", " ada@west.example>", " \"ada@west.example",
        " (ada@west.example) ceo@bank.example", " ada@west.example@bank.example", " \"ada@west.example\"@bank.example",
        " ada@west.example.bank.example", " ada\\@west.example@bank.example", " ceo@bank.example (ada@west.example)",
        ""}) {
    const std::string header = "From:" + std::string(from) + "\r\nDate: x\r\nMessage-ID: <1@a>\r\n";
    const auto fields = parse_header(header);
    ASSERT_TRUE(fields) << header;
    confirm::MessageFacts facts = message_facts(*fields);
    facts.hashes.header = confirm::header_hash(*fields);
    EXPECT_EQ(confirm::check_message(intent_of("ada@west.example", facts), facts),
              std::unexpected(confirm::Reason::FromMismatch))
        << from;
  }
}

// ---- The class ----

TEST(BoundaryProperty, WhatTheDigestForgivesDoesNotChangeTheClassCasSection48) {
  FakeRandom random(3);
  constexpr std::array<std::string_view, 7> fields{"List-Id: News < news.west.example >",
                                                   "List-Id: News <news.west.example>",
                                                   "List-Id: <News.West.example>",
                                                   "Auto-Submitted: auto-replied; x=y",
                                                   "Auto-Submitted: no",
                                                   "List-Id: <a.example> (b)",
                                                   "Auto-Submitted: No (really)"};
  for (int round = 0; round < 2000; ++round) {
    const std::string plain = std::string(one_of(random, fields)) + "\r\n";
    // Refolding at a blank, blanks at the ends, and the case of the name (RFC 6376 §3.4.2).
    const auto colon = plain.find(':');
    std::string moved = in_some_case(random, plain.substr(0, colon)) + (random.below(2) == 0 ? " :" : ":");
    for (const char c : std::string_view(plain).substr(colon + 1, plain.size() - colon - 3)) {
      moved += c == ' ' && random.below(2) == 0 ? "\r\n \t" : std::string(1, c);
    }
    moved += random.below(2) == 0 ? " \r\n\t\r\n" : "\r\n";
    const auto before = parse_header(plain), after = parse_header(moved);
    ASSERT_TRUE(before && after) << moved;
    ASSERT_EQ(confirm::header_hash(*before), confirm::header_hash(*after)) << moved;
    ASSERT_EQ(classify(*before).klass, classify(*after).klass) << moved;
    ASSERT_EQ(classify(*before).list_id, classify(*after).list_id) << moved;
  }
}

}  // namespace
}  // namespace cas::policy
