// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Records and their terms; the mechanisms that ask the DNS stand in spf_mechanisms.cpp.
#include "auth/spf_check.hpp"

#include <algorithm>
#include <utility>

#include "auth/spf_lookup.hpp"
#include "base/encoding.hpp"
#include "base/result.hpp"

namespace cas::auth {

namespace {

using Mechanism = SpfDirective::Mechanism;

constexpr std::size_t max_explanation = 1024;

std::string shown(std::string_view text) {
  return printable(text, 255);
}

std::string quoted(std::string_view text) {
  return '"' + shown(text) + '"';
}

/// A finding that ends the check is that of the record and term at hand, unless one further in was found guilty.
SpfStop blame(SpfStop stop, const SpfFinding& at, std::string_view term) {
  if (!stop || !stop->record_domain.empty()) return stop;
  stop->record_domain = at.record_domain;
  stop->record = at.record;
  stop->term = term;
  stop->reason = quoted(term) + " in the record of " + shown(at.record_domain) + ": " + stop->reason;
  return stop;
}

}  // namespace

/// §4.4, §4.5: the text of the one record. Where there is none, `finding` says why and the text is empty.
SpfStep<std::string> SpfCheck::select_record(const std::string& domain, SpfFinding& finding) {
  CAS_TRY(const dns::Answer* answer, ask(domain, dns::Type::TXT));
  if (answer->status == dns::Status::Failed) {
    finding.result = SpfResult::TempError;
    finding.reason = "the DNS gave no answer about TXT records of " + shown(domain);
    if (!answer->private_reason.empty()) finding.reason += " (" + shown(answer->private_reason) + ")";
    return std::string();
  }
  std::string found;
  for (const auto& record : answer->records) {
    const auto* txt = std::get_if<dns::Txt>(&record);
    if (!txt || !is_spf_record(txt->text)) continue;
    if (!found.empty()) {
      finding.result = SpfResult::PermError;
      finding.record_domain = domain;
      finding.reason = shown(domain) + " has more than one SPF record";
      return std::string();
    }
    found = txt->text;
  }
  if (found.empty()) {
    finding.reason =
        shown(domain) + (answer->status == dns::Status::NxDomain ? " does not exist" : " has no SPF record");
  }
  return found;
}

SpfStep<SpfFinding> SpfCheck::check_host(const std::string& domain, bool explain) {
  SpfFinding finding;
  if (!is_spf_domain(domain)) {  // §4.3
    finding.reason = domain.empty() ? "there is no domain to check" : quoted(domain) + " is no domain";
    return finding;
  }
  CAS_TRY(const std::string text, select_record(domain, finding));
  if (text.empty()) return finding;
  finding.record_domain = domain;
  finding.record = text;
  auto record = parse_spf_record(text);
  if (!record) {
    finding.result = SpfResult::PermError;
    finding.term = record.error().term;
    finding.reason = "the record of " + shown(finding.record_domain) + " has a syntax error" +
                     (finding.term.empty() ? "" : " in " + quoted(finding.term)) + ": " + record.error().why;
    return finding;
  }
  return evaluate(*record, finding, explain);
}

SpfStep<SpfFinding> SpfCheck::evaluate(const SpfRecord& record, const SpfFinding& at, bool explain) {
  const std::string& domain = at.record_domain;
  for (const SpfDirective& directive : record.directives) {
    std::string why;
    const auto matched = matches(directive, domain, why);
    if (!matched) return std::unexpected(blame(matched.error(), at, directive.term));
    if (!*matched) continue;
    SpfFinding finding = at;
    finding.result = directive.result;
    finding.term = directive.term;
    finding.reason = quoted(directive.term) + " in the record of " + shown(domain) + " matches" + why;
    if (explain && record.exp && finding.result == SpfResult::Fail) {
      CAS_TRY(finding.explanation, explanation(*record.exp, domain));
    }
    return finding;
  }
  if (record.redirect) {
    auto redirected = redirect(*record.redirect, domain, explain);
    if (!redirected) return std::unexpected(blame(redirected.error(), at, record.redirect->term));
    return redirected;
  }
  SpfFinding finding = at;  // §4.7
  finding.result = SpfResult::Neutral;
  finding.reason = "no term in the record of " + shown(domain) + " matches";
  return finding;
}

SpfStep<bool> SpfCheck::matches(const SpfDirective& directive, const std::string& domain, std::string& why) {
  switch (directive.mechanism) {
    case Mechanism::All: return true;
    case Mechanism::Ip4: return values_.ip.is_within(directive.network, directive.v4_bits);
    case Mechanism::Ip6: return values_.ip.is_within(directive.network, directive.v6_bits);
    default: break;
  }
  CAS_CHECK(count_term());
  CAS_TRY(const auto target, target_of(directive.domain, domain));
  if (!target) return false;
  if (directive.mechanism == Mechanism::Include) return include_matches(*target, why);
  // §4.8 leaves open what a target is that cannot be a name: it is one that does not exist.
  if (!is_spf_dns_name(*target)) return false;
  switch (directive.mechanism) {
    case Mechanism::A: return address_matches(directive, *target);
    case Mechanism::Mx: return mx_matches(directive, *target);
    case Mechanism::Ptr: return ptr_matches(*target);
    default: return exists_matches(*target);
  }
}

/// §5.2, with its table.
SpfStep<bool> SpfCheck::include_matches(const std::string& target, std::string& why) {
  CAS_TRY(SpfFinding inner, check_host(target, false));
  switch (inner.result) {
    case SpfResult::Pass: why = ": " + inner.reason; return true;
    case SpfResult::Fail:
    case SpfResult::SoftFail:
    case SpfResult::Neutral: return false;
    case SpfResult::None: inner.result = SpfResult::PermError; break;
    case SpfResult::TempError:
    case SpfResult::PermError: break;
  }
  return std::unexpected(std::move(inner));
}

/// §6.1
SpfStep<SpfFinding> SpfCheck::redirect(const SpfModifier& modifier, const std::string& domain, bool explain) {
  CAS_CHECK(count_term());
  CAS_TRY(const auto target, target_of(modifier.domain, domain));
  CAS_TRY(SpfFinding finding, check_host(target.value_or(""), explain));
  if (finding.result != SpfResult::None) return finding;
  finding.result = SpfResult::PermError;
  return std::unexpected(std::move(finding));
}

/// §6.2: where anything is wrong, there is none.
SpfStep<std::string> SpfCheck::explanation(const SpfModifier& modifier, const std::string& domain) {
  CAS_TRY(const auto target, target_of(modifier.domain, domain));
  if (!target || !is_spf_dns_name(*target)) return std::string();
  CAS_TRY(const dns::Answer* answer, ask(*target, dns::Type::TXT));
  const auto* txt = answer->records.size() == 1 ? std::get_if<dns::Txt>(&answer->records.front()) : nullptr;
  if (!txt || txt->text.size() > max_spf_record) return std::string();
  const auto text = SpfMacroString::parse_explain_string(txt->text);
  if (!text) return std::string();
  CAS_TRY(const SpfMacroValues values, values_for(*text, domain));
  auto expanded = text->expand_text(values, max_explanation);
  // What a client said may hold anything; a reply holds printable ASCII.
  const bool safe = expanded && std::ranges::all_of(*expanded, [](char c) { return c >= ' ' && c <= '~'; });
  return safe ? *std::move(expanded) : std::string();
}

SpfStep<std::optional<std::string>> SpfCheck::target_of(const std::optional<SpfMacroString>& spec,
                                                        const std::string& domain) {
  if (!spec) return domain;
  // RFC 8616 §4: a local part that is not ASCII matches nothing.
  if ((spec->uses('s') || spec->uses('l')) && !is_ascii(values_.local)) return std::nullopt;
  CAS_TRY(const SpfMacroValues values, values_for(*spec, domain));
  return spec->expand_name(values);
}

SpfStep<SpfMacroValues> SpfCheck::values_for(const SpfMacroString& text, const std::string& domain) {
  SpfMacroValues values = values_;
  values.domain = domain;
  if (text.uses('p')) {
    CAS_TRY(values.validated, validated_name(domain));
  }
  return values;
}

/// §4.6.4
SpfStep<void> SpfCheck::count_term() {
  constexpr int max_terms = 10;
  if (++terms_ <= max_terms) return {};
  return std::unexpected(
      SpfFinding{.result = SpfResult::PermError,
                 .reason = "more than " + std::to_string(max_terms) + " terms ask the DNS, with includes and redirects",
                 .record_domain = {},
                 .record = {},
                 .term = {},
                 .explanation = {}});
}

/// §4.6.4: of a term, the look-up of the name that it gives counts; the hosts behind mx and ptr have limits of their
/// own, and what the client's address is called is not the domain owner's doing.
SpfStep<void> SpfCheck::count_void(const dns::Answer& answer) {
  constexpr int max_voids = 2;
  const bool is_void = answer.status == dns::Status::NoData || answer.status == dns::Status::NxDomain;
  if (!is_void || ++voids_ <= max_voids) return {};
  return std::unexpected(
      SpfFinding{.result = SpfResult::PermError,
                 .reason = "more than " + std::to_string(max_voids) + " look-ups found nothing (void look-ups)",
                 .record_domain = {},
                 .record = {},
                 .term = {},
                 .explanation = {}});
}

}  // namespace cas::auth
