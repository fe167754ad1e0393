// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The filter's side of a connection, with packets as Postfix and Sendmail send them.
#include "milter/server_session.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace cas::milter {
namespace {

using namespace std::string_literals;

constexpr std::uint32_t all_actions = 0x1ff;
constexpr std::uint32_t all_steps = 0x1fffff;

/// Speaks for the MTA.
class Mta {
 public:
  explicit Mta(std::uint32_t steps = all_steps, std::uint32_t actions = all_actions) {
    agreed_ = std::get<Negotiation>(replied(Negotiation{.version = 6, .actions = actions, .steps = steps}));
  }

  ServerSession& session() { return session_; }
  [[nodiscard]] const Negotiation& agreed() const { return agreed_; }
  ServerSession::Step send(const Command& command) { return session_.on_packet(print(command)); }

  template <class What>
  What happens(const Command& command) {
    auto step = send(command);
    if (const auto* happened = std::get_if<ServerSession::Happened>(&step)) return std::get<What>(happened->what);
    throw std::runtime_error("nothing happened");
  }
  [[nodiscard]] bool hangs_up(const Command& command) {
    const auto step = send(command);
    const auto* close = std::get_if<ServerSession::Close>(&step);
    return close != nullptr && !close->reason.empty();
  }
  Reply replied(const Command& command) {
    auto step = send(command);
    PacketReader reader;
    reader.feed(std::get<ServerSession::Send>(step).octets);
    return *parse_reply(**reader.next());
  }
  /// As far as a message's first field.
  void begin_message() {
    (void)happens<ClientConnected>(Connect{.host = "mx", .family = Family::Ipv4, .port = 25, .address = "192.0.2.1"});
    (void)happens<ClientGreeted>(Helo{"mx"});
    (void)happens<SenderNamed>(MailFrom{{"<joe@north.example>"}});
    (void)happens<RecipientNamed>(RcptTo{{"<suzie@south.example>"}});
  }

