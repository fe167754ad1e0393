// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Packets made by hand, as an MTA and as filters write them.
#include "milter/packet.hpp"

#include <gtest/gtest.h>

#include <array>
#include <stdexcept>

#include "testing/fake_random.hpp"

namespace cas::milter {
namespace {

using namespace std::string_literals;

template <class T>
T command(char code, const std::string& data) {
  auto parsed = parse_command({code, data});
  if (!parsed) throw std::runtime_error(parsed.error().public_text);
  return std::get<T>(*parsed);
}

template <class T>
T reply(char code, const std::string& data) {
  auto parsed = parse_reply({code, data});
  if (!parsed) throw std::runtime_error(parsed.error().public_text);
  return std::get<T>(*parsed);
}

// ---- Packets in a stream ----

TEST(MilterPackets, ALengthALetterAndTheRest) {
  EXPECT_EQ(frame({'H', "mx\0"s}), "\0\0\0\4Hmx\0"s);
  PacketReader reader;
  reader.feed("\0\0\0\4Hmx\0\0\0\0\1N"s);
  EXPECT_EQ(reader.next(), (Packet{'H', "mx\0"s}));
  EXPECT_EQ(reader.next(), (Packet{'N', ""}));
  EXPECT_EQ(reader.next(), std::nullopt);
  EXPECT_EQ(reader.pending(), 0U);
}

TEST(MilterPackets, ComeInPieces) {
  PacketReader reader;
  for (const char c : "\0\0\0\2Bx"s) {
    EXPECT_EQ(reader.next(), std::nullopt);
    reader.feed(std::string(1, c));
  }
  EXPECT_EQ(reader.next(), (Packet{'B', "x"}));
}

TEST(MilterPackets, OneWithoutALetterIsNone) {
  PacketReader reader;
  reader.feed("\0\0\0\0"s);
  EXPECT_FALSE(reader.next());
}

TEST(MilterPackets, NobodyMakesUsWaitForGigabytes) {
  PacketReader reader;
  reader.feed("\x7f\xff\xff\xff"s);
  EXPECT_FALSE(reader.next());
  PacketReader longest;
  longest.feed(frame({'B', std::string(max_packet - 1, 'x')}));
  EXPECT_TRUE(longest.next());
}

// ---- Commands ----

TEST(MilterCommands, Negotiation) {
  const auto offer = command<Negotiation>('O', "\0\0\0\6\0\0\1\xff\0\x1f\xff\xff"s);
  EXPECT_EQ(offer.version, 6U);
  EXPECT_EQ(offer.actions, 0x1ffU);
  EXPECT_EQ(offer.steps, 0x1fffffU);
  EXPECT_TRUE(offer.steps & step::leading_space);
  EXPECT_TRUE(offer.macros.empty());
}

TEST(MilterCommands, AFilterNamesTheMacrosItWants) {
  const auto wanted = command<Negotiation>('O', "\0\0\0\6\0\0\1\1\0\0\0\0\0\0\0\2{auth_type}\0\0\0\0\5i\0"s);
  ASSERT_EQ(wanted.macros.size(), 2U);
  EXPECT_EQ(wanted.macros[0], std::pair(MacroStage::Mail, "{auth_type}"s));
  EXPECT_EQ(wanted.macros[1], std::pair(MacroStage::EndOfMessage, "i"s));
}

TEST(MilterCommands, ConnectOfEachFamily) {
  EXPECT_EQ(command<Connect>('C', "mx.example\0004\020\341192.0.2.1\0"s),
            (Connect{.host = "mx.example", .family = Family::Ipv4, .port = 4321, .address = "192.0.2.1"}));
  EXPECT_EQ(command<Connect>('C', "mx.example\0006\0\031IPv6:2001:db8::1\0"s),
            (Connect{.host = "mx.example", .family = Family::Ipv6, .port = 25, .address = "IPv6:2001:db8::1"}));
  EXPECT_EQ(command<Connect>('C', "localhost\0L\0\0/var/run/x\0"s).family, Family::Unix);
  EXPECT_EQ(command<Connect>('C', "unknown\0U"s), (Connect{.host = "unknown"}));
}

TEST(MilterCommands, MacrosAreForTheCommandThatFollows) {
  const auto macros = command<DefineMacros>('D', "M{auth_type}\0PLAIN\0i\0\0"s);
  EXPECT_EQ(macros.command, 'M');
  EXPECT_EQ(macros.values, (Macros{{"{auth_type}", "PLAIN"}, {"i", ""}}));
  EXPECT_TRUE(command<DefineMacros>('D', "C").values.empty());
}

TEST(MilterCommands, TheEnvelopeWithItsParameters) {
  EXPECT_EQ(command<MailFrom>('M', "<joe@north.example>\0SIZE=10\0BODY=8BITMIME\0"s).arguments,
            (std::vector<std::string>{"<joe@north.example>", "SIZE=10", "BODY=8BITMIME"}));
  EXPECT_EQ(command<RcptTo>('R', "<suzie@south.example>\0"s).arguments,
            (std::vector<std::string>{"<suzie@south.example>"}));
}

TEST(MilterCommands, HeadersAndBody) {
  EXPECT_EQ(command<Header>('L', "Subject\0 one\n two\0"s), (Header{"Subject", " one\n two"}));
  EXPECT_EQ(command<Body>('B', "a\0b"s).octets, "a\0b"s);
  EXPECT_EQ(command<EndOfBody>('E', "").octets, "");
}

struct Broken {
  const char* what;
  char code;
  std::string data;
};

TEST(MilterCommands, OneThatIsNotWhollyThereIsRefused) {
  const std::vector<Broken> cases{
      {"a letter nobody knows", 'Z', ""},
      {"a negotiation without steps", 'O', "\0\0\0\6\0\0\0\0"s},
      {"a stage nobody knows", 'O', "\0\0\0\6\0\0\0\0\0\0\0\0\0\0\0\7i\0"s},
      {"stages without end", 'O',
       "\0\0\0\6\0\0\0\0\0\0\0\0"s +
           [] {
             std::string all;
             for (int n = 0; n < 8; ++n) all += "\0\0\0\0i\0"s;
             return all;
           }()},
      {"a text without end", 'H', "mx"},
      {"something behind it", 'H', "mx\0x"s},
      {"something where nothing belongs", 'N', "x"},
      {"no argument", 'M', ""},
      {"a family nobody knows", 'C', "mx\0X\0\0a\0"s},
      {"an address without its port", 'C', "mx\0004\0"s},
      {"an address behind none", 'C', "mx\0U\0\0a\0"s},
      {"a macro without value", 'D', "Mi\0"s},
      {"a macro without name", 'D', "M\0x\0"s},
      {"macros for nothing", 'D', ""},
      {"a field without value", 'L', "Subject\0"s},
      {"a field without name", 'L', "\0x\0"s},
      {"a blank in a field's name", 'L', "Sub ject\0x\0"s},
      {"a line end in a field's name", 'L', "A\nB\0x\0"s},
  };
  for (const auto& broken : cases) EXPECT_FALSE(parse_command({broken.code, broken.data})) << broken.what;
}

TEST(MilterCommands, ArgumentsAndMacrosAreCounted) {
  std::string arguments, macros = "M";
  for (std::size_t n = 0; n < max_arguments; ++n) arguments += "x\0"s;
  for (std::size_t n = 0; n < max_macros; ++n) macros += "i\0x\0"s;
  EXPECT_TRUE(parse_command({'M', arguments}));
  EXPECT_FALSE(parse_command({'M', arguments + "x\0"s}));
  EXPECT_TRUE(parse_command({'D', macros}));
  EXPECT_FALSE(parse_command({'D', macros + "i\0x\0"s}));
}

// ---- Replies ----

TEST(MilterReplies, Verdicts) {
  for (const char code : "cartdps4f"s) EXPECT_EQ(reply<Verdict>(code, ""), static_cast<Verdict>(code)) << code;
  EXPECT_FALSE(parse_reply({'c', "x"}));
}

TEST(MilterReplies, APercentSignIsDoubledOnTheWire) {
  EXPECT_EQ(print(ReplyCode{"550 5.7.1 100% no"}).data, "550 5.7.1 100%% no\0"s);
  EXPECT_EQ(reply<ReplyCode>('y', "550 5.7.1 100%% no\0"s).text, "550 5.7.1 100% no");
  EXPECT_EQ(reply<ReplyCode>('y', "550 5.7.1 %no\0"s).text, "550 5.7.1 no");
  EXPECT_EQ(reply<ReplyCode>('y', "550 5.7.1 no%\0"s).text, "550 5.7.1 no");
}

TEST(MilterReplies, ACodeIsFourOrFiveHundred) {
  for (const std::string text : {"250 ok", "55 no", "5x0 no", "550no", ""}) {
    EXPECT_FALSE(parse_reply({'y', text + '\0'})) << text;
  }
  EXPECT_EQ(reply<ReplyCode>('y', "451-4.7.1 a\r\n451 4.7.1 b\0"s).text, "451-4.7.1 a\r\n451 4.7.1 b");
}

TEST(MilterReplies, Modifications) {
  EXPECT_EQ(reply<AddHeader>('h', "A\0b\0"s), (AddHeader{"A", "b"}));
  EXPECT_EQ(reply<ChangeHeader>('m', "\0\0\0\2A\0\0"s), (ChangeHeader{2, "A", ""}));
  EXPECT_EQ(reply<InsertHeader>('i', "\0\0\0\0A\0 b\n c\0"s), (InsertHeader{0, "A", " b\n c"}));
  EXPECT_EQ(reply<ChangeFrom>('e', "<a@b>\0"s), (ChangeFrom{.path = "<a@b>"}));
  EXPECT_EQ(reply<ChangeFrom>('e', "<a@b>\0SIZE=1\0"s), (ChangeFrom{"<a@b>", "SIZE=1"}));
  EXPECT_EQ(reply<AddRecipient>('+', "<a@b>\0"s), (AddRecipient{.path = "<a@b>"}));
  EXPECT_EQ(reply<AddRecipient>('2', "<a@b>\0NOTIFY=NEVER\0"s), (AddRecipient{"<a@b>", "NOTIFY=NEVER"}));
  EXPECT_EQ(reply<DeleteRecipient>('-', "<a@b>\0"s).path, "<a@b>");
  EXPECT_EQ(reply<ReplaceBody>('b', "x\0y"s).octets, "x\0y"s);
  EXPECT_EQ(reply<Quarantine>('q', "why\0"s).reason, "why");
  EXPECT_TRUE(is_modification(Quarantine{"why"}));
  EXPECT_FALSE(is_modification(Verdict::Progress));
}

// ---- Properties ----

struct Draw {
  testing::FakeRandom random;
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(random.below(n)); }
  std::string text(std::string_view alphabet, std::size_t least = 0) {
    std::string out;
    for (std::size_t n = least + below(12); n > 0; --n)
      out += alphabet[below(static_cast<std::uint32_t>(alphabet.size()))];
    return out;
  }
  std::string any() { return text("ab %<>@\n\r\xff"); }
  std::string octets() { return text({"a\0\r\n\xff", 5}); }
  std::string name() { return text("ABc-1", 1); }
  std::vector<std::string> several() {
    std::vector<std::string> all(1 + below(3));
    for (auto& one : all) one = any();
    return all;
  }
  Negotiation negotiation() {
    Negotiation value{.version = below(8), .actions = below(512), .steps = below(1 << 21)};
    for (auto n = below(4); n > 0; --n) value.macros.emplace_back(static_cast<MacroStage>(below(7)), any());
    return value;
  }
};

Command some_command(Draw& draw) {
  constexpr std::array families{Family::Unix, Family::Ipv4, Family::Ipv6};
  switch (draw.below(15)) {
    case 0: return draw.negotiation();
    case 1: return DefineMacros{'M', {{draw.name(), draw.any()}, {draw.name(), draw.any()}}};
    case 2:
      return Connect{draw.any(), families[draw.below(3)], static_cast<std::uint16_t>(draw.below(65536)), draw.any()};
    case 3: return Helo{draw.any()};
    case 4: return MailFrom{draw.several()};
    case 5: return RcptTo{draw.several()};
    case 6: return DataBegins{};
    case 7: return Header{draw.name(), draw.any()};
    case 8: return EndOfHeaders{};
    case 9: return Body{draw.octets()};
    case 10: return EndOfBody{draw.octets()};
    case 11: return Abort{};
    case 12: return Quit{};
    case 13: return QuitNewConnection{};
    default: return UnknownCommand{draw.any()};
  }
}

Reply some_reply(Draw& draw) {
  constexpr std::string_view verdicts = "cartdps4f";
  switch (draw.below(11)) {
    case 0: return draw.negotiation();
    case 1: return ReplyCode{"451 4.7.1 " + draw.any()};
    case 2: return AddHeader{draw.name(), draw.any()};
    case 3: return ChangeHeader{draw.below(1000), draw.name(), draw.any()};
    case 4: return InsertHeader{draw.below(1000), draw.name(), draw.any()};
    case 5: return ChangeFrom{draw.any(), draw.below(2) == 0 ? std::nullopt : std::optional(draw.any())};
    case 6: return AddRecipient{draw.any(), draw.below(2) == 0 ? std::nullopt : std::optional(draw.any())};
    case 7: return DeleteRecipient{draw.any()};
    case 8: return ReplaceBody{draw.octets()};
    case 9: return Quarantine{draw.any()};
    default: return static_cast<Verdict>(verdicts[draw.below(9)]);
  }
}

TEST(MilterProperties, WhatIsWrittenIsReadAgain) {
  Draw draw;
  for (int n = 0; n < 5000; ++n) {
    const auto command = some_command(draw);
    EXPECT_EQ(parse_command(print(command)), command);
    const auto reply = some_reply(draw);
    EXPECT_EQ(parse_reply(print(reply)), reply);
  }
}

}  // namespace
}  // namespace cas::milter
