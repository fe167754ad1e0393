// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The verdict for every combination of facts, against rules said another way than the code says them; and who may send
// as whom.
#include "policy/judge.hpp"

#include <gtest/gtest.h>

#include <map>

namespace cas::policy {
namespace {

using confirm::Mode;

Mailbox mailbox(std::string_view text) {
  return Mailbox::parse(text).value();
}

/// Calls `check` with every combination of facts.
template <class Check>
void for_all_facts(Check check) {
  for (const char* recipient : {"suzie@b.example", "Postmaster@b.example", "ABUSE@b.example"}) {
    for (const Mode mode : {Mode::Off, Mode::Optional, Mode::Required}) {
      for (const auto intent : {IntentStatus::None, IntentStatus::Valid, IntentStatus::Testing}) {
        for (const auto status : {MailboxStatus::Exists, MailboxStatus::Unknown, MailboxStatus::LookupFailed}) {
          for (unsigned bits = 0; bits < 64; ++bits) {
            RecipientFacts facts{.recipient = mailbox(recipient)};
            facts.mode = mode;
            facts.intent = intent;
            facts.mailbox = status;
            facts.domain_is_local = (bits & 1) != 0;
            facts.listed_in_intent = (bits & 2) != 0;
            facts.ledger_in_progress = (bits & 4) != 0;
            facts.ledger_available = (bits & 8) != 0;
            facts.null_sender = (bits & 16) != 0;
            if ((bits & 32) != 0) facts.user = "joe";
            check(facts);
          }
        }
      }
    }
  }
}

bool is_role(const RecipientFacts& facts) {
  return facts.recipient != mailbox("suzie@b.example");
}
bool is_postmaster(const RecipientFacts& facts) {
  return facts.recipient == mailbox("Postmaster@b.example");
}
bool counts(const RecipientFacts& facts) {
  return facts.intent == IntentStatus::Valid;
}
bool exists(const RecipientFacts& facts) {
  return facts.mailbox == MailboxStatus::Exists || (facts.mailbox == MailboxStatus::Unknown && is_postmaster(facts));
}

TEST(Judge, HasAWellFormedVerdictForEveryCombinationOfFacts) {
  for_all_facts([](const RecipientFacts& facts) {
    const Verdict verdict = judge(facts);
    ASSERT_FALSE(verdict.rule.empty());
    ASSERT_EQ(verdict.reply.lines.size(), 1U);
    ASSERT_EQ(verdict.reply.enhanced.klass, verdict.reply.code / 100);
    switch (verdict.admission) {
      case Admission::Refused: ASSERT_TRUE(verdict.reply.permanent()); break;
      case Admission::Deferred: ASSERT_TRUE(verdict.reply.transient()); break;
      default: ASSERT_EQ(verdict.reply.code, 250); break;
    }
  });
}

TEST(Judge, NeverRelaysForStrangersAndAlwaysForUsers) {
  for_all_facts([](const RecipientFacts& facts) {
    if (facts.domain_is_local) return;
    const Verdict verdict = judge(facts);
    ASSERT_EQ(verdict.admission, facts.user ? Admission::Submitted : Admission::Refused);
    if (!facts.user) ASSERT_EQ(verdict.reply.summary(), "550 5.7.1 relaying denied");
  });
}

TEST(Judge, TreatsAnOwnNetworkAsItTreatsAUser) {
  for_all_facts([](const RecipientFacts& facts) {
    RecipientFacts user = facts;
    RecipientFacts own = facts;
    user.user = "joe";
    own.user.reset();
    own.own_network = true;
    const Verdict wanted = judge(user);
    const Verdict verdict = judge(own);
    ASSERT_EQ(verdict.admission, wanted.admission);
    ASSERT_EQ(verdict.reply.summary(), wanted.reply.summary());
  });
}

TEST(Judge, ConfirmsOnlyByAValidIntentThatListsTheRecipientWithTheLedgerAtHandCasSection21I1I8) {
  for_all_facts([](const RecipientFacts& facts) {
    const bool may = facts.domain_is_local && !facts.user && counts(facts) && facts.listed_in_intent &&
                     facts.ledger_available && !facts.ledger_in_progress && exists(facts);
    const Verdict verdict = judge(facts);
    ASSERT_EQ(verdict.admission == Admission::Confirmed, may);
    ASSERT_EQ(verdict.reply.lines.front().contains("[CAS:confirmed]"), may);
  });
}

TEST(Judge, ExemptsOnlyPostmasterAndAbuseCasSection82) {
  for_all_facts([](const RecipientFacts& facts) {
    const Verdict verdict = judge(facts);
    const bool exempt = verdict.admission == Admission::Exempt;
    ASSERT_EQ(verdict.reply.lines.front().contains("[CAS:exempt]"), exempt);
    if (exempt) {
      ASSERT_TRUE(is_role(facts) && exists(facts) && (facts.mode != Mode::Off || counts(facts)));
    }
    if (is_role(facts) && facts.domain_is_local && facts.mailbox == MailboxStatus::Exists && !counts(facts)) {
      ASSERT_EQ(verdict.reply.code, 250);  // whatever the mode
    }
    if (is_postmaster(facts) && facts.domain_is_local) {
      ASSERT_NE(verdict.admission, Admission::Refused);  // RFC 5321 §4.5.1
    }
  });
}

/// Every fact but the mailbox's status.
std::string without_mailbox(const RecipientFacts& facts) {
  std::string key = facts.recipient.wire();
  for (const int part : {static_cast<int>(facts.mode), static_cast<int>(facts.intent), int{facts.domain_is_local},
                         int{facts.listed_in_intent}, int{facts.ledger_in_progress}, int{facts.ledger_available},
                         int{facts.null_sender}, int{facts.user.has_value()}}) {
    key += ' ' + std::to_string(part);
  }
  return key;
}

TEST(Judge, TellsStrangersNothingAboutMailboxesAtRequiredCasSection85) {
  std::map<std::string, smtp::Reply> replies;
  for_all_facts([&](const RecipientFacts& facts) {
    if (!facts.domain_is_local || facts.user || facts.mode != Mode::Required || counts(facts) || is_role(facts)) return;
    const Verdict verdict = judge(facts);
    ASSERT_TRUE(verdict.reply.summary().starts_with("530 5.7.0 [CAS:required]"));
    const auto [seen, first] = replies.try_emplace(without_mailbox(facts), verdict.reply);
    ASSERT_EQ(seen->second, verdict.reply);
  });
  EXPECT_FALSE(replies.empty());
}

TEST(Judge, TellsASignerNothingAboutMailboxesItDidNotListCasSection82Step9) {
  for_all_facts([&](const RecipientFacts& facts) {
    if (!facts.domain_is_local || facts.user || !counts(facts) || facts.listed_in_intent || is_role(facts)) return;
    ASSERT_TRUE(judge(facts).reply.summary().starts_with("550 5.7.1 [CAS:rcpt]"));
  });
}

TEST(Judge, TakesTestingKeysForNoIntentCasSection61) {
  for_all_facts([](const RecipientFacts& facts) {
    RecipientFacts none = facts;
    none.intent = IntentStatus::None;
    if (facts.intent == IntentStatus::Testing) {
      ASSERT_EQ(judge(facts).reply, judge(none).reply);
    }
  });
}

TEST(Judge, TakesOrdinaryMailWhereCasIsOff) {
  for_all_facts([](const RecipientFacts& facts) {
    if (facts.mode != Mode::Off || !facts.domain_is_local || facts.user || counts(facts)) return;
    const Verdict verdict = judge(facts);
    ASSERT_FALSE(verdict.reply.lines.front().contains("[CAS:"));
    ASSERT_EQ(verdict.admission == Admission::Unconfirmed, exists(facts));
  });
}

TEST(Judge, DefersWhatItCannotKnow) {
  for_all_facts([](const RecipientFacts& facts) {
    if (judge(facts).admission == Admission::Deferred) {
      ASSERT_TRUE(facts.mailbox == MailboxStatus::LookupFailed || !facts.ledger_available || facts.ledger_in_progress);
    }
    if (facts.domain_is_local && facts.mailbox == MailboxStatus::LookupFailed) {
      ASSERT_NE(judge(facts).reply.code, 250);
      ASSERT_NE(judge(facts).reply.enhanced, (smtp::EnhancedCode{5, 1, 1}));
    }
  });
}

RecipientFacts to_suzie() {
  RecipientFacts facts{.recipient = mailbox("suzie@b.example")};
  facts.domain_is_local = true;
  facts.mailbox = MailboxStatus::Exists;
  return facts;
}

RecipientFacts confirmed_to_suzie() {
  RecipientFacts facts = to_suzie();
  facts.mode = Mode::Required;
  facts.intent = IntentStatus::Valid;
  facts.listed_in_intent = true;
  return facts;
}

TEST(Judge, SpeaksAsTheDialogsOfCasSection3) {
  EXPECT_TRUE(judge(confirmed_to_suzie()).reply.summary().starts_with("250 2.1.5 [CAS:confirmed]"));
  RecipientFacts plain = to_suzie();
  EXPECT_EQ(judge(plain).reply.code, 250);
  EXPECT_EQ(judge(plain).admission, Admission::Unconfirmed);
  plain.mailbox = MailboxStatus::Unknown;
  EXPECT_EQ(judge(plain).reply.summary(), "550 5.1.1 no such mailbox here");
  plain.recipient = mailbox("postmaster@b.example");
  plain.mode = Mode::Required;
  EXPECT_TRUE(judge(plain).reply.summary().starts_with("250 2.1.5 [CAS:exempt]"));
}

TEST(Judge, AnswersASignerRecipientByRecipientCasSection82) {
  const auto said = [](auto change) {
    RecipientFacts facts = confirmed_to_suzie();
    change(facts);
    const auto verdict = judge(facts);
    return verdict.reply.summary().substr(0, verdict.reply.summary().find(']') + 1) + ' ' + verdict.rule;
  };
  EXPECT_EQ(said([](auto& f) { f.listed_in_intent = false; }), "550 5.7.1 [CAS:rcpt] not-listed");
  EXPECT_EQ(said([](auto& f) { f.ledger_available = false; }), "451 4.3.0 [CAS:unavailable] ledger-down");
  EXPECT_EQ(said([](auto& f) { f.ledger_in_progress = true; }), "451 4.3.0 [CAS:in-progress] in-progress");
  EXPECT_EQ(said([](auto& f) { f.mailbox = MailboxStatus::Unknown; }), "550 5.1.1 [CAS:unknown] mailbox-unknown");
  EXPECT_EQ(said([](auto& f) { f.intent = IntentStatus::None; }), "530 5.7.0 [CAS:required] required");
}

TEST(Admission, HasAWordForEveryValue) {
  EXPECT_EQ(to_string(Admission::Confirmed), "confirmed");
  EXPECT_EQ(to_string(Admission::Exempt), "exempt");
  EXPECT_EQ(to_string(Admission::Unconfirmed), "unconfirmed");
  EXPECT_EQ(to_string(Admission::Submitted), "submitted");
  EXPECT_EQ(to_string(Admission::Refused), "refused");
  EXPECT_EQ(to_string(Admission::Deferred), "deferred");
}

SenderFacts joe_sends(ReversePath envelope, std::optional<std::vector<Mailbox>> from = {}) {
  return {.allowed = {mailbox("joe@a.example"), mailbox("sales@a.example")},
          .envelope_from = std::move(envelope),
          .header_from = std::move(from)};
}

TEST(RefuseSender, LetsUsersSendAsTheirOwnAddressesOnly) {
  const ReversePath joe(mailbox("joe@a.example"));
  EXPECT_FALSE(refuse_sender(joe_sends(joe)));
  EXPECT_FALSE(refuse_sender(joe_sends(ReversePath(mailbox("JOE@A.example")))));
  EXPECT_FALSE(refuse_sender(joe_sends(joe, {{mailbox("joe@a.example"), mailbox("Sales@a.example")}})));
  for (const char* other : {"ceo@a.example", "joe@b.example", "joe@[192.0.2.1]", "joe@x.a.example"}) {
    const auto envelope = refuse_sender(joe_sends(ReversePath(mailbox(other))));
    ASSERT_TRUE(envelope) << other;
    EXPECT_TRUE(envelope->summary().starts_with("550 5.7.1 ")) << other;
    EXPECT_TRUE(envelope->summary().contains(other)) << other;
    EXPECT_TRUE(refuse_sender(joe_sends(joe, {{mailbox("joe@a.example"), mailbox(other)}}))) << other;
  }
}

TEST(RefuseSender, ChecksTheAuthorUnderTheNullPathToo) {
  EXPECT_FALSE(refuse_sender(joe_sends(ReversePath())));
  EXPECT_FALSE(refuse_sender(joe_sends(ReversePath(), {{mailbox("joe@a.example")}})));
  EXPECT_TRUE(refuse_sender(joe_sends(ReversePath(), {{mailbox("ceo@a.example")}})));
}

TEST(RefuseSender, RefusesAMessageWithoutAnAuthor) {
  EXPECT_TRUE(refuse_sender(joe_sends(ReversePath(mailbox("joe@a.example")), std::vector<Mailbox>())));
}

TEST(RefuseSender, RefusesUsersWithoutAddresses) {
  SenderFacts facts = joe_sends(ReversePath(mailbox("joe@a.example")));
  facts.allowed.clear();
  EXPECT_TRUE(refuse_sender(facts));
}

}  // namespace
}  // namespace cas::policy
