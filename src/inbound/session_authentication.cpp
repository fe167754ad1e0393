// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Who sends a message from outside: asked from MAIL on, judged at its end, told in Authentication-Results.
#include <algorithm>

#include "auth/authentication_report.hpp"
#include "auth/received_spf.hpp"
#include "inbound/session.hpp"
#include "net/inquiry.hpp"

namespace cas::inbound {

namespace {

// Where nothing depends on what is found: it is told to whoever reads Authentication-Results, and a confirmed message
// does not wait for a slow DNS.
constexpr milliseconds patience_for_reports{1000};

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

void Session::begin_authentication(const ReversePath& from) {
  auth::SpfQuery query;
  if (const auto address = IpAddress::parse(stream_.peer().address)) query.ip = *address;
  query.helo = protocol_.helo();
  query.mail_from = from.is_null() ? std::string() : from.mailbox()->wire();
  query.receiver = services_.host.text();
  query.now = to_unix(services_.clock.now());
  work_.authentication = std::make_unique<Authentication>(services_.resolver, services_.dkim_keys, background_,
                                                          underway_, std::move(query));
}

// What is found. A reply: it cannot be found any more.
net::Task<std::optional<smtp::Reply>> Session::authenticate(const IncomingMessage& message) {
  const bool matters = std::ranges::any_of(work_.admitted, [this](const auto& admitted) { return hangs_on(admitted); });
  const milliseconds patience = matters ? net::inquiry_time : patience_for_reports;
  work_.outcomes = co_await work_.authentication->outcomes(message, patience);
  // Cut off while it waited: nothing was found out, and nobody would hear that the message was taken.
  const bool stopping = co_await net::is_cancelled();
  if (stopping) co_return smtp::Reply(421, smtp::EnhancedCode{4, 3, 2}, "going down, try again later");
  co_return std::nullopt;
}

// Where nothing else says who may write: intents and exemptions do.
bool Session::hangs_on(const Admitted& admitted) const {
  return work_.status != policy::IntentStatus::Valid &&
         (admitted.verdict.admission == policy::Admission::Unconfirmed ||
          admitted.verdict.admission == policy::Admission::Held || admitted.verdict.rule == policy::provisional_rule);
}

// What those recipients do whose domains act on what was found.
std::optional<smtp::Reply> Session::enforce(const IncomingMessage& message) {
  const auto verdict = judge_outcomes(message);
  std::vector<policy::Enforcement> modes;
  modes.reserve(work_.admitted.size());
  for (const auto& admitted : work_.admitted) {
    const auto* domain = services_.directory.find(*admitted.address.domain());
    const bool acts = domain != nullptr && hangs_on(admitted) && admitted.fate != policy::Fate::Aside;
    modes.push_back(acts ? domain->authentication : policy::Enforcement::Observe);
  }
  const auto handling = policy::handle_recipients(verdict, modes);
  for (std::size_t n = 0; n < work_.admitted.size(); ++n) {
    if (handling.recipients[n] == policy::Disposition::Quarantine) work_.admitted[n].quarantined = true;
  }
  tell_authentication(verdict, handling);
  note_authentication(verdict, handling, modes);
  return handling.reply;
}

void Session::tell_authentication(const policy::AuthenticationVerdict& verdict,
                                  const policy::Handling& handling) const {
  const auto& found = *work_.outcomes;
  // Whom a signature speaks for, where nobody confirmed: known to rules, and never called confirmed.
  const auto identity = policy::implicit_identity(found.dmarc, found.dkim);
  const auto quarantined = std::ranges::count(handling.recipients, policy::Disposition::Quarantine);
  std::vector<std::pair<std::string_view, std::string>> fields{
      {"client", stream_.peer().text()},
      {"helo", protocol_.helo()},
      {"from", protocol_.mail()->from.path()},
      {"author", found.dmarc.author_domain ? found.dmarc.author_domain->text() : ""},
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
  event("authentication", std::move(fields));
}

policy::AuthenticationVerdict Session::judge_outcomes(const IncomingMessage& message) const {
  const auto& found = *work_.outcomes;
  policy::AuthenticationFacts facts;
  facts.spf = found.spf.result;
  facts.spf_domain = found.spf.domain;
  facts.null_sender = protocol_.mail()->from.is_null();
  facts.dkim = found.dkim;
  facts.dmarc = found.dmarc;
  facts.arc = found.arc;
  facts.trusted_sealers = services_.authentication.trusted_sealers;
  facts.from_a_list = message.from_a_list();
  return policy::judge_authentication(facts);
}

std::string Session::authentication_fields(const IncomingMessage& message) const {
  std::vector<auth::MethodResult> results{confirmation_result(message)};
  std::string received_spf;
  if (work_.outcomes) {
    const auto& found = *work_.outcomes;
    auth::AuthenticationFindings findings;
    findings.spf = found.spf.result;
    findings.spf_domain = found.spf.domain;
    findings.spf_reason = found.spf.reason;
    findings.null_sender = protocol_.mail()->from.is_null();
    findings.dkim = found.dkim;
    findings.dmarc = found.dmarc;
    findings.arc = found.arc;
    findings.remote_ip = stream_.peer().address;
    if (services_.authentication.received_spf) {
      received_spf = auth::format_received_spf(found.spf, work_.authentication->spf_query());
    }
    std::ranges::move(auth::report_authentication(findings), std::back_inserter(results));
  }
  return auth::format_authentication_results(services_.host.text(), results) + received_spf;
}

// CAS §16: cas=pass for what was confirmed. Whatever else was found never makes it "confirmed"; nor is a copy that some
// get as ordinary mail, where only others trust the forwarder.
auth::MethodResult Session::confirmation_result(const IncomingMessage& message) const {
  const bool pass = work_.status == policy::IntentStatus::Valid ||
                    std::ranges::all_of(work_.admitted, [](const auto& r) { return policy::intent_counts(r.facts); });
  auth::MethodResult cas{.method = "cas", .result = pass ? "pass" : "none", .reason = {}, .properties = {}};
  const auto admission = work_.admitted.front().verdict.admission;
  const bool alike =
      std::ranges::all_of(work_.admitted, [&](const auto& r) { return r.verdict.admission == admission; });
  if (alike) cas.properties.emplace_back("policy.cas", std::string(policy::to_string(admission)));
  if (const Mailbox* author = message.facts().author()) {
    cas.properties.emplace_back("header.from", host_part(*author));
  }
  const auto& sender = protocol_.mail()->from.mailbox();
  if (sender) cas.properties.emplace_back("smtp.mailfrom", sender->wire());
  return cas;
}

}  // namespace cas::inbound
