// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The SPF record of the domain, and that of the server's own name.
#include <algorithm>

#include "auth/spf.hpp"
#include "auth/spf_record.hpp"
#include "setup/checker.hpp"

namespace cas::setup {

namespace {

using Mechanism = auth::SpfDirective::Mechanism;

Finding about(const Checker& c, std::string id) {
  const auto expected = c.wanted(Kind::Spf);
  Finding finding{.id = std::move(id), .name = c.site.domain.text(), .type = "TXT", .verdict = Verdict::Wrong};
  if (!c.facts.own) finding.need = Need::Recommended;
  if (!expected.empty()) {
    finding.expected = expected.front().value;
    finding.line = record_line(expected.front());
  }
  return finding;
}

bool is_all(std::string_view term) {
  const std::string text = to_lower(term);
  return text == "all" || (text.size() == 4 && text.ends_with("all") && std::string_view("+-~?").contains(text[0]));
}

std::vector<std::string> terms_of(std::string_view text) {
  std::vector<std::string> terms;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (end > 0) terms.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return terms;
}

/// One record that says what all of them say; "~all" unless all of them were strict.
std::string merged(const std::vector<std::string>& records) {
  std::vector<std::string> terms;
  bool strict = true;
  for (const auto& record : records) {
    for (const auto& term : terms_of(record)) {
      if (is_all(term)) strict = strict && term.starts_with('-');
      if (is_all(term) || iequals(term, "v=spf1")) continue;
      if (std::ranges::find(terms, term) == terms.end()) terms.push_back(term);
    }
  }
  return "v=spf1 " + joined(terms, " ") + (strict ? " -all" : " ~all");
}

/// Without the term, or with another in its place.
std::string with_term(std::string_view text, std::string_view term, std::string_view instead) {
  std::vector<std::string> terms;
  for (const auto& one : terms_of(text)) {
    if (one != term) terms.push_back(one);
    if (one == term && !instead.empty()) terms.emplace_back(instead);
  }
  return joined(terms, " ");
}

std::string with_address(std::string_view text, const IpAddress& address) {
  constexpr std::size_t version = 6;
  return std::string(text.substr(0, version)) + (address.is_v4() ? " ip4:" : " ip6:") + address.text() +
         std::string(text.substr(std::min(version, text.size())));
}

void add_syntax(Checker& c, const std::string& text, const auth::SpfSyntaxError& error) {
  auto finding = about(c, "spf.syntax");
  finding.problem = "The SPF record has an error, and so all of it is void: " + error.why + ".";
  finding.found = text;
  finding.mend = "Correct the term \"" + error.term + "\".";
  if (error.term.empty()) finding.mend = "Write it anew.";
  // Two strings of one record are joined without a blank (RFC 7208 §3.3).
  const auto inner = error.term.find("include:", 1), address = error.term.find("ip4:", 1);
  const auto at = std::min(inner, address);
  if (at != std::string::npos && at != 0) {
    finding.mend = "A blank is missing: end the first string with a blank, or begin the next with one.";
  }
  c.add(std::move(finding));
}

void check_end(Checker& c, const std::string& text, const auth::SpfRecord& record) {
  const auto all = std::ranges::find(record.directives, Mechanism::All, &auth::SpfDirective::mechanism);
  auto finding = about(c, "spf.open");
  finding.found = text;
  if (all == record.directives.end()) {
    if (record.redirect) return;
    finding.verdict = Verdict::Weak;
    finding.need = Need::Recommended;
    finding.problem = "The SPF record does not say what becomes of mail from other servers: it keeps nobody out.";
    finding.mend = "End it with ~all.";
    finding.line = record_line(finding.name, "TXT", text + " ~all");
    return c.add(std::move(finding));
  }
  if (all->result == auth::SpfResult::Pass) {
    finding.id = "spf.pass-all";
    finding.problem = "+all lets every server in the world send for the domain, and receivers count that against it.";
  } else if (all->result == auth::SpfResult::Neutral) {
    finding.verdict = Verdict::Weak;
    finding.need = Need::Recommended;
    finding.problem = "?all says nothing about mail from other servers: it keeps nobody out.";
  } else {
    return;
  }
  finding.mend = "Put ~all in its place; -all once DMARC reports show nothing that is missing.";
  finding.line = record_line(finding.name, "TXT", with_term(text, all->term, "~all"));
  c.add(std::move(finding));
}

void check_terms(Checker& c, const std::string& text, const auth::SpfRecord& record) {
  for (const auto& directive : record.directives) {
    auto finding = about(c, "spf.ptr");
    finding.verdict = Verdict::Weak;
    finding.need = Need::Recommended;
    finding.found = text;
    if (directive.mechanism == Mechanism::Ptr) {
      finding.problem = "The ptr mechanism must not be used (RFC 7208 §5.5): it is slow, and some pass it over.";
      finding.mend = "Name the addresses, or a: or mx in its place.";
      finding.line = record_line(finding.name, "TXT", with_term(text, directive.term, ""));
      c.add(std::move(finding));
    } else if ((directive.mechanism == Mechanism::Ip4 && directive.v4_bits < 8) ||
               (directive.mechanism == Mechanism::Ip6 && directive.v6_bits < 16)) {
      if (directive.result != auth::SpfResult::Pass) continue;
      finding.id = "spf.wide";
      finding.problem = std::string(directive.term) + " lets a large part of the world send for the domain.";
      finding.mend = "Name your own network alone.";
      finding.line = record_line(finding.name, "TXT", with_term(text, directive.term, ""));
      c.add(std::move(finding));
    }
  }
}

void check_cost(Checker& c, const std::string& text) {
  constexpr int most_lookups = 10;  // RFC 7208 §4.6.4
  constexpr std::size_t most_voids = 2;
  const auto cost = spf_cost(c.site.domain.text(), c.answers());
  if (!c.has(cost)) return;
  auto finding = about(c, "spf.lookups");
  finding.found = text;
  finding.line.clear();
  if (!cost->fault.empty()) {
    finding.id = "spf.include";
    finding.problem = "The SPF record leads to one that cannot be used, and so all of it is void: " + cost->fault + ".";
    finding.mend = "Remove or correct that term.";
    for (const auto& term : terms_of(text)) {
      if (cost->fault.starts_with(term + ":") && term.contains(':')) {
        finding.line = record_line(finding.name, "TXT", with_term(text, term, ""));
      }
    }
    c.add(finding);
  }
  if (cost->lookups > most_lookups) {
    finding.id = "spf.lookups";
    finding.problem = "The SPF record costs " + std::to_string(cost->lookups) +
                      " questions to the DNS, and 10 are allowed: for whoever comes after the tenth it is void.";
    finding.mend =
        "Remove includes of services that are no longer used; write ip4: and ip6: where a: and mx stand; send "
        "newsletters from a subdomain with a record of its own.";
    finding.line.clear();
    c.add(finding);
  }
  if (cost->voids.size() > most_voids) {
    finding.id = "spf.voids";
    finding.problem = "The SPF record names " + std::to_string(cost->voids.size()) +
                      " things that do not exist, and with a third one it is void: " + joined(cost->voids) + ".";
    finding.mend = "Remove the terms that name them.";
    finding.line.clear();
    c.add(finding);
  }
}

void check_size(Checker& c, const dns::Answer& answer) {
  constexpr std::size_t fits = 450;  // RFC 7208 §3.4: with all else within 512 octets
  std::size_t octets = 0;
  for (const auto& text : texts_of(answer)) octets += text.size();
  if (octets <= fits) return;
  auto finding = about(c, "spf.size");
  finding.verdict = Verdict::Weak;
  finding.need = Need::Optional;
  finding.problem =
      "The TXT records of the domain have " + std::to_string(octets) + " octets: some networks lose answers above 512.";
  finding.expected = "at most 450 octets";
  finding.mend = "Remove TXT records that proved something once; shorten the SPF record.";
  finding.line.clear();
  c.add(std::move(finding));
}

/// What receivers will say of mail from our own addresses.
bool check_own(Checker& c, const std::string& text) {
  if (!c.facts.own || !c.site.sends_directly) return true;
  bool passes = true;
  for (const auto& address : c.site.addresses) {
    const auto outcome = auth::check_spf({.ip = address,
                                          .helo = c.site.host.text(),
                                          .mail_from = "postmaster@" + c.site.domain.text(),
                                          .receiver = {},
                                          .now = c.facts.now},
                                         c.answers());
    if (!c.has(outcome)) return false;
    if (outcome->result == auth::SpfResult::Pass) continue;
    passes = false;
    if (outcome->result == auth::SpfResult::TempError) {
      c.add({.id = "spf.own",
             .name = c.site.domain.text(),
             .type = "TXT",
             .verdict = Verdict::Unknown,
             .problem = "Whether mail from " + address.text() + " passes cannot be told: " + outcome->reason + ".",
             .mend = "Try again."});
      continue;
    }
    if (outcome->result == auth::SpfResult::PermError) continue;  // was said already, and why
    auto finding = about(c, "spf.own");
    finding.problem = "This server sends from " + address.text() + ", and the SPF record says " +
                      std::string(auth::to_string(outcome->result)) + " to that.";
    finding.found = text;
    finding.expected = with_address(text, address);
    finding.mend = "Add the address.";
    finding.line = record_line(finding.name, "TXT", finding.expected);
    c.add(std::move(finding));
  }
  return passes;
}

void check_helo(Checker& c) {
  const auto expected = c.wanted(Kind::HeloSpf);
  if (expected.empty()) return;
  const auto& host = c.site.host.text();
  for (const auto& address : c.site.addresses) {
    const auto outcome = auth::check_spf(
        {.ip = address, .helo = host, .mail_from = {}, .receiver = {}, .now = c.facts.now}, c.answers());
    if (!c.has(outcome)) return;
    Finding finding{
        .id = "spf.helo",
        .name = host,
        .type = "TXT",
        .verdict = Verdict::Missing,
        .need = Need::Recommended,
        .problem = "The server's own name has no SPF record: its notices of failed delivery are a stranger's.",
        .expected = expected.front().value,
        .found = outcome->record.empty() ? "nothing" : outcome->record,
        .mend = "Enter the record.",
        .line = record_line(expected.front())};
    if (outcome->result == auth::SpfResult::TempError) {
      finding.verdict = Verdict::Unknown;
      finding.problem = "The DNS gave no answer: " + outcome->reason + ".";
      finding.mend = "Try again.";
    } else if (outcome->result == auth::SpfResult::Pass) {
      c.add_ok("spf.helo", host, "TXT", outcome->record, "SPF passes for the server's own name.");
      return;
    } else if (outcome->result != auth::SpfResult::None) {
      finding.verdict = Verdict::Wrong;
      finding.need = outcome->result == auth::SpfResult::Neutral ? Need::Recommended : Need::Needed;
      finding.problem = "The SPF record of the server's own name says " +
                        std::string(auth::to_string(outcome->result)) + " to " + address.text() +
                        ": notices of failed delivery are refused.";
    }
    return c.add(std::move(finding));
  }
}

void check_domain(Checker& c) {
  const auto& domain = c.site.domain.text();
  const auto* answer = c.ask(domain, dns::Type::TXT);
  if (answer == nullptr) return;
  if (answer->status == dns::Status::Failed) return c.add_failed("spf", domain, dns::Type::TXT, *answer);
  std::vector<std::string> records;
  for (const auto& text : texts_of(*answer)) {
    if (auth::is_spf_record(text)) records.push_back(text);
  }
  if (records.empty()) {
    auto finding = about(c, "spf");
    finding.problem = "There is no SPF record: large receivers refuse or doubt the domain's mail.";
    finding.found = "nothing";
    finding.mend = "Enter the record.";
    return c.add_missing_txt(std::move(finding), *answer, "v=spf1");
  }
  if (records.size() > 1) {
    auto finding = about(c, "spf.several");
    finding.problem = "There are several SPF records, and so all of them are void (RFC 7208 §4.5).";
    finding.found = joined(records, " | ");
    finding.expected = merged(records);
    finding.mend = "Put one in their place.";
    finding.line = record_line(domain, "TXT", finding.expected);
    return c.add(std::move(finding));
  }
  const auto record = auth::parse_spf_record(records.front());
  if (!record) return add_syntax(c, records.front(), record.error());
  const auto mark = c.mark();
  check_end(c, records.front(), *record);
  check_terms(c, records.front(), *record);
  check_cost(c, records.front());
  check_size(c, *answer);
  if (check_own(c, records.front())) {
    c.add_ok_since(mark, "spf", domain, "TXT", records.front(), "SPF says who may send for the domain.");
  }
}

}  // namespace

void check_spf_record(Checker& c) {
  check_domain(c);
  check_helo(c);
}

}  // namespace cas::setup
