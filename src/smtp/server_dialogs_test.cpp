// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Properties over random dialogs: one reply for each command, in order (I9); what a failed CONFIRM leaves behind (I4);
// what RSET, EHLO and STARTTLS leave behind (I6); the same replies however the octets are cut (CAS §21).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "smtp/server_session.hpp"
#include "testing/fake_random.hpp"
#include "testing/player.hpp"

namespace cas::smtp {
namespace {

using cas::testing::Conversation;
using cas::testing::StubWorld;

ServerOptions options_with(bool starttls, bool cas, bool submission = false) {
  return ServerOptions{.host = Domain::parse("mx.b.example").value(),
                       .limits = {},
                       .offer_starttls = starttls,
                       .offer_cas = cas,
                       .submission = submission};
}

StubWorld world() {
  StubWorld world;
  world.mail.insert_or_assign("<spam@a.example>", Reply(550, {5, 7, 1}, "no"));
  world.confirm.insert_or_assign("good", Reply(250, {2, 7, 0}, "[CAS:ok]"));
  world.confirm.insert_or_assign("bad", Reply(550, {5, 7, 5}, "[CAS:signature]"));
  world.rcpt.insert_or_assign("none@b.example", Reply(550, {5, 1, 1}, "no such user"));
  return world;
}

/// The codes of whole replies, in order.
std::vector<int> codes_of(std::string_view replies) {
  std::vector<int> codes;
  while (!replies.empty()) {
    const std::string_view line = replies.substr(0, replies.find("\r\n"));
    replies.remove_prefix(line.size() + 2);
    if (line.at(3) == ' ') codes.push_back(std::stoi(std::string(line.substr(0, 3))));
  }
  return codes;
}

constexpr std::string_view commands[] = {
    "EHLO a.example",
    "HELO a.example",
    "MAIL FROM:<joe@a.example>",
    "MAIL FROM:<spam@a.example>",
    "CONFIRM good",
    "CONFIRM bad",
    "RCPT TO:<bob@b.example>",
    "RCPT TO:<none@b.example>",
    "DATA",
    "BDAT 0",
    "BDAT 9",
    "BDAT 31",
    "BDAT 65 LAST",
    "BDAT 0 LAST",
    "BDAT 6 FIRST",
    "RSET",
    "NOOP",
    "STARTTLS",
    "VRFY x",
    "MAIL FROM:<joe@example",
    "RCPT TO:<bob>",
    "WHAT",
};

/// What a client sends that does not wait: the command and, for BDAT, its chunk, which looks like commands.
std::string octets_of(std::string_view command) {
  constexpr std::string_view chunk = "RSET\r\nMAIL FROM:<evil@a.example>\r\nRCPT TO:<bob@b.example>\r\nQUIT\r\n";
  std::string octets = std::string(command) + "\r\n";
  const auto bdat = parse_command(command).verb == Verb::Bdat ? parse_bdat(command.substr(5)) : std::nullopt;
  if (bdat) octets += chunk.substr(0, bdat->octets);
  return octets;
}

/// A second opinion on what the session may know, kept from nothing but commands and codes.
struct Model {
  bool mail = false;
  bool confirmed = false;
  bool poisoned = false;  // a CONFIRM failed and no MAIL was accepted since

