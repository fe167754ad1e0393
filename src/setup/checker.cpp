// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The order of the checks, and what they share.
#include "setup/checker.hpp"

#include <algorithm>

#include "auth/spf_lookup.hpp"
#include "tlspolicy/sts.hpp"

namespace cas::setup {

const dns::Answer* Checker::ask(const std::string& name, dns::Type type) {
  const auto* answer = answers_.find(dns::Question{.name = name, .type = type});
  waiting_ = waiting_ || answer == nullptr;
  return answer;
}

void Checker::add_ok(std::string id, std::string name, std::string type, std::string found, std::string what) {
  add({.id = std::move(id),
       .name = std::move(name),
       .type = std::move(type),
       .problem = std::move(what),
       .found = std::move(found)});
}

void Checker::add_ok_since(std::size_t mark, std::string id, std::string name, std::string type, std::string found,
                           std::string what) {
  const bool clean = std::all_of(findings_.begin() + static_cast<std::ptrdiff_t>(mark), findings_.end(),
                                 [](const Finding& one) { return severity_of(one) <= Severity::Note; });
  if (clean) add_ok(std::move(id), std::move(name), std::move(type), std::move(found), std::move(what));
}

void Checker::add_failed(std::string id, std::string name, dns::Type type, const dns::Answer& answer) {
  if (answer.bogus) {
    // One zone, one fault, however many of its names are asked for.
    const bool said = std::ranges::any_of(findings_, [](const Finding& one) { return one.id == "dnssec.bogus"; });
    if (said) return;
    add({.id = "dnssec.bogus",
         .name = std::move(name),
         .type = std::string(dns::to_string(type)),
         .verdict = Verdict::Wrong,
         .problem = "DNSSEC says that the answer is not to be believed: for everybody who validates, the name is gone.",
         .found = answer.private_reason,
         .mend = "Sign the zone anew, or compare the DS record at the registrar with the zone's DNSKEY; while that "
                 "takes time, have the DS record removed."});
    return;
  }
  add({.id = std::move(id),
       .name = std::move(name),
       .type = std::string(dns::to_string(type)),
       .verdict = Verdict::Unknown,
       .problem = "The DNS gave no answer, which says neither that it is there nor that it is not.",
       .found = answer.private_reason,
       .mend = "Try again; if it stays so, look at the name servers of the zone."});
}

std::vector<WantedRecord> Checker::wanted(Kind kind, std::string_view name) const {
  std::vector<WantedRecord> out;
  if (!facts.own) return out;
  std::ranges::copy_if(wanted_, std::back_inserter(out), [&](const WantedRecord& record) {
    return record.kind == kind && (name.empty() || record.name == name);
  });
  return out;
}

std::string Checker::near_miss(const dns::Answer& answer, std::string_view prefix) {
  constexpr std::size_t furthest = 3;  // a quote, a blank, a byte order mark
  const std::string wanted = to_lower(prefix);
  for (const auto& text : texts_of(answer)) {
    std::string squeezed;
    for (const char c : text.substr(0, 64)) {
      if (!is_wsp(c)) squeezed += to_lower(c);
    }
    if (const auto at = squeezed.find(wanted); at <= furthest) return text;
  }
  return {};
}

const dns::Answer* Checker::at_doubled_name(const std::string& name) {
  return ask(doubled(name), dns::Type::TXT);
}

void Checker::add_missing_txt(Finding finding, const dns::Answer& answer, std::string_view prefix) {
  if (auto text = near_miss(answer, prefix); !text.empty()) {
    finding.id += ".form";
    finding.verdict = Verdict::Wrong;
    finding.problem = "There is a record, but it does not begin as it must, and so nobody takes it for one.";
    finding.found = std::move(text);
    finding.mend = "Write it so that its first characters are " + std::string(prefix) +
                   ": no quotation marks within the text, no blank in front.";
    add(std::move(finding));
    return;
  }
  if (finding.name != site.domain.text()) {
    const auto* twice = at_doubled_name(finding.name);
    if (twice == nullptr) return;
    if (twice->status == dns::Status::Ok && !near_miss(*twice, prefix).empty()) {
      const std::string label =
          finding.name.substr(0, finding.name.size() - std::min(finding.name.size(), site.domain.text().size() + 1));
      finding.id += ".place";
      finding.verdict = Verdict::Wrong;
      finding.problem = "The record stands at " + doubled(finding.name) + ", where nobody looks.";
      finding.found = joined(texts_of(*twice));
      finding.mend =
          "The zone's editor adds the domain by itself: enter the name as " + label + " alone, or with a final dot.";
      add(std::move(finding));
      return;
    }
  }
  finding.verdict = Verdict::Missing;
  add(std::move(finding));
}

std::vector<std::string> texts_of(const dns::Answer& answer) {
  std::vector<std::string> texts;
  for (const auto& record : answer.records) {
    if (const auto* txt = std::get_if<dns::Txt>(&record)) texts.push_back(txt->text);
  }
  return texts;
}

std::string joined(const std::vector<std::string>& texts, std::string_view between) {
  std::string out;
  for (const auto& text : texts) out += (out.empty() ? "" : std::string(between)) + text;
  return out;
}

std::vector<dns::Mx> exchanges(const dns::Answer& answer) {
  std::vector<dns::Mx> found;
  for (const auto& record : answer.records) {
    if (const auto* mx = std::get_if<dns::Mx>(&record)) found.push_back(*mx);
  }
  std::ranges::sort(found);
  if (found.size() > max_servers) found.resize(max_servers);
  for (auto& mx : found) mx.exchange = auth::spf_dns_name(mx.exchange);
  return found;
}

std::optional<std::vector<MailServer>> mail_servers(const Domain& domain, dns::Answers& answers) {
  const auto* mx = answers.find(dns::Question{.name = domain.text(), .type = dns::Type::MX});
  if (mx == nullptr) return std::nullopt;
  std::vector<std::string> hosts;
  for (const auto& one : exchanges(*mx)) {
    if (!one.exchange.empty()) hosts.push_back(one.exchange);
  }
  if (mx->status == dns::Status::NoData) hosts.push_back(domain.text());  // RFC 5321 §5.1
  std::vector<MailServer> servers;
  bool known = true;
  for (const auto& host : hosts) {
    for (const auto type : {dns::Type::AAAA, dns::Type::A}) {
      const auto* answer = answers.find(dns::Question{.name = host, .type = type});
      known = known && answer != nullptr;
      if (answer == nullptr) continue;
      for (const auto& address : auth::addresses_in(*answer)) {
        if (servers.size() < max_servers) servers.push_back({.host = host, .address = address});
      }
    }
  }
  if (!known) return std::nullopt;
  return servers;
}

std::optional<bool> announces_sts(const Domain& domain, dns::Answers& answers) {
  const auto* answer = answers.find(dns::Question{.name = "_mta-sts." + domain.text(), .type = dns::Type::TXT});
  if (answer == nullptr) return std::nullopt;
  return tlspolicy::find_sts_record(*answer).has_value();
}

std::optional<std::vector<Finding>> check_site(const Site& site, const Facts& facts, dns::Answers& answers) {
  Checker c(site, facts, answers);
  check_mx(c);
  check_servers(c);
  check_host(c);
  check_spf_record(c);
  check_dkim(c);
  check_dmarc_record(c);
  check_cas(c);
  check_sts(c);
  check_tls_reports(c);
  check_tlsa(c);
  check_way(c);
  if (c.waiting()) return std::nullopt;
  return c.take();
}

}  // namespace cas::setup
