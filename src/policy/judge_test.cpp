// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The verdict for every combination of facts, against rules said another way than the code says them.
#include "policy/judge.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

namespace cas::policy {
namespace {

using confirm::Mode;

Mailbox mailbox(std::string_view text) {
  return Mailbox::parse(text).value();
}

Verdict verdict_of(const RecipientFacts& facts) {
  return std::get<Verdict>(judge(facts));
}

/// Calls `check` with every combination of facts.
template <class Check>
void for_all_facts(Check check) {
  for (const char* recipient : {"suzie@b.example", "Postmaster@b.example", "ABUSE@b.example"}) {
    for (const Mode mode : {Mode::Off, Mode::Optional, Mode::Required}) {
      for (const auto intent :
           {IntentStatus::None, IntentStatus::Valid, IntentStatus::Testing, IntentStatus::Forwarded}) {
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
    const Verdict verdict = verdict_of(facts);
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
    const Verdict verdict = verdict_of(facts);
    ASSERT_EQ(verdict.admission, facts.user ? Admission::Submitted : Admission::Refused);
    if (!facts.user) ASSERT_EQ(verdict.reply.summary(), "550 5.7.1 relaying denied (rule relay-denied)");
  });
}

TEST(Judge, TreatsAnOwnNetworkAsItTreatsAUser) {
  for_all_facts([](const RecipientFacts& facts) {
    RecipientFacts user = facts;
    RecipientFacts own = facts;
    user.user = "joe";
    own.user.reset();
    own.own_network = true;
    const Verdict wanted = verdict_of(user);
    const Verdict verdict = verdict_of(own);
    ASSERT_EQ(verdict.admission, wanted.admission);
    ASSERT_EQ(verdict.reply.summary(), wanted.reply.summary());
  });
}

TEST(Judge, ConfirmsOnlyByAValidIntentThatListsTheRecipientWithTheLedgerAtHandCasSection21I1I8) {
  for_all_facts([](const RecipientFacts& facts) {
    const bool may = facts.domain_is_local && !facts.user && counts(facts) && facts.listed_in_intent &&
                     facts.ledger_available && !facts.ledger_in_progress && exists(facts);
    const Verdict verdict = verdict_of(facts);
    ASSERT_EQ(verdict.admission == Admission::Confirmed, may);
    ASSERT_EQ(verdict.reply.lines.front().contains("[CAS:confirmed]"), may);
  });
}

TEST(Judge, ExemptsOnlyPostmasterAndAbuseCasSection82) {
  for_all_facts([](const RecipientFacts& facts) {
    const Verdict verdict = verdict_of(facts);
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
    const Verdict verdict = verdict_of(facts);
    ASSERT_TRUE(verdict.reply.summary().starts_with("530 5.7.0 [CAS:required]"));
    const auto [seen, first] = replies.try_emplace(without_mailbox(facts), verdict.reply);
    ASSERT_EQ(seen->second, verdict.reply);
  });
  EXPECT_FALSE(replies.empty());
}

TEST(Judge, TellsASignerNothingAboutMailboxesItDidNotListCasSection82Step9) {
  for_all_facts([&](const RecipientFacts& facts) {
    if (!facts.domain_is_local || facts.user || !counts(facts) || facts.listed_in_intent || is_role(facts)) return;
    ASSERT_TRUE(verdict_of(facts).reply.summary().starts_with("550 5.7.1 [CAS:rcpt]"));
  });
}

TEST(Judge, TakesTestingKeysAndForwardersThatNobodyTrustsForNoIntentCasSections47And61) {
  for_all_facts([](const RecipientFacts& facts) {
    RecipientFacts none = facts;
    none.intent = IntentStatus::None;
    if (facts.intent == IntentStatus::Testing || facts.intent == IntentStatus::Forwarded) {
      ASSERT_EQ(verdict_of(facts).reply, verdict_of(none).reply);
    }
  });
}

TEST(Judge, TakesOrdinaryMailWhereCasIsOff) {
  for_all_facts([](const RecipientFacts& facts) {
    if (facts.mode != Mode::Off || !facts.domain_is_local || facts.user || counts(facts)) return;
    const Verdict verdict = verdict_of(facts);
    ASSERT_FALSE(verdict.reply.lines.front().contains("[CAS:"));
    ASSERT_EQ(verdict.admission == Admission::Unconfirmed, exists(facts));
  });
}

TEST(Judge, DefersWhatItCannotKnow) {
  for_all_facts([](const RecipientFacts& facts) {
    if (verdict_of(facts).admission == Admission::Deferred) {
      ASSERT_TRUE(facts.mailbox == MailboxStatus::LookupFailed || !facts.ledger_available || facts.ledger_in_progress);
    }
    if (facts.domain_is_local && facts.mailbox == MailboxStatus::LookupFailed) {
      ASSERT_NE(verdict_of(facts).reply.code, 250);
      ASSERT_NE(verdict_of(facts).reply.enhanced, (smtp::EnhancedCode{5, 1, 1}));
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
  EXPECT_TRUE(verdict_of(confirmed_to_suzie()).reply.summary().starts_with("250 2.1.5 [CAS:confirmed]"));
  RecipientFacts plain = to_suzie();
  EXPECT_EQ(verdict_of(plain).reply.code, 250);
  EXPECT_EQ(verdict_of(plain).admission, Admission::Unconfirmed);
  plain.mailbox = MailboxStatus::Unknown;
  EXPECT_EQ(verdict_of(plain).reply.summary(), "550 5.1.1 no such mailbox here (rule mailbox-unknown)");
  plain.recipient = mailbox("postmaster@b.example");
  plain.mode = Mode::Required;
  EXPECT_TRUE(verdict_of(plain).reply.summary().starts_with("250 2.1.5 [CAS:exempt]"));
}

TEST(Judge, AnswersASignerRecipientByRecipientCasSection82) {
  const auto said = [](auto change) {
    RecipientFacts facts = confirmed_to_suzie();
    change(facts);
    const auto verdict = verdict_of(facts);
    return verdict.reply.summary().substr(0, verdict.reply.summary().find(']') + 1) + ' ' + verdict.rule;
  };
  EXPECT_EQ(said([](auto& f) { f.listed_in_intent = false; }), "550 5.7.1 [CAS:rcpt] not-listed");
  EXPECT_EQ(said([](auto& f) { f.ledger_available = false; }), "451 4.3.0 [CAS:unavailable] ledger-down");
  EXPECT_EQ(said([](auto& f) { f.ledger_in_progress = true; }), "451 4.3.0 [CAS:in-progress] in-progress");
  EXPECT_EQ(said([](auto& f) { f.mailbox = MailboxStatus::Unknown; }), "550 5.1.1 [CAS:unknown] mailbox-unknown");
  EXPECT_EQ(said([](auto& f) { f.intent = IntentStatus::None; }), "530 5.7.0 [CAS:required] required");
}

// ---- Questions ----

std::string answer_to(const RecipientFacts& facts) {
  const auto judgement = judge(facts);
  if (const auto* verdict = std::get_if<Verdict>(&judgement)) return verdict->rule;
  switch (std::get<Question>(judgement)) {
    case Question::Mailbox: return "mailbox?";
    case Question::Spf: return "spf?";
    case Question::Relation: return "relation?";
    case Question::Message: return "message?";
    case Question::Listing: return "listing?";
    case Question::Greylist: return "greylist?";
  }
  return {};
}

ExceptionFindings decided_by(ExceptionAction action) {
  ExceptionFindings findings;
  auto& place = action == ExceptionAction::Forward ? findings.forward : findings.decided;
  place = ExceptionMatch{.id = 7, .action = action, .proof = Proof::None, .pattern = "x.example", .scope = {}};
  return findings;
}

TEST(Judge, AsksForTheMailboxOnlyWhereItMayTell) {
  RecipientFacts facts = to_suzie();
  facts.mailbox.reset();
  EXPECT_EQ(answer_to(facts), "mailbox?");
  facts.mode = Mode::Required;
  EXPECT_EQ(answer_to(facts), "required");
  facts.intent = IntentStatus::Valid;
  EXPECT_EQ(answer_to(facts), "not-listed");
  facts.listed_in_intent = true;
  EXPECT_EQ(answer_to(facts), "mailbox?");
  facts.exceptions = decided_by(ExceptionAction::Block);
  EXPECT_EQ(answer_to(facts), "blocked");
}

TEST(Judge, AsksForSpfAndTheMessageWhereAnExemptionHangsOnThemCasSection82) {
  RecipientFacts facts = to_suzie();
  facts.mode = Mode::Required;
  facts.exceptions.spf_could_decide = facts.exceptions.message_could_decide = true;
  EXPECT_EQ(answer_to(facts), "spf?");
  facts.spf_known = true;
  EXPECT_EQ(answer_to(facts), "message?");
  EXPECT_TRUE(provisionally(facts).alone);
  facts.message_known = true;
  EXPECT_EQ(answer_to(facts), "required");
  EXPECT_TRUE(verdict_of(facts).reply.summary().starts_with("550 5.7.1 [CAS:required]"));
  facts.exceptions.decided = decided_by(ExceptionAction::Exempt).decided;
  EXPECT_EQ(answer_to(facts), "exempt");
}

// ---- Exceptions ----

TEST(Judge, FollowsTheEntryThatDecides) {
  RecipientFacts facts = to_suzie();
  facts.mode = Mode::Required;
  facts.exceptions = decided_by(ExceptionAction::Exempt);
  EXPECT_EQ(answer_to(facts), "exempt");
  EXPECT_EQ(deciding_entry(facts, verdict_of(facts))->id, 7);
  facts.exceptions = decided_by(ExceptionAction::Allow);
  EXPECT_EQ(answer_to(facts), "required") << "an allow entry is for the Screener";
  facts.exceptions = decided_by(ExceptionAction::Block);
  EXPECT_EQ(answer_to(facts), "required") << "no word of the mailbox's own entries";
  facts.mode = Mode::Optional;
  EXPECT_EQ(answer_to(facts), "blocked");
  facts.recipient = mailbox("postmaster@b.example");
  EXPECT_EQ(answer_to(facts), "postmaster");
  facts = confirmed_to_suzie();
  facts.exceptions = decided_by(ExceptionAction::Block);
  EXPECT_EQ(answer_to(facts), "blocked");
  facts.user = "joe";
  EXPECT_EQ(answer_to(facts), "submitted-here") << "blocks are for strangers";
}

TEST(Judge, ConfirmsAForwardedIntentOfATrustedForwarderAloneCasSection12) {
  RecipientFacts facts = confirmed_to_suzie();
  facts.intent = IntentStatus::Forwarded;
  EXPECT_EQ(answer_to(facts), "required");
  facts.exceptions = decided_by(ExceptionAction::Forward);
  EXPECT_EQ(answer_to(facts), "forwarded");
  EXPECT_EQ(deciding_entry(facts, verdict_of(facts))->action, ExceptionAction::Forward);
  EXPECT_EQ(verdict_of(facts).admission, Admission::Confirmed);
  facts.screening = Screening::Hold;
  facts.relation = Relation();
  EXPECT_EQ(answer_to(facts), "forwarded") << "approval is the entry";
  facts.relation->standing = Standing::Blocked;
  EXPECT_EQ(answer_to(facts), "blocked-by-owner") << "blocks of the author count all the same (CAS §4.7)";
  facts.relation = {};
  facts.exceptions.decided = decided_by(ExceptionAction::Block).decided;
  EXPECT_EQ(answer_to(facts), "blocked");
  facts.exceptions = decided_by(ExceptionAction::Forward);
  facts.ledger_in_progress = true;
  EXPECT_EQ(answer_to(facts), "in-progress");
  facts.listed_in_intent = false;
  EXPECT_EQ(answer_to(facts), "required");
}

TEST(Judge, TellsATrustedForwarderOfMailboxesWithinItsBudgetCasSection85) {
  RecipientFacts facts = confirmed_to_suzie();
  facts.intent = IntentStatus::Forwarded;
  facts.exceptions = decided_by(ExceptionAction::Forward);
  facts.mailbox = MailboxStatus::Unknown;
  EXPECT_TRUE(verdict_of(facts).reply.summary().starts_with("550 5.1.1 [CAS:unknown]"));
  facts.excess.signer_unknown = true;
  EXPECT_EQ(answer_to(facts), "signer-unknown");
  facts.mailbox = MailboxStatus::Exists;
  EXPECT_EQ(answer_to(facts), "signer-unknown") << "the same of one that is there";
}

// ---- The Screener ----

RecipientFacts screened(Standing standing, Screening screening = Screening::Hold) {
  RecipientFacts facts = confirmed_to_suzie();
  facts.screening = screening;
  facts.relation = Relation{.standing = standing};
  return facts;
}

TEST(Screener, HoldsStrangersAndLetsKnownOnesPassCasSection11) {
  EXPECT_EQ(answer_to(screened(Standing::Stranger)), "held");
  EXPECT_EQ(verdict_of(screened(Standing::Stranger)).admission, Admission::Held);
  EXPECT_TRUE(verdict_of(screened(Standing::Stranger)).reply.summary().starts_with("250 2.1.5 [CAS:held]"));
  EXPECT_EQ(answer_to(screened(Standing::Pending)), "held");
  EXPECT_EQ(answer_to(screened(Standing::Approved)), "approved");
  EXPECT_EQ(verdict_of(screened(Standing::Approved)).admission, Admission::Confirmed);
  EXPECT_EQ(answer_to(screened(Standing::Blocked)), "blocked-by-owner");
  EXPECT_EQ(answer_to(screened(Standing::Stranger, Screening::Defer)), "pending");
  EXPECT_TRUE(verdict_of(screened(Standing::Stranger, Screening::Defer))
                  .reply.summary()
                  .starts_with("451 4.7.0 [CAS:pending retry=1800]"));
  RecipientFacts expected = screened(Standing::Stranger);
  expected.relation->expected = true;
  EXPECT_EQ(answer_to(expected), "expected");
  expected.relation->standing = Standing::Blocked;
  EXPECT_EQ(answer_to(expected), "blocked-by-owner");
}

TEST(Screener, RefusesBulkAndNeverLetsItWaitCasSection21) {
  for (const auto screening : {Screening::Hold, Screening::Defer}) {
    RecipientFacts facts = screened(Standing::Stranger, screening);
    facts.klass = confirm::Class::Bulk;
    EXPECT_TRUE(verdict_of(facts).reply.summary().starts_with("550 5.7.1 [CAS:consent]"));
    facts.relation->standing = Standing::Approved;
    EXPECT_EQ(answer_to(facts), "approved");
  }
}

TEST(Screener, NeverAsksAnybodyAboutMailThatNobodyWroteCasSection82Step12) {
  RecipientFacts facts = screened(Standing::Stranger, Screening::Defer);
  facts.klass = confirm::Class::Automatic;
  EXPECT_EQ(answer_to(facts), "held-silently");
  facts.klass = confirm::Class::Personal;
  facts.null_sender = true;
  EXPECT_EQ(answer_to(facts), "held-silently");
  facts.relation->answers_own_mail = true;
  EXPECT_EQ(answer_to(facts), "answer");
}

TEST(Screener, IsBounded) {
  RecipientFacts facts = screened(Standing::Stranger);
  facts.relation->room = false;
  EXPECT_TRUE(verdict_of(facts).reply.summary().starts_with("451 4.7.28 [CAS:rate]"));
  facts.relation->standing = Standing::Approved;
  EXPECT_EQ(answer_to(facts), "approved");
}

TEST(Screener, WaitsForTheMessageWhereNothingIsSigned) {
  RecipientFacts facts = to_suzie();
  facts.screening = Screening::Hold;
  EXPECT_EQ(answer_to(facts), "message?");
  EXPECT_FALSE(provisionally(facts).alone);
  facts.screening = Screening::Defer;
  EXPECT_TRUE(provisionally(facts).alone);
  facts.message_known = true;
  EXPECT_EQ(answer_to(facts), "relation?");
  facts.exceptions = decided_by(ExceptionAction::Allow);
  EXPECT_EQ(answer_to(facts), "allowed");
  facts.exceptions = {};
  facts.recipient = mailbox("postmaster@b.example");
  EXPECT_EQ(answer_to(facts), "postmaster");
}

// ---- What is too much ----

TEST(Judge, MakesWhoSendsTooMuchWaitWhetherTheMailboxExistsOrNot) {
  const std::pair<bool Excess::*, std::string> cases[] = {{&Excess::network_messages, "network-rate"},
                                                          {&Excess::network_unknown, "network-unknown"},
                                                          {&Excess::new_domain, "new-domain"}};
  for (const auto& [excess, rule] : cases) {
    std::set<std::string> replies;
    for (const auto status : {MailboxStatus::Exists, MailboxStatus::Unknown, MailboxStatus::LookupFailed}) {
      RecipientFacts facts = to_suzie();
      facts.excess.*excess = true;
      facts.mailbox = status;
      EXPECT_EQ(answer_to(facts), rule);
      replies.insert(verdict_of(facts).reply.summary());
    }
    ASSERT_EQ(replies.size(), 1U);
    EXPECT_TRUE(replies.begin()->starts_with("451 4.7.28 [CAS:rate]")) << *replies.begin();
  }
}

TEST(Judge, LimitsNeverHitPostmasterUsersAndExceptions) {
  const Excess all{
      .network_messages = true, .network_unknown = true, .signer_unknown = true, .new_domain = true, .mailbox = true};
  for (const auto& base : {to_suzie(), confirmed_to_suzie()}) {
    RecipientFacts facts = base;
    facts.excess = all;
    facts.relation = Relation{};
    EXPECT_EQ(verdict_of(facts).reply.code, 451);
    for (const auto action : {ExceptionAction::Exempt, ExceptionAction::Allow}) {
      facts.exceptions = decided_by(action);
      EXPECT_EQ(verdict_of(facts).reply.code, 250);
    }
    facts.exceptions = {};
    facts.recipient = mailbox("Postmaster@b.example");
    EXPECT_EQ(verdict_of(facts).reply.code, 250);
    facts.recipient = mailbox("suzie@b.example");
    facts.user = "joe";
    EXPECT_EQ(verdict_of(facts).reply.code, 250);
  }
}

TEST(Judge, ANetworkThatGuessesIsNoReasonAgainstASignature) {
  RecipientFacts facts = confirmed_to_suzie();
  facts.screening = Screening::Off;
  facts.excess.network_unknown = true;
  EXPECT_EQ(answer_to(facts), "listed");
}

TEST(Judge, HidesMailboxesFromASignerThatGuessesCasSection85) {
  std::set<std::string> replies;
  for (const auto screening : {Screening::Off, Screening::Hold, Screening::Defer}) {
    for (const auto status : {MailboxStatus::Exists, MailboxStatus::Unknown, MailboxStatus::LookupFailed}) {
      RecipientFacts facts = confirmed_to_suzie();
      facts.screening = screening;
      facts.mailbox = status;
      facts.excess.signer_unknown = true;
      facts.relation.reset();
      const bool failed = status == MailboxStatus::LookupFailed;
      EXPECT_EQ(answer_to(facts), failed ? "mailbox-lookup-failed" : "relation?") << "asked of every mailbox alike";
      for (const auto standing : {Standing::Stranger, Standing::Pending, Standing::Blocked}) {
        facts.relation = Relation{.standing = standing};
        EXPECT_EQ(answer_to(facts), "signer-unknown");
        replies.insert(verdict_of(facts).reply.summary());
      }
    }
  }
  ASSERT_EQ(replies.size(), 1U);
  RecipientFacts waits = screened(Standing::Stranger, Screening::Defer);
  EXPECT_EQ(answer_to(waits), "pending");
  EXPECT_EQ(*replies.begin(), verdict_of(waits).reply.summary()) << "the very reply of a mailbox that defers";
}

TEST(Judge, ASignerThatGuessesReachesWhoApprovedIt) {
  RecipientFacts facts = screened(Standing::Approved);
  facts.excess.signer_unknown = true;
  EXPECT_EQ(answer_to(facts), "approved");
  facts.relation = Relation{.expected = true};
  EXPECT_EQ(answer_to(facts), "expected");
}

TEST(Judge, AMailboxThatIsFloodedStillGetsWhatItsOwnerApproved) {
  RecipientFacts facts = screened(Standing::Approved);
  facts.excess.mailbox = true;
  EXPECT_EQ(answer_to(facts), "approved");
  facts.relation = Relation{};
  EXPECT_EQ(answer_to(facts), "mailbox-rate");
  facts.mailbox = MailboxStatus::Unknown;
  EXPECT_EQ(answer_to(facts), "mailbox-unknown");
}

// ---- Observing ----

TEST(Judge, RefusesAndHoldsNothingForAPolicyWhereTheDomainObserves) {
  const auto observed = [](RecipientFacts facts) {
    facts.observe = true;
    const auto verdict = verdict_of(facts);
    EXPECT_EQ(verdict.reply.code, 250);
    return verdict.observed + " " + std::string(to_string(verdict.admission));
  };
  RecipientFacts plain = to_suzie();
  EXPECT_EQ(observed(plain), " unconfirmed");
  plain.mode = Mode::Required;
  EXPECT_EQ(observed(plain), "required unconfirmed");
  EXPECT_EQ(observed(screened(Standing::Stranger)), "held confirmed");
  EXPECT_EQ(observed(screened(Standing::Stranger, Screening::Defer)), "pending confirmed");
  EXPECT_EQ(observed(screened(Standing::Blocked)), "blocked-by-owner confirmed");
  RecipientFacts gone = to_suzie();
  gone.observe = true;
  gone.mailbox = MailboxStatus::Unknown;
  EXPECT_EQ(verdict_of(gone).reply.code, 550) << "what cannot be delivered is not taken";
}

// ---- The table ----

TEST(DecisionTable, IsWhatTheDocumentationSays) {
  std::ostringstream wanted;
  for (const auto& rule : rules()) {
    wanted << "| `" << rule.id << "` | " << rule.when << " | " << rule.then << " | " << (rule.is_policy ? "yes" : "")
           << " |\n";
  }
  std::ifstream file(CAS_TESTDATA "/../docs/decision-table.md");
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_TRUE(text.str().contains(wanted.str())) << "docs/decision-table.md should have these rows:\n" << wanted.str();
}

TEST(DecisionTable, IsNamedInWhatIsToldToWhomItTurnsAway) {
  RecipientFacts facts = to_suzie();
  facts.mode = confirm::Mode::Required;
  EXPECT_TRUE(verdict_of(facts).reply.summary().ends_with(" (rule required)")) << verdict_of(facts).reply.summary();
  EXPECT_TRUE(verdict_of(screened(Standing::Blocked)).reply.summary().ends_with(" (rule blocked)")) << "not by whom";
  EXPECT_FALSE(verdict_of(to_suzie()).reply.summary().contains("(rule"));
}

TEST(DecisionTable, HasNoRuleTwice) {
  std::set<std::string_view> ids;
  for (const auto& rule : rules()) EXPECT_TRUE(ids.insert(rule.id).second) << rule.id;
}

TEST(DecisionTable, SaysWhichRulesWerePassed) {
  const auto passed = passed_rules(confirmed_to_suzie());
  ASSERT_FALSE(passed.empty());
  EXPECT_EQ(passed.front(), "relay-denied");
  EXPECT_EQ(passed.back(), "held");
}

TEST(Admission, HasAWordForEveryValue) {
  EXPECT_EQ(to_string(Admission::Confirmed), "confirmed");
  EXPECT_EQ(to_string(Admission::Exempt), "exempt");
  EXPECT_EQ(to_string(Admission::Unconfirmed), "unconfirmed");
  EXPECT_EQ(to_string(Admission::Held), "held");
  EXPECT_EQ(to_string(Admission::Submitted), "submitted");
  EXPECT_EQ(to_string(Admission::Refused), "refused");
  EXPECT_EQ(to_string(Admission::Deferred), "deferred");
}

}  // namespace
}  // namespace cas::policy