  void on_reply(std::string_view command, int code) {
    const bool good = code >= 200 && code < 300;
    const bool forgets = command.starts_with("RSET") || command.starts_with("EHLO") || command.starts_with("HELO") ||
                         command.starts_with("STARTTLS");
    if (command.starts_with("CONFIRM")) {
      confirmed = good;
      if (!good) poisoned = true, mail = false;
    } else if (command.starts_with("BDAT") && (!good || command.ends_with("LAST"))) {
      mail = confirmed = false;
    } else if (command.starts_with("MAIL") && good) {
      *this = Model{.mail = true, .confirmed = false, .poisoned = false};
    } else if (forgets && good) {
      mail = confirmed = false;
    }
  }
};

void check_against(const Model& model, std::string_view command, int code, const Conversation& conversation) {
  const bool goes_on = command.starts_with("RCPT") || command == "DATA" || command.starts_with("BDAT");
  if (model.poisoned && goes_on) EXPECT_TRUE(code == 503 || code == 502) << command;  // I4
  if (command.starts_with("BDAT") && code == 502) EXPECT_FALSE(conversation.session().extended());
  EXPECT_EQ(conversation.session().confirmed(), model.confirmed) << command;  // I6
  EXPECT_EQ(conversation.session().mail().has_value(), model.mail) << command;
}

class RandomDialogs : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(RandomDialogs, KeepI4I6AndI9) {
  cas::testing::FakeRandom random(GetParam());
  ServerOptions options = options_with(true, true);
  options.limits.bad_commands = options.limits.failed_confirms = 100000;
  Conversation conversation(options, random.below(2) == 0, world());
  Model model;
  for (int n = 0; n < 300; ++n) {
    const std::string_view command = commands[random.below(std::size(commands))];
    const std::size_t before = conversation.replies().size();
    conversation.feed(octets_of(command));
    const auto codes = codes_of(std::string_view(conversation.replies()).substr(before));
    ASSERT_EQ(codes.size(), 1U) << command;  // I9
    model.on_reply(command, codes[0]);
    check_against(model, command, codes[0], conversation);
    if (codes[0] != 354) continue;
    conversation.feed("hello\r\n.\r\n");
    ASSERT_TRUE(conversation.replies().ends_with("250 2.0.0 queued\r\n"));
    model = Model{};
  }
}

TEST_P(RandomDialogs, GetTheSameRepliesHoweverTheyAreCut) {
  cas::testing::FakeRandom random(GetParam());
  std::vector<std::string> steps;
  for (int n = 0; n < 200; ++n) {
    const std::string_view command = commands[random.below(std::size(commands))];
    if (command == "STARTTLS") continue;  // a client that knows the answer waits for it
    steps.push_back(octets_of(command));
    if (command == "DATA") steps.back() += "Subject: x\r\n\r\n..\r\n.\r\n";
    if (random.below(40) == 0) steps.push_back(std::string(random.below(9000), 'x') + "\r\n");
    if (random.below(40) == 0) steps.push_back("CONFIRM " + std::string(random.below(16000), 'x') + "\r\n");
    if (random.below(150) == 0) steps.emplace_back("BDAT what\r\n");
    if (random.below(200) == 0) steps.emplace_back("bare\nLF\r\n");
  }
  ServerOptions options = options_with(false, true);
  if (GetParam() % 2 == 0) options.limits.bad_commands = options.limits.failed_confirms = 100000;
  Conversation one_by_one(options, true, world());
  std::string octets;
  for (const auto& step : steps) {
    one_by_one.feed(step);
    octets += step;
  }
  for (const std::size_t longest : {1000000U, 1U, 50U}) {
    Conversation cut(options, true, world());
    for (std::string_view rest = octets; !rest.empty();) {
      const std::size_t piece = longest == 50 ? 1 + random.below(longest) : longest;
      cut.feed(rest.substr(0, piece));
      rest.remove_prefix(std::min(piece, rest.size()));
    }
    EXPECT_EQ(cut.replies(), one_by_one.replies());
    EXPECT_EQ(cut.asked(), one_by_one.asked());
    EXPECT_EQ(cut.messages(), one_by_one.messages());
    EXPECT_EQ(cut.closed(), one_by_one.closed());
  }
}

/// What is pipelined behind a failed CONFIRM never becomes a message, whatever it is and however it is sent.
TEST_P(RandomDialogs, NeverTakeAMessageBehindAFailedConfirm_Cas5_4) {
  cas::testing::FakeRandom random(GetParam());
  ServerOptions options = options_with(false, true);
  options.limits.bad_commands = options.limits.failed_confirms = 100000;
  Conversation conversation(options, true, world());
  std::string flight = "EHLO a.example\r\nMAIL FROM:<joe@a.example>\r\nCONFIRM ";
  flight += random.below(2) == 0 ? "bad\r\n" : std::string(9000, 'x') + "\r\n";
  const std::string_view behind[] = {
      "RCPT TO:<bob@b.example>", "BDAT 31", "BDAT 65 LAST", "BDAT 0 LAST", "BDAT 6 X", "DATA", "CONFIRM good", "NOOP"};
  for (int n = 0; n < 100; ++n) flight += octets_of(behind[random.below(std::size(behind))]);
  conversation.feed(flight);
  const auto codes = codes_of(conversation.replies());
  ASSERT_EQ(codes.size(), 104U);  // I9, with the greeting
  for (std::size_t n = 4; n < codes.size(); ++n) EXPECT_TRUE(codes[n] == 503 || codes[n] == 250) << codes[n];
  EXPECT_TRUE(conversation.messages().empty());
  EXPECT_THAT(conversation.asked(), ::testing::Not(::testing::Contains(::testing::HasSubstr("rcpt"))));
}

TEST(RandomDialogsChunk, IsOneThatTheServerTakes) {
  Conversation conversation(options_with(false, true), true, world());
  for (const auto* command : {"EHLO a.example", "MAIL FROM:<joe@a.example>", "CONFIRM good", "RCPT TO:<bob@b.example>",
                              "BDAT 9", "BDAT 65 LAST"}) {
    conversation.feed(octets_of(command));
  }
  ASSERT_EQ(conversation.messages().size(), 1U) << conversation.replies();
  EXPECT_TRUE(conversation.messages()[0].starts_with("RSET\r\nMAIRSET\r\n"));
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomDialogs, ::testing::Range<std::uint64_t>(1, 61));

}  // namespace
}  // namespace cas::smtp
