// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The rules, in order. Whatever is answered before "mailbox-lookup-failed" must not depend on whether the mailbox
// exists: nobody learns that without a signature where one is required (CAS §8.5).
#include "policy/judge.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/encoding.hpp"

namespace cas::policy {
namespace {

using confirm::Mode;
using confirm::Reason;

// ---- Facts of facts ----

using Facts = RecipientFacts;

bool is_local_part(const Mailbox& mailbox, std::string_view name) {
  return iequals(mailbox.local().value(), name);
}
/// RFC 5321 §4.5.1: postmaster is always there; RFC 2142 §2 adds abuse. CAS §8.2 exempts both.
bool is_postmaster(const Facts& facts) {
  return is_local_part(facts.recipient, "postmaster");
}
bool is_role(const Facts& facts) {
  return is_postmaster(facts) || is_local_part(facts.recipient, "abuse");
}
bool is_ours(const Facts& facts) {
  return facts.user || facts.own_network;
}
bool is_signed(const Facts& facts) {
  return facts.intent == IntentStatus::Valid;
}
/// A forwarder that the recipient trusts.
bool is_forwarded(const Facts& facts) {
  return facts.intent == IntentStatus::Forwarded && facts.listed_in_intent && facts.exceptions.forward.has_value();
}
bool counts(const Facts& facts) {
  return is_signed(facts) || is_forwarded(facts);
}
bool decided(const Facts& facts, ExceptionAction action) {
  return facts.exceptions.decided && facts.exceptions.decided->action == action;
}
/// The mailbox's owner has a say.
bool is_asked_for(const Facts& facts) {
  return facts.screening != Screening::Off && !is_ours(facts) && !is_role(facts) &&
         !decided(facts, ExceptionAction::Exempt) && !decided(facts, ExceptionAction::Allow);
}
bool is_screened(const Facts& facts) {
  return is_asked_for(facts) && !is_forwarded(facts);
}
/// Whom no limit concerns.
bool is_unlimited(const Facts& facts) {
  return is_ours(facts) || is_role(facts) || decided(facts, ExceptionAction::Exempt) ||
         decided(facts, ExceptionAction::Allow);
}
/// Mail that nobody wrote by hand: never a stranger to be asked about.
bool is_automatic(const Facts& facts) {
  return facts.null_sender || facts.klass == confirm::Class::Automatic;
}

bool has_room(const Facts& facts) {
  return is_automatic(facts) ? facts.relation->room_for_silent : facts.relation->room;
}

/// For whom nothing speaks, as far as the rules before could tell.
bool is_stranger(const Facts& facts) {
  return facts.domain_is_local && !counts(facts) && !is_unlimited(facts);
}
bool is_known(const Relation& relation) {
  return relation.standing == Standing::Approved || relation.expected || relation.answers_own_mail;
}

// ---- Verdicts ----

smtp::Reply yes(std::string_view word) {
  return {250, {2, 1, 5}, word.empty() ? std::string("ok") : "[CAS:" + std::string(word) + "] ok"};
}

Verdict accept(Admission admission, std::string_view word = {}) {
  return {.admission = admission, .reply = yes(word), .rule = {}, .observed = {}};
}
/// Into the inbox: confirmed by an intent, or ordinary mail.
Verdict admit(const Facts& facts) {
  return counts(facts) ? accept(Admission::Confirmed, "confirmed") : accept(Admission::Unconfirmed);
}
Verdict turn_away(smtp::Reply reply) {
  const auto admission = reply.transient() ? Admission::Deferred : Admission::Refused;
  return {.admission = admission, .reply = std::move(reply), .rule = {}, .observed = {}};
}
Verdict turn_away(Reason reason) {
  return turn_away(confirm::reply_for(reason));
}
/// 530 says "authenticate first", which is too late at the end of data.
Verdict require(const Facts& facts) {
  auto reply = confirm::reply_for(Reason::Required);
  if (facts.message_known) reply.code = 550, reply.enhanced = {5, 7, 1};
  return turn_away(std::move(reply));
}
Verdict no_such_mailbox(const Facts& facts) {
  if (counts(facts) && facts.listed_in_intent) return turn_away(Reason::NoSuchUser);
  return turn_away(smtp::Reply(550, {5, 1, 1}, "no such mailbox here"));
}
Verdict pend() {
  constexpr std::chrono::seconds retry{1800};
  return turn_away(confirm::reply_for(Reason::Pending, retry));
}

Verdict wait_for_room() {
  return turn_away(
      smtp::Reply(451, {4, 7, 28}, "[CAS:rate] no more mail may wait for this recipient's word, come back later"));
}

Verdict slow_down() {
  return turn_away(smtp::Reply(451, {4, 7, 28}, "[CAS:rate] too much mail, come back later"));
}

// ---- The table ----

/// Nothing: the rule does not apply, go on. A verdict is made only where it is given: the table is asked for each
/// recipient.
using Answer = std::optional<Judgement>;

struct Rule {
  RuleText text;
  Answer (*apply)(const Facts&);
};

Answer ask_or_require(const Facts& facts) {
  const bool asks = facts.domain_is_local && !is_ours(facts) && !counts(facts) && facts.mode == Mode::Required;
  if (!asks || is_role(facts) || decided(facts, ExceptionAction::Exempt)) return {};
  if (facts.exceptions.spf_could_decide && !facts.spf_known) return Question::Spf;
  if (facts.exceptions.message_could_decide && !facts.message_known) {
    // Where nothing is refused for this, the mailbox is no secret either, and what has none must not be taken.
    if (facts.observe && !facts.mailbox) return Question::Mailbox;
    if (!facts.observe || facts.mailbox == MailboxStatus::Exists) return Question::Message;
  }
  return require(facts);
}

Answer block(const Facts& facts) {
  if (is_ours(facts) || is_role(facts)) return {};
  if (facts.exceptions.spf_could_decide && !facts.spf_known) return Question::Spf;
  return decided(facts, ExceptionAction::Block) ? Answer(turn_away(Reason::Refused)) : Answer();
}

/// CAS §8.5: a mailbox that does not exist looks like one that waits for its owner's word, so every other one does too,
/// but to whom it let in before.
Answer hide_mailboxes(const Facts& facts) {
  const bool hides = facts.excess.signer_unknown && counts(facts) && facts.listed_in_intent;
  if (!hides || is_unlimited(facts)) return {};
  if (is_forwarded(facts)) return pend();  // no relationship is with a forwarder (CAS §4.7)
  if (!facts.relation && facts.mailbox == MailboxStatus::LookupFailed) return {};  // it was asked
  if (!facts.relation) return Question::Relation;
  return (facts.relation->standing != Standing::Approved && !facts.relation->expected) ? Answer(pend()) : Answer();
}

Answer look_up(const Facts& facts) {
  if (!facts.mailbox) return Question::Mailbox;
  return facts.mailbox == MailboxStatus::LookupFailed
             ? Answer(turn_away(smtp::Reply(451, {4, 3, 0}, "the mailbox cannot be looked up now")))
             : Answer();
}

/// What only the end of data, or the store, can tell of who writes.
Answer ask_who(const Facts& facts) {
  if (!is_asked_for(facts)) return {};
  if (!counts(facts) && !facts.message_known) return Question::Message;
  if (!facts.relation) return Question::Relation;
  return facts.relation->standing == Standing::Blocked ? Answer(turn_away(Reason::Refused)) : Answer();
}

/// Lists in the DNS are asked about clients of whom nothing else is known, and about no others: who sends confirmed
/// mail is not told to whoever keeps a list, and does not wait for the answer.
Answer look_for_listing(const Facts& facts) {
  if (!facts.stranger.has_lists || !is_stranger(facts)) return {};
  if (facts.exceptions.spf_could_decide && !facts.spf_known) return Question::Spf;
  if (facts.exceptions.message_could_decide && !facts.message_known) return Question::Message;
  if (!facts.stranger.listed_by) return Question::Listing;
  if (facts.stranger.listed_by->empty()) return {};
  return turn_away(smtp::Reply(550, {5, 7, 1}, "this client is listed by " + *facts.stranger.listed_by));
}

/// RFC 6647, at the end of data: only there it is known whether somebody speaks for the sender.
Answer greylist(const Facts& facts) {
  const auto& stranger = facts.stranger;
  if (!stranger.greylists || !is_stranger(facts)) return {};
  if (!facts.message_known) return Question::Message;
  if (stranger.vouched_for) return {};
  if (!facts.relation) return Question::Relation;
  if (is_known(*facts.relation)) return {};
  if (!stranger.must_wait) return Question::Greylist;
  if (stranger.must_wait->count() == 0) return {};
  return turn_away(smtp::Reply(451, {4, 7, 1},
                               "neither SPF nor a signature speaks for this sender: come again in " +
                                   std::to_string(stranger.must_wait->count()) + " seconds"));
}

constexpr std::array table{
    Rule{{"relay-denied", "a stranger writes to a domain that is not ours", "550 5.7.1"},
         [](const Facts& f) {
           return (!is_ours(f) && !f.domain_is_local)
                      ? Answer(turn_away(smtp::Reply(550, {5, 7, 1}, "relaying denied")))
                      : Answer();
         }},
    Rule{{"submitted", "a user or an own network writes elsewhere", "submitted"},
         [](const Facts& f) {
           return (is_ours(f) && !f.domain_is_local) ? Answer(accept(Admission::Submitted)) : Answer();
         }},
    Rule{{"not-listed", "the intent does not list the recipient, who is neither postmaster nor abuse",
          "550 5.7.1 [CAS:rcpt]"},
         [](const Facts& f) {  // CAS §8.2, step 9
           return (!is_ours(f) && is_signed(f) && !f.listed_in_intent && !is_role(f))
                      ? Answer(turn_away(Reason::NotListed))
                      : Answer();
         }},
    Rule{{"ledger-down", "listed, and the ledger cannot be read", "451 4.3.0 [CAS:unavailable]"},
         [](const Facts& f) {  // CAS §21, I8
           return (!is_ours(f) && counts(f) && f.listed_in_intent && !f.ledger_available)
                      ? Answer(turn_away(Reason::LedgerDown))
                      : Answer();
         }},
    Rule{{"in-progress", "listed, and another session receives the same", "451 4.3.0 [CAS:in-progress]"},
         [](const Facts& f) {
           return (!is_ours(f) && counts(f) && f.listed_in_intent && f.ledger_in_progress)
                      ? Answer(turn_away(Reason::InProgress))
                      : Answer();
         }},
    Rule{{"required", "no intent that counts, the domain requires one, and no exempt entry holds",
          "530 5.7.0 [CAS:required]; 550 5.7.1 at the end of data", true},
         ask_or_require},
    Rule{{"blocked", "a block entry decides", "550 5.7.1 [CAS:refused]", true}, block},
    Rule{{"network-rate", "the client's network sent as much in an hour as it may", "451 4.7.28 [CAS:rate]"},
         [](const Facts& f) {
           return (f.excess.network_messages && !is_unlimited(f)) ? Answer(slow_down()) : Answer();
         }},
    Rule{{"network-unknown", "no intent counts, and the client's network named too many mailboxes that do not exist",
          "451 4.7.28 [CAS:rate]"},
         [](const Facts& f) {
           return (f.excess.network_unknown && !counts(f) && !is_unlimited(f)) ? Answer(slow_down()) : Answer();
         }},
    Rule{{"new-domain", "a domain that is new here sent as much in a day as such a one may", "451 4.7.28 [CAS:rate]",
          true},
         [](const Facts& f) { return (f.excess.new_domain && !is_unlimited(f)) ? Answer(slow_down()) : Answer(); }},
    Rule{{"signer-unknown",
          "the signing domain named too many mailboxes that do not exist, and the owner has not approved the sender",
          "451 4.7.0 [CAS:pending]", false, "pending"},
         hide_mailboxes},
    Rule{{"mailbox-lookup-failed", "whether the mailbox exists cannot be found out", "451 4.3.0"}, look_up},
    Rule{{"mailbox-unknown", "there is no such mailbox, and it is not postmaster", "550 5.1.1"},
         [](const Facts& f) {
           return (f.mailbox == MailboxStatus::Unknown && !is_postmaster(f)) ? Answer(no_such_mailbox(f)) : Answer();
         }},
    Rule{{"submitted-here", "a user or an own network writes to a mailbox here", "submitted"},
         [](const Facts& f) { return is_ours(f) ? Answer(accept(Admission::Submitted)) : Answer(); }},
    Rule{{"postmaster", "to postmaster, without an intent that lists it", "exempt"},
         [](const Facts& f) {
           const bool plain = counts(f) ? !f.listed_in_intent : f.mode != Mode::Off;
           return (plain && is_postmaster(f)) ? Answer(accept(Admission::Exempt, "exempt")) : Answer();
         }},
    Rule{{"abuse", "to abuse, without an intent that lists it", "exempt"},
         [](const Facts& f) {
           const bool plain = counts(f) ? !f.listed_in_intent : f.mode != Mode::Off;
           return (plain && is_role(f)) ? Answer(accept(Admission::Exempt, "exempt")) : Answer();
         }},
    Rule{{"exempt", "an exempt entry decides, and no intent counts", "exempt"},
         [](const Facts& f) {
           return (!counts(f) && decided(f, ExceptionAction::Exempt)) ? Answer(accept(Admission::Exempt, "exempt"))
                                                                      : Answer();
         }},
    Rule{{"allowed", "an allow or exempt entry decides, and the mailbox screens strangers", "accepted"},
         [](const Facts& f) {
           const bool known = decided(f, ExceptionAction::Allow) || decided(f, ExceptionAction::Exempt);
           return (f.screening != Screening::Off && known && !is_role(f)) ? Answer(admit(f)) : Answer();
         }},
    Rule{{"blocked-by-owner", "the mailbox's owner blocked the sender", "550 5.7.1 [CAS:refused]", true, "blocked"},
         ask_who},
    Rule{{"forwarded", "the recipient trusts the forwarder that signed", "confirmed"},
         [](const Facts& f) { return is_forwarded(f) ? Answer(admit(f)) : Answer(); }},
    Rule{{"approved", "the owner approved the sender, or wrote to it", "accepted"},
         [](const Facts& f) {
           return (is_screened(f) && f.relation->standing == Standing::Approved) ? Answer(admit(f)) : Answer();
         }},
    Rule{{"expected", "the owner expects mail just now", "accepted"},
         [](const Facts& f) { return (is_screened(f) && f.relation->expected) ? Answer(admit(f)) : Answer(); }},
    Rule{{"mailbox-rate", "the mailbox was sent as much in an hour as it may be", "451 4.7.28 [CAS:rate]"},
         [](const Facts& f) { return (f.excess.mailbox && !is_unlimited(f)) ? Answer(slow_down()) : Answer(); }},
    Rule{{"consent", "bulk mail to whom did not approve it", "550 5.7.1 [CAS:consent]", true},
         [](const Facts& f) {
           return (is_screened(f) && f.klass == confirm::Class::Bulk) ? Answer(turn_away(Reason::Consent)) : Answer();
         }},
    Rule{{"answer", "nobody wrote it by hand, and the mailbox wrote to that domain not long ago", "accepted"},
         [](const Facts& f) {
           return (is_screened(f) && is_automatic(f) && f.relation->answers_own_mail) ? Answer(admit(f)) : Answer();
         }},
    Rule{{"listed-client", "a stranger, and DNS lists name the client", "550 5.7.1", true}, look_for_listing},
    Rule{{"greylisted", "a stranger for whom neither SPF nor a signature speaks, and who has not come before",
          "451 4.7.1", true},
         greylist},
    Rule{{"screener-full", "more may not wait in this Screener", "451 4.7.28 [CAS:rate]", true},
         [](const Facts& f) { return (is_screened(f) && !has_room(f)) ? Answer(wait_for_room()) : Answer(); }},
    Rule{{"held-silently", "nobody wrote it by hand, and nothing of the mailbox's is answered",
          "held, and nobody is notified", true},
         [](const Facts& f) {
           return (is_screened(f) && is_automatic(f)) ? Answer(accept(Admission::Held, "held")) : Answer();
         }},
    Rule{
        {"pending", "a stranger, and the mailbox takes none in", "451 4.7.0 [CAS:pending]", true},
        [](const Facts& f) { return (is_screened(f) && f.screening == Screening::Defer) ? Answer(pend()) : Answer(); }},
    Rule{{"held", "a stranger", "held", true},
         [](const Facts& f) { return is_screened(f) ? Answer(accept(Admission::Held, "held")) : Answer(); }},
    Rule{{"listed", "the intent lists the recipient", "confirmed"},
         [](const Facts& f) { return counts(f) ? Answer(admit(f)) : Answer(); }},
    Rule{{"mode-off", "the domain does not use CAS", "accepted"},
         [](const Facts& f) { return f.mode == Mode::Off ? Answer(admit(f)) : Answer(); }},
    Rule{{"optional", "everything else", "accepted"}, [](const Facts& f) { return Answer(admit(f)); }},
};

/// Whoever is turned away can name the rule to whoever runs this server.
void show(const RuleText& rule, smtp::Reply& reply) {
  if (reply.positive()) return;
  reply.lines.back().append(" (rule ").append(rule.shown.empty() ? rule.id : rule.shown).append(")");
}

struct Course {
  Judgement outcome;
  std::size_t at = 0;
};

Course run(const Facts& facts) {
  std::string observed;
  for (std::size_t n = 0; n < table.size(); ++n) {
    auto answer = table[n].apply(facts);
    if (!answer) continue;
    auto* verdict = std::get_if<Verdict>(&*answer);
    if (verdict == nullptr) return {*std::move(answer), n};
    if (facts.observe && table[n].text.is_policy) {
      if (observed.empty()) observed = table[n].text.id;
      continue;
    }
    verdict->rule = table[n].text.id;
    show(table[n].text, verdict->reply);
    verdict->observed = std::move(observed);
    return {*std::move(answer), n};
  }
  std::unreachable();  // the last rule always applies
}

smtp::Reply not_yours(std::string_view what, std::string_view address) {
  return {550, {5, 7, 1}, std::string(what) + ' ' + printable(address) + " is not yours to send as"};
}

}  // namespace

std::string_view to_string(Admission admission) {
  switch (admission) {
    case Admission::Confirmed: return "confirmed";
    case Admission::Exempt: return "exempt";
    case Admission::Unconfirmed: return "unconfirmed";
    case Admission::Held: return "held";
    case Admission::Submitted: return "submitted";
    case Admission::Refused: return "refused";
    case Admission::Deferred: return "deferred";
  }
  std::unreachable();
}

bool intent_counts(const RecipientFacts& facts) {
  return counts(facts);
}

Judgement judge(const RecipientFacts& facts) {
  return run(facts).outcome;
}

const ExceptionMatch* deciding_entry(const RecipientFacts& facts, const Verdict& verdict) {
  const auto entry = [](const std::optional<ExceptionMatch>& match) { return match ? &*match : nullptr; };
  if (verdict.rule == "forwarded") return entry(facts.exceptions.forward);
  constexpr std::array by_entry{std::string_view("exempt"), std::string_view("allowed"), std::string_view("blocked")};
  const auto of = [&](std::string_view rule) { return std::ranges::find(by_entry, rule) != by_entry.end(); };
  return of(verdict.rule) || of(verdict.observed) ? entry(facts.exceptions.decided) : nullptr;
}

std::vector<RuleText> rules() {
  std::vector<RuleText> all;
  for (const auto& rule : table) all.push_back(rule.text);
  return all;
}

std::vector<std::string_view> passed_rules(const RecipientFacts& facts) {
  std::vector<std::string_view> passed;
  for (const auto& rule : std::span(table).first(run(facts).at)) passed.push_back(rule.text.id);
  return passed;
}

Provisional provisionally(const RecipientFacts& facts) {
  const bool exempted = facts.mode == Mode::Required && !facts.observe;
  Provisional provisional{.verdict = accept(exempted ? Admission::Exempt : Admission::Unconfirmed),
                          .alone = !facts.observe && (exempted || facts.screening == Screening::Defer)};
  provisional.verdict.rule = provisional_rule;
  return provisional;
}

smtp::Reply one_at_a_time() {
  return {452, {4, 5, 3}, "one recipient at a time: this message is judged at its end"};
}

std::optional<smtp::Reply> refuse_sender(const SenderFacts& facts) {
  const auto is_allowed = [&](const Mailbox& mailbox) { return covers(facts.allowed, mailbox); };
  // The null path claims nobody's name (RFC 5321 §4.5.5: notifications that a mail program sends).
  if (const auto& sender = facts.envelope_from.mailbox(); sender && !is_allowed(*sender)) {
    return not_yours("the sender", sender->wire());
  }
  if (!facts.header_from) return std::nullopt;
  if (facts.header_from->empty()) return smtp::Reply(550, {5, 7, 1}, "the message names no author in From");
  const auto foreign = std::ranges::find_if_not(*facts.header_from, is_allowed);
  if (foreign == facts.header_from->end()) return std::nullopt;
  return not_yours("the author", foreign->wire());
}

}  // namespace cas::policy
