// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Who is told what: notifications by action, what is kept, what is suppressed; over both stores.
#include <gmock/gmock.h>
#include <sqlite3.h>

#include "confirm/reason.hpp"
#include "queue/bounce.hpp"
#include "queue/queue_fixture_test.hpp"

namespace cas::queue {
namespace {

using std::chrono::hours;
using store::Route;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

Outcome peer(Outcome outcome) {
  outcome.relay = "mx.b.example[192.0.2.1]:25";
  return outcome;
}
Outcome handed(Handover handover) {
  Outcome outcome = peer(delivered());
  outcome.handover = handover;
  return outcome;
}
NewRecipient asking(DsnNotify notify, std::string_view address = "suzie@b.example") {
  NewRecipient recipient = to(address);
  recipient.notify = notify;
  return recipient;
}

class QueueNotices : public QueueFixture {
 protected:
  /// What joe is told after one attempt.
  std::vector<std::string> told(const NewMessage& given, std::vector<Outcome> outcomes) {
    EXPECT_TRUE(commit(given));
    EXPECT_TRUE(finish(take_one(), std::move(outcomes)));
    return told();
  }
  std::vector<std::string> told() {
    std::vector<std::string> bodies;
    for (auto job = take(Route::Local); job && *job; job = take(Route::Local)) {
      EXPECT_TRUE((*job)->message.sender.is_null());
      EXPECT_EQ((*job)->recipients.at(0).address, mailbox("joe@a.example"));
      bodies.push_back(body_of((*job)->message));
      EXPECT_TRUE(finish(**job, {delivered()}));
    }
    return bodies;
  }
  std::vector<Suppression> suppressed() {
    Suppressions list(*moody_, clock_, options_.suppression);
    return wait_for<Result<std::vector<Suppression>>>([&](auto done) { list.list("", 100, std::move(done)); }).value();
  }
  /// What the disk does to the rows while the server is stopped.
  void damage(const std::string& sql) {
    queue_.reset();
    moody_.reset();
    store_.reset();
    sqlite3* db = nullptr;
    sqlite3_open((dir_ / "cas.db").c_str(), &db);
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
    start();
  }
};

INSTANTIATE_TEST_SUITE_P(Twins, QueueNotices, testing::Values(Twin::Memory, Twin::Sqlite),
                         [](const auto& twin) { return twin.param == Twin::Memory ? "Memory" : "Sqlite"; });

TEST_P(QueueNotices, ASuccessIsToldToWhoAskedForIt_Rfc3461_5_2_5_3) {
  const DsnNotify success{.success = true};
  EXPECT_THAT(told(message({asking(success)}), {handed(Handover::Mailbox)}),
              testing::ElementsAre(AllOf(HasSubstr("Action: delivered"), HasSubstr("Status: 2.0.0"))));
  EXPECT_THAT(
      told(message({asking(success)}), {handed(Handover::Relayed)}),
      testing::ElementsAre(AllOf(HasSubstr("Action: relayed"), HasSubstr("Remote-MTA: dns; mx.b.example\r\n"))));
  EXPECT_THAT(told(message({asking(success)}), {handed(Handover::PassedOn)}), IsEmpty()) << "the next server tells";
  EXPECT_THAT(told(message({asking({})}), {handed(Handover::Mailbox)}), IsEmpty());
  EXPECT_THAT(told(message({asking({.failure = true, .delay = true})}), {handed(Handover::Relayed)}), IsEmpty());
  EXPECT_THAT(entries(), IsEmpty());
}

TEST_P(QueueNotices, AFailureIsToldUnlessTheSenderAskedForOtherThings_Rfc3461_4_1) {
  EXPECT_THAT(told(message({asking({.failure = true})}), {failed()}), SizeIs(1));
  EXPECT_THAT(told(message({asking({.success = true})}), {failed()}), IsEmpty());
  EXPECT_THAT(told(message({asking({.never = true})}), {failed()}), IsEmpty());
  EXPECT_THAT(entries(), IsEmpty()) << "nobody wants to know: nothing is kept";
  EXPECT_THAT(events_.named("failed"), SizeIs(2));
  EXPECT_THAT(events_.named("bounced"), SizeIs(1));
}

TEST_P(QueueNotices, RecipientsOfOneActionShareANotification) {
  const DsnNotify all{.success = true, .failure = true};
  const auto bodies =
      told(message({asking(all, "a@b.example"), asking(all, "b@b.example"), asking(all, "c@b.example"),
                    asking(all, "d@b.example"), asking({}, "e@b.example")}),
           {failed(), handed(Handover::Relayed), failed(), handed(Handover::Mailbox), handed(Handover::Relayed)});
  ASSERT_THAT(bodies, SizeIs(3));
  EXPECT_THAT(bodies, testing::Contains(AllOf(HasSubstr("rfc822; a@b.example"), HasSubstr("rfc822; c@b.example"),
                                              HasSubstr("Action: failed"), Not(HasSubstr("Action: relayed")))));
  EXPECT_THAT(bodies, testing::Contains(AllOf(HasSubstr("rfc822; b@b.example"), HasSubstr("Action: relayed"))));
  EXPECT_THAT(bodies, testing::Contains(AllOf(HasSubstr("rfc822; d@b.example"), HasSubstr("Action: delivered"))));
  for (const auto& body : bodies) EXPECT_THAT(body, Not(HasSubstr("e@b.example")));
}

TEST_P(QueueNotices, WhatTheSenderNamedIsRepeated_Rfc3464_2_2_1_2_3_1) {
  auto given = message({asking({})});
  given.message.envid = "QQ 314";
  given.recipients[0].orcpt = "rfc822;Suzie+2Bx@elsewhere.example";
  EXPECT_THAT(told(given, {peer(failed())}),
              testing::ElementsAre(AllOf(HasSubstr("Original-Envelope-Id: QQ 314\r\n"),
                                         HasSubstr("Original-Recipient: rfc822; Suzie+x@elsewhere.example\r\n"),
                                         HasSubstr("Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n"),
                                         HasSubstr("Remote-MTA: dns; mx.b.example\r\n"))));
}

TEST(IsPeers, WhatAServerSaidAndNothingElse) {
  EXPECT_TRUE(is_peers(peer(failed())));
  EXPECT_FALSE(is_peers(failed())) << "no host";
  Outcome lost = peer(deferred());
  lost.reply = smtp::Reply(451, {4, 4, 2}, lost.relay + ": the connection was lost");
  EXPECT_FALSE(is_peers(lost));
  Outcome ours = peer(failed());
  ours.ours = true;
  EXPECT_FALSE(is_peers(ours));
  Outcome silent = peer(deferred());
  silent.reply = {};
  EXPECT_FALSE(is_peers(silent));
}

TEST_P(QueueNotices, TheMessageIsReturnedOnlyWhenAskedForAndSmall_Rfc3461_4_3) {
  auto given = message({asking({.success = true, .failure = true})});
  given.message.ret = DsnReturn::Full;
  EXPECT_THAT(told(given, {failed()}), testing::ElementsAre(AllOf(HasSubstr("message/rfc822"), HasSubstr("Hi."))));
  EXPECT_THAT(told(given, {handed(Handover::Mailbox)}), testing::ElementsAre(Not(HasSubstr("Hi."))))
      << "RET is about failures";
  given.small_body = text_;
  while (given.small_body.size() < 65 * 1024) given.small_body += "Hi.\r\n";
  given.message.body_size = 0;
  EXPECT_THAT(told(given, {failed()}),
              testing::ElementsAre(AllOf(HasSubstr("text/rfc822-headers"), Not(HasSubstr("Hi.")))));
}

TEST_P(QueueNotices, ADelayIsToldOnceAndOnlyWhereTheSiteWantsIt) {
  EXPECT_THAT(told(message({asking({})}), {deferred()}), IsEmpty()) << "off by default";
  clock_.advance(hours(3));
  ASSERT_TRUE(finish(take_one(), {deferred()}));
  EXPECT_THAT(told(), IsEmpty());
  options_.delay_warning = hours(4);
  crash_and_restart();
  clock_.advance(hours(2));
  ASSERT_TRUE(finish(take_one(), {peer(deferred())}));
  EXPECT_THAT(told(), testing::ElementsAre(AllOf(HasSubstr("Action: delayed"), HasSubstr("Status: 4.7.1"),
                                                 HasSubstr("Will-Retry-Until: "), HasSubstr("asks to come again"))));
  EXPECT_EQ(entries().at(0).recipients.at(0).state, store::RecipientState::Waiting);
  crash_and_restart();
  clock_.advance(hours(4));
  ASSERT_TRUE(finish(take_one(), {deferred()}));
  EXPECT_THAT(told(), IsEmpty()) << "once, over a restart too";
}

TEST_P(QueueNotices, ADelayIsNotToldWhereNobodyAskedOrNobodyIsKnown) {
  options_.delay_warning = hours(1);
  start();
  auto never = message({asking({.never = true})});
  auto failure = message({asking({.failure = true})});
  auto forged = message({asking({})});
  forged.message.sender_verified = false;
  auto null = message({asking({})});
  null.message.sender = ReversePath();
  for (const auto& given : {never, failure, forged, null}) {
    auto old = given;
    old.message.arrived = clock_.now() - hours(2);
    EXPECT_THAT(told(old, {deferred()}), IsEmpty());
  }
}

TEST_P(QueueNotices, AForgedSenderHearsOfNoSuccessEither) {
  auto forged = message({asking({.success = true})});
  forged.message.sender_verified = false;
  EXPECT_THAT(told(forged, {handed(Handover::Mailbox)}), IsEmpty());
  EXPECT_THAT(entries(), IsEmpty());
}

TEST_P(QueueNotices, TheReporterIsOfADomainThatWeSignFor) {
  struct Case {
    std::vector<std::string> signs;
    std::string author;
  };
  for (const Case& one :
       {Case{{"mx.a.example"}, "postmaster@mx.a.example"}, Case{{"a.example"}, "postmaster@a.example"},
        Case{{"b.example"}, "postmaster@b.example"}, Case{{}, "postmaster@mx.a.example"}}) {
    options_.signs_for = [&](const Domain& asked) {
      return std::ranges::find(one.signs, asked.text()) != one.signs.end();
    };
    start();
    ASSERT_TRUE(commit(message({asking({})})));
    ASSERT_TRUE(finish(take_one(), {failed()}));
    const Job job = take_one(Route::Local);
    EXPECT_EQ(job.message.author, mailbox(one.author));
    EXPECT_THAT(body_of(job.message), HasSubstr("From: Mail Delivery System <" + one.author + ">\r\n"));
    ASSERT_TRUE(finish(job, {delivered()}));
  }
}

TEST(Explain, EveryReasonOfCasInWordsOfItsOwn) {
  const std::string refused = explain(smtp::Reply(550, {5, 7, 1}, "no"));
  for (int n = 0; n <= static_cast<int>(confirm::Reason::LedgerDown); ++n) {
    const auto reply = confirm::reply_for(static_cast<confirm::Reason>(n));
    // Syntax and the like are settled between the servers (CAS §9.4): no author ever reads them.
    const bool between_servers = reply.code < 530;
    if (reply.permanent() && !between_servers) {
      EXPECT_NE(explain(reply), refused) << reply.summary();
    }
    EXPECT_NE(explain(reply), "The message could not be delivered.") << reply.summary();
  }
  EXPECT_THAT(explain_delay(confirm::reply_for(confirm::Reason::Pending)), HasSubstr("is being asked"));
  EXPECT_THAT(explain_delay(smtp::Reply(421, {}, "bye")), HasSubstr("could not take the message yet"));
}

// ---- What is kept ----

TEST_P(QueueNotices, WhatNobodyWasToldOfIsRemovedInTheEnd) {
  options_.keep_failed = hours(48);
  start();
  auto forged = message({to("suzie@b.example")});
  forged.message.sender_verified = false;
  const auto kept = commit(forged);
  ASSERT_TRUE(finish(take_one(), {failed()}));
  clock_.advance(hours(47));
  ASSERT_TRUE(commit(message({to("a@c.example")})));
  EXPECT_THAT(entries(), SizeIs(2)) << "not yet";
  ASSERT_TRUE(finish(take_one(), {delivered()}));
  clock_.advance(hours(2));
  ASSERT_TRUE(commit(message({to("a@c.example")})));
  while (events_.named("kept-removed").empty()) (void)entries();  // another thread does it
  EXPECT_EQ(events_.named("kept-removed").at(0).queue_id, kept->id);
  EXPECT_THAT(entries(), SizeIs(1)) << "what waits stays";
}

TEST_P(QueueNotices, ADamagedRowKeepsNothingElseFromBeingRemoved) {
  if (GetParam() == Twin::Memory) return;  // it has no disk
  options_.keep_failed = hours(48);
  start();
  auto forged = message({to("suzie@b.example")});
  forged.message.sender_verified = false;
  std::vector<store::QueueId> kept;
  for (int n = 0; n < 4; ++n) {
    kept.push_back(commit(forged)->id);
    ASSERT_TRUE(finish(take_one(), {failed()}));
  }
  damage("UPDATE message SET sender = 'x' WHERE id = '" + kept[0] +
         "';"
         "UPDATE recipient SET address = 'x' WHERE message = '" +
         kept[2] + "'");
  clock_.advance(hours(49));
  ASSERT_TRUE(commit(message({to("a@c.example")})));
  while (events_.named("kept-removed").size() < 2) (void)entries();  // another thread does it
  EXPECT_EQ(events_.named("kept-removed").at(0).queue_id, kept[1]);
  EXPECT_EQ(events_.named("kept-removed").at(1).queue_id, kept[3]);
}

// ---- Suppression ----

TEST(MailboxIsGone, ByTheReplyAlone) {
  using smtp::Reply;
  EXPECT_TRUE(mailbox_is_gone(Reply(550, {5, 1, 1}, "no such user")));
  EXPECT_TRUE(mailbox_is_gone(Reply(551, {5, 1, 6}, "moved")));
  EXPECT_TRUE(mailbox_is_gone(Reply(550, {5, 2, 1}, "disabled")));
  EXPECT_TRUE(mailbox_is_gone(Reply(550, {5, 1, 1}, "[CAS:unknown] no such mailbox here")));
  for (const Reply& reply :
       {Reply(550, {5, 7, 1}, "no such user"), Reply(550, {5, 7, 26}, "dmarc"), Reply(550, {5, 4, 1}, "no relay"),
        Reply(550, {5, 1, 2}, "no such domain"), Reply(556, {5, 1, 10}, "null mx"), Reply(450, {4, 1, 1}, "later"),
        Reply(550, {}, "no such user"), Reply(550, {5, 1, 1}, "[CAS:refused] not wanted"),
        Reply(554, {5, 1, 1}, "no such user"), Reply(550, {5, 2, 2}, "full")}) {
    EXPECT_FALSE(mailbox_is_gone(reply)) << reply.summary();
  }
}

TEST_P(QueueNotices, AMailboxThatIsGoneIsSuppressedWhereTheSiteWantsIt) {
  (void)told(message({to("suzie@b.example")}), {peer(failed())});
  EXPECT_THAT(suppressed(), IsEmpty()) << "off by default";
  options_.suppression = {.enabled = true, .keep = hours(24)};
  start();
  (void)told(message({to("Suzie@b.example")}), {peer(failed())});
  const auto first = clock_.now();
  clock_.advance(hours(1));
  (void)told(message({to("suzie@b.example")}), {peer(failed())});
  const auto rows = suppressed();
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0], (Suppression{.address = "suzie@b.example",
                                  .since = to_unix(first),
                                  .last = to_unix(clock_.now()),
                                  .until = to_unix(clock_.now() + hours(24)),
                                  .count = 2,
                                  .reply = "550 5.1.1 no such user"}));
  clock_.advance(hours(25));
  EXPECT_THAT(suppressed(), IsEmpty()) << "not for ever";
}

