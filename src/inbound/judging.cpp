// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See judging.hpp.
#include "inbound/judging.hpp"

#include <algorithm>
#include <iterator>

#include "auth/authentication_report.hpp"
#include "auth/received_spf.hpp"
#include "base/ip_network.hpp"
#include "inbound/recipient_facts.hpp"
#include "net/completion.hpp"
#include "net/inquiry.hpp"

namespace cas::inbound {

namespace {

// At RCPT for now; the end of the message decides, and is what counts.
bool is_provisional(const policy::Verdict& verdict) {
  return verdict.rule == policy::provisional_rule;
}

bool is_of_blocked(const policy::Verdict& verdict) {
  return verdict.rule == "blocked" || verdict.rule == "blocked-by-owner";
}

std::string host_part(const Mailbox& mailbox) {
  return mailbox.domain() ? mailbox.domain()->text() : "[" + mailbox.literal()->text + "]";
}

std::string words_of(const std::vector<auth::DkimOutcome>& dkim) {
  std::string words;
  for (const auto& outcome : dkim) {
    if (!words.empty()) words += ' ';
    words += auth::to_string(outcome.result);
    if (outcome.domain) words += "/" + outcome.domain->text();
  }
  return words;
}

/// Why: what the rule went by, and after a failure what each method has against the message. Nobody can look at a
/// message that was refused.
std::string reason_of(const AuthenticationOutcomes& found, const policy::AuthenticationVerdict& verdict) {
  constexpr int most_signatures = 3;  // a stranger decides how many there are
  if (verdict.rule == "spf-fail") return found.spf.reason;
  std::string reason = found.dmarc.reason;
  const auto add = [&](const std::string& what) { reason += (reason.empty() ? "" : "; ") + what; };
  if (found.dmarc.result == auth::DmarcResult::Pass) return reason;
  if (found.spf.result != auth::SpfResult::Pass && found.spf.result != auth::SpfResult::None) {
    add("spf: " + found.spf.reason);
  }
  int told = 0;
  for (const auto& outcome : found.dkim) {
    if (!outcome.domain || outcome.reason.empty() || ++told > most_signatures) continue;
    add("dkim " + outcome.domain->text() + " " + outcome.selector + ": " + outcome.reason);
  }
  return reason;
}

}  // namespace

// ---- Who sends it ----

bool is_spf_pass(const auth::SpfOutcome& spf) {
  return spf.result == auth::SpfResult::Pass && spf.identity == auth::SpfIdentity::MailFrom;
}

void show_message(policy::SenderIdentity& sender, const IncomingMessage& message,
                  const std::optional<AuthenticationOutcomes>& outcomes) {
  const auto& facts = message.facts();
  if (const Mailbox* author = facts.author()) sender.author = *author;
  sender.list_id = facts.klass.list_id;
  if (!outcomes) return;
  const auto identity = policy::implicit_identity(outcomes->dmarc, outcomes->dkim);
  sender.author_proven = identity && sender.author && sender.author->domain() == identity;
  sender.list_proven = policy::is_list_proven(sender.list_id, outcomes->dkim);
}

std::string domain_of(const policy::SenderIdentity& sender) {
  if (sender.signer) return sender.signer->text();
  const auto& named = sender.envelope.mailbox();
  return named && named->domain() ? named->domain()->text() : std::string();
}

// ---- One recipient ----

void add_domain(const Services& services, policy::RecipientFacts& facts) {
  const auto& domain = facts.recipient.domain();
  const DomainSettings* settings = domain ? services.directory.find(*domain) : nullptr;
  if (settings == nullptr) return;
  facts.domain_is_local = true;
  facts.mode = settings->mode;
  facts.observe = settings->observe;
  facts.screening = screening_of(services, facts.recipient);
  facts.stranger.has_lists = !services.strangers.lists.empty();
  facts.stranger.greylists = services.strangers.greylist.count() > 0;
}

net::Task<void> find_relation(const Services& services, policy::SenderIdentity sender, policy::RecipientFacts& facts) {
  // Of what a forwarder brings only the owner's block counts, and blocks ask for no proof.
  if (sender.forwarded) sender.author_proven = true;
  auto names = policy::relation_names(sender, facts.klass);
  if (!names) {  // nobody is named: nobody can be approved
    facts.relation = policy::Relation();
    co_return;
  }
  const std::string mailbox = policy::relation_mailbox(facts.owner.value_or(facts.recipient));
  auto start = [&](auto done) {
    // Who guesses mailboxes learns nothing by the time of a reply (CAS §8.5).
    auto& relationships = services.relationships;
    if (facts.excess.signer_unknown) return relationships.find_standing(mailbox, *std::move(names), std::move(done));
    relationships.find(mailbox, *std::move(names), std::move(done));
  };
  auto relation = co_await net::completion<Result<policy::Relation>>(std::move(start));
  if (relation) {
    facts.relation = *relation;
  } else {
    facts.mailbox = policy::MailboxStatus::LookupFailed;
  }
}

net::Task<policy::Listing> ask_lists(const Services& services, std::optional<IpAddress> client) {
  constexpr std::chrono::seconds patience{3};
  if (!client || is_private(client->unmapped())) co_return policy::Listing();
  dns::Answers answers;
  const auto check = [&](dns::Answers& known) { return policy::check_lists(*client, services.strangers.lists, known); };
  const auto deadline = std::chrono::steady_clock::now() + patience;
  auto listing = co_await net::inquire(services.resolver, answers, check, deadline);
  co_return listing;
}

EventFields listing_fields(const policy::Listing& listing, const std::string& client) {
  std::string failed;
  for (const auto& list : listing.failed) failed += (failed.empty() ? "" : " ") + list;
  return {{"client", client}, {"score", std::to_string(listing.score)}, {"by", listing.by}, {"failed", failed}};
}

std::string listed_by(const Services& services, const policy::Listing& listing) {
  return listing.score >= services.strangers.dnsbl_score ? listing.by : std::string();
}

std::chrono::seconds wait_of(const Services& services, const policy::SenderIdentity& sender) {
  const auto now = services.clock.now();
  if (!sender.client || services.conduct.has_sent_well(sender, now)) return std::chrono::seconds(0);
  const auto wait = services.greylist.ask(*sender.client, sender.envelope, services.strangers.greylist, now);
  return wait.value_or(std::chrono::seconds(0));
}

void add_vouchers(const std::optional<AuthenticationOutcomes>& outcomes, policy::RecipientFacts& facts) {
  if (!outcomes) return;
  const auto passed = [](const auth::DkimOutcome& dkim) { return dkim.result == auth::DkimResult::Pass; };
  facts.stranger.vouched_for =
      outcomes->spf.result == auth::SpfResult::Pass || std::ranges::any_of(outcomes->dkim, passed);
}

net::Task<JudgedRecipient> judge_with(policy::RecipientFacts& facts, const FindOut& find_out) {
  while (true) {
    auto judgement = policy::judge(facts);
    if (auto* verdict = std::get_if<policy::Verdict>(&judgement)) co_return JudgedRecipient(*std::move(verdict), false);
    const auto question = std::get<policy::Question>(judgement);
    if (question == policy::Question::Message) {
      auto provisional = policy::provisionally(facts);
      co_return JudgedRecipient(std::move(provisional.verdict), provisional.alone);
    }
    co_await find_out(question);
  }
}

bool is_final(const policy::RecipientFacts& facts, const policy::Verdict& verdict) {
  return policy::intent_counts(facts) || verdict.admission == policy::Admission::Submitted ||
         verdict.rule == "postmaster" || verdict.rule == "abuse";
}

void look_for_excess_again(const Services& services, const policy::SenderIdentity& sender,
                           policy::RecipientFacts& facts) {
  if (facts.intent == policy::IntentStatus::Valid || !facts.domain_is_local) return;
  facts.excess.new_domain = services.conduct.excess(sender, facts.recipient, services.clock.now()).new_domain;
}

EventFields verdict_fields(const Services& services, const policy::RecipientFacts& facts,
                           const policy::Verdict& verdict, const ReversePath& from, const std::string& client) {
  // One at a time: whatever was to become of it, it comes again, and is judged then.
  const bool put_off = verdict.reply.transient();
  const auto admission = put_off ? policy::Admission::Deferred : verdict.admission;
  EventFields fields{{"to", facts.recipient.wire()},
                     {"from", from.path()},
                     {"client", client},
                     {"admission", std::string(policy::to_string(admission))},
                     {"rule", verdict.rule},
                     {"reply", verdict.reply.summary()}};
  if (const auto* entry = policy::deciding_entry(facts, verdict)) {
    fields.emplace_back("exception", std::to_string(entry->id));
    fields.emplace_back("pattern", entry->pattern);
    if (!put_off) services.exceptions.count_hit(entry->id);
  }
  if (!verdict.observed.empty()) fields.emplace_back("observed", verdict.observed);
  return fields;
}

void note_verdict(const Services& services, const policy::SenderIdentity& sender, const policy::RecipientFacts& facts,
                  const policy::Verdict& verdict, const policy::Verdict* before) {
  if (!facts.domain_is_local) return;
  // One at a time: it comes again, and is judged then.
  if (verdict.reply.transient() && verdict.admission != policy::Admission::Deferred) return;
  const auto now = services.clock.now();
  if (verdict.rule == "mailbox-unknown") services.conduct.told_unknown(sender, now);
  if (is_of_blocked(verdict)) services.conduct.misbehaved(sender, now);
  const std::string& domain = facts.recipient.domain()->text();
  const std::string from = domain_of(sender);
  if (before != nullptr && !is_provisional(*before)) services.report.take_back(domain, *before, from, now);
  if (!is_provisional(verdict)) services.report.count(domain, verdict, from, now);
}

// ---- SPF, DKIM, DMARC, ARC ----

bool hangs_on_authentication(policy::IntentStatus intent, const policy::Verdict& verdict) {
  return intent != policy::IntentStatus::Valid &&
         (verdict.admission == policy::Admission::Unconfirmed || verdict.admission == policy::Admission::Held ||
          is_provisional(verdict));
}

policy::AuthenticationVerdict judge_outcomes(const Services& services, const AuthenticationOutcomes& found,
                                             bool null_sender, bool from_a_list) {
  policy::AuthenticationFacts facts;
  facts.spf = found.spf.result;
  facts.spf_domain = found.spf.domain;
  facts.null_sender = null_sender;
  facts.dkim = found.dkim;
  facts.dmarc = found.dmarc;
  facts.arc = found.arc;
  facts.trusted_sealers = services.authentication.trusted_sealers;
  facts.from_a_list = from_a_list;
  return policy::judge_authentication(facts);
}

EventFields authentication_event(const AuthenticationOutcomes& found, const policy::AuthenticationVerdict& verdict,
                                 const policy::Handling& handling) {
  // Whom a signature speaks for, where nobody confirmed: known to rules, and never called confirmed.
  const auto identity = policy::implicit_identity(found.dmarc, found.dkim);
  const auto quarantined = std::ranges::count(handling.recipients, policy::Disposition::Quarantine);
  EventFields fields{{"author", found.dmarc.author_domain ? found.dmarc.author_domain->text() : ""},
                     {"spf", std::string(auth::to_string(found.spf.result))},
                     {"dkim", words_of(found.dkim)},
                     {"dmarc", std::string(auth::to_string(found.dmarc.result))},
                     {"policy", found.dmarc.record_domain ? std::string(auth::to_string(found.dmarc.policy)) : ""},
                     {"arc", std::string(auth::to_string(found.arc.result))},
                     {"identity", identity ? identity->text() : ""},
                     {"rule", verdict.rule},
                     {"disposition", std::string(policy::to_string(verdict.disposition))},
                     {"quarantined", std::to_string(quarantined)},
                     {"refused", handling.reply ? "yes" : "no"}};
  if (verdict.softened) fields.emplace_back("softened", "yes");
  if (verdict.sealer) fields.emplace_back("sealer", verdict.sealer->text());
  if (auto reason = reason_of(found, verdict); !reason.empty()) fields.emplace_back("reason", std::move(reason));
  return fields;
}

void note_handling(const Services& services, const policy::SenderIdentity& sender, const Mailbox& recipient,
                   policy::Verdict verdict, const policy::AuthenticationVerdict& found,
                   const policy::Handling& handling, policy::Enforcement mode) {
  const auto now = services.clock.now();
  const std::string from = domain_of(sender);
  const std::string name = found.rule + ": " + std::string(policy::to_string(found.disposition));
  const std::string& domain = recipient.domain()->text();
  services.report.take_back(domain, verdict, from, now);
  if (mode == policy::Enforcement::Observe) {
    if (verdict.observed.empty()) verdict.observed = name;
  } else {
    verdict.rule = name;
  }
  if (handling.reply) {
    verdict.admission = handling.reply->transient() ? policy::Admission::Deferred : policy::Admission::Refused;
  }
  services.report.count(domain, verdict, from, now);
}

auth::MethodResult confirmation_result(bool pass, std::optional<policy::Admission> admission, const Mailbox* author,
                                       const ReversePath& from) {
  auth::MethodResult cas{.method = "cas", .result = pass ? "pass" : "none", .reason = {}, .properties = {}};
  if (admission) cas.properties.emplace_back("policy.cas", std::string(policy::to_string(*admission)));
  if (author != nullptr) cas.properties.emplace_back("header.from", host_part(*author));
  if (const auto& sender = from.mailbox()) cas.properties.emplace_back("smtp.mailfrom", sender->wire());
  return cas;
}

std::string authentication_fields(const Services& services, auth::MethodResult confirmation,
                                  const AuthenticationOutcomes* found, const auth::SpfQuery* query, bool null_sender,
                                  const std::string& client) {
  std::vector<auth::MethodResult> results{std::move(confirmation)};
  std::string received_spf;
  if (found != nullptr) {
    auth::AuthenticationFindings findings;
    findings.spf = found->spf.result;
    findings.spf_domain = found->spf.domain;
    findings.spf_reason = found->spf.reason;
    findings.null_sender = null_sender;
    findings.dkim = found->dkim;
    findings.dmarc = found->dmarc;
    findings.arc = found->arc;
    findings.remote_ip = client;
    if (services.authentication.received_spf && query != nullptr) {
      received_spf = auth::format_received_spf(found->spf, *query);
    }
    std::ranges::move(auth::report_authentication(findings), std::back_inserter(results));
  }
  return auth::format_authentication_results(services.host.text(), results) + received_spf;
}

}  // namespace cas::inbound