 private:
  ServerSession session_{Wants()};
  Negotiation agreed_;
};

TEST(MilterServer, TakesWhatItNeedsOfWhatIsOffered) {
  const Mta mta;
  EXPECT_EQ(mta.agreed().version, 6U);
  EXPECT_EQ(mta.agreed().actions,
            action::add_headers | action::change_headers | action::quarantine | action::request_macros);
  EXPECT_TRUE(mta.agreed().steps & step::leading_space);
  EXPECT_TRUE(mta.agreed().steps & step::no_reply_header);
  EXPECT_FALSE(mta.agreed().steps & (step::no_body | step::no_headers | step::no_rcpt | step::refused_recipients));
}

TEST(MilterServer, AsksForNothingThatWasNotOffered) {
  const Mta mta(0, action::add_headers | action::change_headers);
  EXPECT_EQ(mta.agreed().steps, 0U);
  EXPECT_EQ(mta.agreed().actions, action::add_headers | action::change_headers);
  EXPECT_TRUE(mta.agreed().macros.empty());
}

TEST(MilterServer, NothingIsJudgedForAnMtaThatTakesNoFields) {
  ServerSession session{Wants()};
  const auto step =
      session.on_packet(print(Command(Negotiation{.version = 6, .actions = action::add_headers, .steps = 0})));
  EXPECT_TRUE(std::holds_alternative<ServerSession::Close>(step));
  ServerSession old{Wants()};
  const auto too_old = old.on_packet(print(Command(Negotiation{.version = 1, .actions = all_actions, .steps = 0})));
  EXPECT_TRUE(std::holds_alternative<ServerSession::Close>(too_old));
}

TEST(MilterServer, TellsTheClientOfEachFamily) {
  Mta four, six, local, unknown;
  EXPECT_EQ(four.happens<ClientConnected>(Connect{"mx", Family::Ipv4, 25, "192.0.2.1"}).address, "192.0.2.1");
  EXPECT_EQ(six.happens<ClientConnected>(Connect{"mx", Family::Ipv6, 25, "IPv6:2001:db8::1"}).address, "2001:db8::1");
  EXPECT_TRUE(local.happens<ClientConnected>(Connect{"mx", Family::Unix, 0, "/run/x"}).local);
  const auto nobody = unknown.happens<ClientConnected>(Connect{.host = "mx"});
  EXPECT_EQ(nobody.address, "");
  EXPECT_FALSE(nobody.local);
}

TEST(MilterServer, WhoLoggedInIsKnownForThatTransactionAlone) {
  Mta mta;
  mta.begin_message();
  (void)mta.send(DefineMacros{'M', {{"{auth_type}", "PLAIN"}, {"{auth_authen}", "joe"}}});
  EXPECT_EQ(mta.happens<SenderNamed>(MailFrom{{"<joe@north.example>"}}).user, "joe");
  EXPECT_EQ(mta.happens<SenderNamed>(MailFrom{{"<joe@north.example>"}}).user, "");
  (void)mta.send(DefineMacros{'M', {{"{auth_type}", "EXTERNAL"}}});
  EXPECT_EQ(mta.happens<SenderNamed>(MailFrom{{"<joe@north.example>"}}).user, "?");
}

TEST(MilterServer, AFieldIsAsItStoodInTheMessage) {
  Mta mta;
  mta.begin_message();
  EXPECT_EQ(mta.happens<FieldCame>(Header{"Subject", " one\n\ttwo"}).field, "Subject: one\r\n\ttwo\r\n");
  EXPECT_EQ(mta.happens<FieldCame>(Header{"Subject", "\tone"}).field, "Subject:\tone\r\n");
  Mta without(all_steps & ~step::leading_space);
  without.begin_message();
  EXPECT_EQ(without.happens<FieldCame>(Header{"Subject", "one"}).field, "Subject: one\r\n");
}

TEST(MilterServer, RepliesWhereOneIsAwaited) {
  Mta mta;
  mta.begin_message();
  EXPECT_EQ(mta.session().answer(Verdict::Continue), "\0\0\0\1c"s) << "to RCPT";
  (void)mta.happens<FieldCame>(Header{"Subject", " x"});
  EXPECT_EQ(mta.session().answer(Verdict::Continue), "");
  (void)mta.happens<HeaderEnded>(EndOfHeaders{});
  EXPECT_EQ(mta.session().answer(Verdict::Continue), "");
  (void)mta.happens<MessageEnded>(EndOfBody{});
  EXPECT_EQ(mta.session().answer(Verdict::Accept), "\0\0\0\1a"s);

  Mta old(0);
  old.begin_message();
  (void)old.happens<FieldCame>(Header{"Subject", " x"});
  EXPECT_EQ(old.session().answer(Verdict::Continue), "\0\0\0\1c"s);
}

TEST(MilterServer, AFieldIsInsertedAsTheMtaSpellsIt) {
  const Mta with;
  Mta without(0);
  const auto inserted = [](const ServerSession& session) {
    PacketReader reader;
    reader.feed(session.insert_first("Authentication-Results: mx;\r\n\tspf=pass\r\n"));
    return std::get<InsertHeader>(*parse_reply(**reader.next()));
  };
  EXPECT_EQ(inserted(Mta(with).session()), (InsertHeader{0, "Authentication-Results", " mx;\n\tspf=pass"}));
  EXPECT_EQ(inserted(without.session()), (InsertHeader{0, "Authentication-Results", "mx;\n\tspf=pass"}));
}

TEST(MilterServer, SeveralMessagesAndSeveralClientsOnAConnection) {
  Mta mta;
  mta.begin_message();
  (void)mta.happens<HeaderEnded>(EndOfHeaders{});
  EXPECT_EQ(mta.happens<BodyCame>(Body{"x\r\n"}).octets, "x\r\n");
  (void)mta.happens<MessageEnded>(EndOfBody{});
  (void)mta.happens<SenderNamed>(MailFrom{{"<>"}});
  (void)mta.happens<TransactionOver>(Abort{});
  EXPECT_TRUE(Mta(mta).hangs_up(RcptTo{{"<a@b.example>"}})) << "its transaction is over";
  (void)mta.happens<ClientLeft>(QuitNewConnection{});
  mta.begin_message();
  const auto step = mta.send(Quit{});
  EXPECT_EQ(std::get<ServerSession::Close>(step).reason, "");
}

TEST(MilterServer, WhatComesOutOfOrderEndsTheConnection) {
  const auto after = [](auto... before) {
    Mta mta;
    (void)(mta.send(before), ...);
    return mta;
  };
  const Connect client{"mx", Family::Ipv4, 25, "192.0.2.1"};
  const MailFrom mail{{"<a@b.example>"}};
  EXPECT_TRUE(after().hangs_up(Negotiation{})) << "twice";
  EXPECT_TRUE(after().hangs_up(mail)) << "nobody is connected";
  EXPECT_TRUE(after(client).hangs_up(client)) << "two clients";
  EXPECT_TRUE(after(client).hangs_up(RcptTo{{"<a@b.example>"}})) << "no sender";
  EXPECT_TRUE(after(client).hangs_up(Header{"A", "b"})) << "no transaction";
  EXPECT_TRUE(after(client, mail).hangs_up(Body{"x"})) << "the header has no end";
  EXPECT_TRUE(after(client, mail).hangs_up(EndOfBody{})) << "the header has no end";
  EXPECT_TRUE(after(client, mail, EndOfHeaders{}).hangs_up(Header{"A", "b"})) << "it has one";
  ServerSession fresh{Wants()};
  const auto step = fresh.on_packet(print(Command(client)));
  EXPECT_TRUE(std::holds_alternative<ServerSession::Close>(step)) << "no negotiation";
}

TEST(MilterServer, WhatIsNotWantedIsTakenAllTheSame) {
  Mta mta;
  mta.begin_message();
  EXPECT_EQ(mta.replied(DataBegins{}), Reply(Verdict::Continue));
  EXPECT_EQ(mta.replied(UnknownCommand{"VRFY x"}), Reply(Verdict::Continue));
}

TEST(MilterServer, MacrosAreBounded) {
  Mta mta;
  const std::string long_value(65 * 1024, 'x');
  EXPECT_TRUE(mta.hangs_up(DefineMacros{'C', {{"j", long_value}}}));
  Mta many;
  bool over = false;
  for (char c = 'A'; c <= 'Z' && !over; ++c) over = many.hangs_up(DefineMacros{c, {{"j", "x"}}});
  EXPECT_TRUE(over);
}

}  // namespace
}  // namespace cas::milter