TEST_P(QueueNotices, OnlyAServerElsewhereAndOwnPeoplesMailSuppress) {
  options_.suppression.enabled = true;
  start();
  (void)told(message({to("suzie@b.example")}), {failed()});  // no host said so
  auto forged = message({to("suzie@b.example")});
  forged.message.sender_verified = false;
  (void)told(forged, {peer(failed())});
  Outcome policy = peer(failed());
  policy.reply = smtp::Reply(550, {5, 7, 1}, "go away");
  (void)told(message({to("suzie@b.example")}), {policy});
  ASSERT_TRUE(commit(message({to("kim@a.example", Route::Local)})));
  ASSERT_TRUE(finish(take_one(Route::Local), {peer(failed())}));
  EXPECT_THAT(suppressed(), IsEmpty());
}

TEST_P(QueueNotices, PeopleEnterAndLiftSuppressions) {
  options_.suppression.enabled = true;
  start();
  Suppressions list(*moody_, clock_, options_.suppression);
  const auto add = [&](std::vector<Mailbox> addresses, const std::string& reason) {
    return wait_for<Result<std::size_t>>([&](auto done) { list.add(addresses, reason, std::move(done)); });
  };
  const auto find = [&](std::string_view address) {
    return wait_for<Result<std::optional<Suppression>>>(
               [&](auto done) { list.find(mailbox(address), std::move(done)); })
        .value();
  };
  const auto remove = [&](std::string_view address) {
    return wait_for<Result<bool>>([&](auto done) { list.remove(mailbox(address), std::move(done)); }).value();
  };
  EXPECT_EQ(add({mailbox("a@b.example"), mailbox("B@b.example")}, "asked\x1b[2J\r\nto stop"), 2U);
  EXPECT_EQ(add({mailbox("b@b.example")}, ""), 0U);
  ASSERT_TRUE(find("b@B.example"));
  EXPECT_EQ(find("b@b.example")->count, 0U);
  EXPECT_THAT(find("b@b.example")->reply, AllOf(HasSubstr("asked"), Not(HasSubstr("\x1b")), Not(HasSubstr("\n"))));
  EXPECT_TRUE(remove("B@b.example"));
  EXPECT_FALSE(remove("b@b.example"));
  EXPECT_FALSE(find("b@b.example"));
  EXPECT_THAT(suppressed(), SizeIs(1));
  clock_.advance(-hours(24 * 365));
  EXPECT_FALSE(find("a@b.example")) << "noted by a clock that was set back";
  EXPECT_THAT(suppressed(), SizeIs(0));
}

}  // namespace
}  // namespace cas::queue
