// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The DMARC record, and whether the reports that it asks for may be sent.
#include <algorithm>
#include <set>

#include "auth/dmarc_walk.hpp"
#include "setup/checker.hpp"

namespace cas::setup {

namespace {

std::string name_of(const Checker& c) {
  return "_dmarc." + c.site.domain.text();
}

Finding about(const Checker& c, std::string id, Verdict verdict, Need need) {
  const auto expected = c.wanted(Kind::Dmarc);
  Finding finding{.id = std::move(id), .name = name_of(c), .type = "TXT", .verdict = verdict, .need = need};
  if (!expected.empty()) {
    finding.expected = expected.front().value;
    finding.line = record_line(expected.front());
  }
  return finding;
}

std::vector<std::string> records_of(const dns::Answer& answer) {
  std::vector<std::string> records;
  for (const auto& text : texts_of(answer)) {
    if (auth::parse_dmarc_record(text)) records.push_back(text);
  }
  return records;
}

/// A record of a domain above counts too (RFC 9989 §4.10).
void check_inherited(Checker& c, const dns::Answer& answer) {
  const auto walk = auth::walk_from(c.site.domain, c.answers());
  if (!c.has(walk)) return;
  if (walk->organization_record && walk->organization != c.site.domain) {
    c.add_ok("dmarc", name_of(c), "TXT", "at " + walk->organization.text(),
             "The DMARC record of the domain above counts.");
    return;
  }
  auto finding = about(c, "dmarc", Verdict::Missing, c.facts.own ? Need::Needed : Need::Recommended);
  finding.problem = "There is no DMARC record: anybody can forge the domain, and large receivers want one.";
  finding.found = "nothing";
  finding.mend = "Enter the record; p=none changes nothing for anybody and brings reports.";
  c.add_missing_txt(std::move(finding), answer, "v=DMARC1");
}

std::optional<Domain> domain_of(std::string_view uri) {
  constexpr std::string_view scheme = "mailto:";
  if (uri.size() <= scheme.size() || !iequals(uri.substr(0, scheme.size()), scheme)) return std::nullopt;
  std::string_view address = uri.substr(scheme.size());
  address = address.substr(0, address.find('?'));
  const auto mailbox = Mailbox::parse(address);
  return mailbox ? mailbox->domain() : std::nullopt;
}

/// RFC 9990 §4: who is not of the domain's organisation has to say that it wants the reports.
void check_consent(Checker& c, const std::string& uri, const Domain& receiver) {
  const auto ours = auth::walk_from(c.site.domain, c.answers()), theirs = auth::walk_from(receiver, c.answers());
  if (!c.has(ours) || !c.has(theirs)) return;
  if (receiver.is_within(ours->organization) || ours->organization == theirs->organization) return;
  const std::string name = c.site.domain.text() + "._report._dmarc." + receiver.text();
  const auto* answer = c.ask(name, dns::Type::TXT);
  if (answer == nullptr) return;
  if (answer->status == dns::Status::Failed) return c.add_failed("dmarc.consent", name, dns::Type::TXT, *answer);
  if (!records_of(*answer).empty()) return;
  c.add({.id = "dmarc.consent",
         .name = name,
         .type = "TXT",
         .verdict = Verdict::Missing,
         .need = Need::Recommended,
         .problem =
             "Reports are to go to " + receiver.text() + ", which does not say that it wants them: nobody sends any.",
         .expected = "v=DMARC1",
         .found = "nothing",
         .mend = "Have it entered in the zone of " + receiver.text() +
                 ", or let reports go to the domain itself; now: " + uri,
         .line = record_line(name, "TXT", "v=DMARC1")});
}

void check_reports(Checker& c, const std::string& text, const auth::DmarcRecord& record) {
  const bool asks = to_lower(text).contains("rua");
  bool any = false;
  std::set<std::string> done;
  for (const auto& uri : record.rua) {
    const auto receiver = domain_of(uri);
    if (!receiver) continue;
    any = true;
    if (!receiver->is_within(c.site.domain) && done.insert(receiver->text()).second) check_consent(c, uri, *receiver);
  }
  if (any || !c.facts.own) return;
  auto finding = about(c, asks ? "dmarc.rua" : "dmarc.no-rua", asks ? Verdict::Wrong : Verdict::Weak,
                       asks ? Need::Recommended : Need::Optional);
  finding.problem = asks ? "rua= holds no address that reports can go to: it must be mailto: and a mailbox."
                         : "Nobody is told who sends as the domain: there is no rua=.";
  finding.found = text;
  finding.mend = "Write rua=mailto:MAILBOX.";
  c.add(std::move(finding));
}

void check_policy(Checker& c, const std::string& text, const auth::DmarcRecord& record) {
  auto finding = about(c, "dmarc.none", Verdict::Weak, Need::Optional);
  finding.found = text;
  finding.line.clear();
  finding.expected.clear();
  if (record.policy_at_fault) {
    finding.id = "dmarc.policy";
    finding.verdict = Verdict::Wrong;
    finding.need = Need::Needed;
    finding.problem =
        record.p ? "sp= or np= has a value that there is not." : "p= is missing, or has a value that there is not.";
    finding.mend = "Use none, quarantine or reject.";
    const auto expected = c.wanted(Kind::Dmarc);
    if (!expected.empty()) finding.line = record_line(expected.front());
    return c.add(std::move(finding));
  }
  if (record.testing) {
    finding.id = "dmarc.testing";
    finding.problem = "t=y asks for one step less than the policy says.";
    finding.mend = "Remove it when reports show nothing that is missing.";
    return c.add(std::move(finding));
  }
  if (record.p != auth::DmarcPolicy::None) return;
  finding.problem = "p=none lets mail pass that forges the domain.";
  finding.mend = "When reports show that all of your own mail passes: p=quarantine, then p=reject.";
  c.add(std::move(finding));
}

}  // namespace

void check_dmarc_record(Checker& c) {
  const auto* answer = c.ask(name_of(c), dns::Type::TXT);
  if (answer == nullptr) return;
  if (answer->status == dns::Status::Failed) return c.add_failed("dmarc", name_of(c), dns::Type::TXT, *answer);
  const auto records = records_of(*answer);
  if (records.empty()) return check_inherited(c, *answer);
  if (records.size() > 1) {
    auto finding = about(c, "dmarc.several", Verdict::Wrong, Need::Needed);
    finding.problem = "There are several DMARC records, and so none counts (RFC 9989 §4.10).";
    finding.found = joined(records, " | ");
    finding.mend = "Leave one of them.";
    finding.line.clear();
    return c.add(std::move(finding));
  }
  const auto record = auth::parse_dmarc_record(records.front());
  const auto mark = c.mark();
  check_policy(c, records.front(), *record);
  check_reports(c, records.front(), *record);
  c.add_ok_since(mark, "dmarc", name_of(c), "TXT", records.front(),
                 "DMARC says what becomes of mail that forges the domain.");
}

}  // namespace cas::setup
