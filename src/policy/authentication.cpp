// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// One function a rule; the first that knows decides.
#include "policy/authentication.hpp"

#include <algorithm>
#include <utility>

#include "auth/authentication_results_parse.hpp"
#include "auth/public_suffix.hpp"
#include "base/encoding.hpp"

namespace cas::policy {
namespace {

using auth::DkimResult;
using auth::DmarcPolicy;
using auth::DmarcResult;
using auth::SpfResult;

constexpr int refused = 550;
// RFC 7372 §3.2, §3.3
constexpr smtp::EnhancedCode spf_failed{.klass = 5, .subject = 7, .detail = 23};
constexpr smtp::EnhancedCode several_failed{.klass = 5, .subject = 7, .detail = 26};

constexpr smtp::EnhancedCode not_known{.klass = 4, .subject = 7, .detail = 26};

AuthenticationVerdict verdict(Disposition disposition, std::string rule) {
  AuthenticationVerdict verdict;
  verdict.disposition = disposition;
  verdict.rule = std::move(rule);
  return verdict;
}

/// Whether a signer may speak for an author where no DMARC record says how.
bool speaks_for(const Domain& signer, const Domain& author) {
  return signer == author || (author.is_within(signer) && !auth::is_public_suffix(signer));
}

/// Whether signature `n` passed and stands for the author. One over a part of the body does not: anybody can add to it
/// (RFC 6376 §8.2).
bool is_authors(const auth::DmarcOutcome& dmarc, const std::vector<auth::DkimOutcome>& dkim, std::size_t n) {
  if (dkim[n].result != DkimResult::Pass || !dkim[n].domain || !dmarc.author_domain) return false;
  if (dkim[n].unsigned_octets > 0) return false;
  if (dmarc.result == DmarcResult::None) return speaks_for(*dkim[n].domain, *dmarc.author_domain);
  return dmarc.result == DmarcResult::Pass && std::ranges::find(dmarc.dkim_aligned, n) != dmarc.dkim_aligned.end();
}

bool has_authors_signature(const AuthenticationFacts& facts) {
  for (std::size_t n = 0; n < facts.dkim.size(); ++n) {
    if (is_authors(facts.dmarc, facts.dkim, n)) return true;
  }
  return false;
}

bool is_relative(const Domain& a, const auth::DmarcOutcome& dmarc) {
  if (!dmarc.author_domain) return false;
  const Domain& top = dmarc.organizational_domain ? *dmarc.organizational_domain : *dmarc.author_domain;
  return a.is_within(top) || speaks_for(a, *dmarc.author_domain);
}

/// RFC 9989 §7.4, "other knowledge and analysis": signs of mail that was sent in ways DMARC cannot describe. Anybody
/// can forge them; that gains no more than the quarantine.
bool shows_signs_of_others(const AuthenticationFacts& facts) {
  if (facts.from_a_list || facts.arc.result == auth::ArcResult::Pass) return true;
  return std::ranges::any_of(facts.dkim, [&](const auth::DkimOutcome& dkim) {
    return dkim.only_body_changed && dkim.domain && is_relative(*dkim.domain, facts.dmarc);
  });
}

bool is_trusted(const Domain& sealer, const AuthenticationFacts& facts) {
  return std::ranges::find(facts.trusted_sealers, sealer) != facts.trusted_sealers.end();
}

bool names(const auth::MethodResult& result, std::string_view property, const Domain& domain) {
  bool named = false;
  for (const auto& [name, value] : result.properties) {
    if (name != property) continue;
    const auto written = Domain::parse(std::string_view(value).substr(value.rfind('@') + 1));  // npos + 1 is 0
    if (!written || *written != domain) return false;
    named = true;
  }
  return named;
}

/// What a sealer says of a method: that it passed for this domain, and nothing else of the method.
bool says_passed(std::string_view results, std::string_view method, std::string_view property, const Domain& domain) {
  const auto said = auth::parse_authentication_results(results);
  if (!said) return false;
  bool passed = false;
  for (const auto& result : said->results) {
    if (result.method != method) continue;
    if (result.result != "pass" || !names(result, property, domain)) return false;
    passed = true;
  }
  return passed;
}

/// The sealer who vouches for the message, from the newest down as far as they are trusted (RFC 8617 §7.2).
std::optional<Domain> voucher(const AuthenticationFacts& facts, std::string_view method, std::string_view property,
                              const std::optional<Domain>& domain) {
  const auto& arc = facts.arc;
  if (arc.result != auth::ArcResult::Pass || !domain) return std::nullopt;
  for (std::size_t n = arc.sealers.size(); n > 0 && is_trusted(arc.sealers[n - 1], facts); --n) {
    const bool is_newest = n == arc.sealers.size();
    if (!is_newest && n > arc.earlier_results.size()) break;
    if (says_passed(is_newest ? arc.results : arc.earlier_results[n - 1], method, property, *domain)) {
      return arc.sealers[n - 1];
    }
  }
  return std::nullopt;
}

/// That DMARC passed. RFC 9989 §11.5: of several authors each would need somebody to vouch for it, and DMARC results
/// name one.
std::optional<Domain> author_voucher(const AuthenticationFacts& facts) {
  if (facts.dmarc.one_of_several) return std::nullopt;
  return voucher(facts, "dmarc", "header.from", facts.dmarc.author_domain);
}

AuthenticationVerdict trusted(Domain sealer) {
  auto verdict = policy::verdict(Disposition::Accept, "arc-trusted");
  verdict.sealer = std::move(sealer);
  return verdict;
}

AuthenticationVerdict rejected(const AuthenticationFacts& facts, std::string rule, smtp::Reply reply) {
  if (shows_signs_of_others(facts)) {
    auto verdict = policy::verdict(Disposition::Quarantine, std::move(rule));
    verdict.softened = true;
    return verdict;
  }
  auto verdict = policy::verdict(Disposition::Reject, std::move(rule));
  verdict.reply = std::move(reply);
  return verdict;
}

AuthenticationVerdict judge_dmarc_failure(const AuthenticationFacts& facts) {
  const auto& dmarc = facts.dmarc;
  // RFC 9989 §5.4: p=none must not change how mail is handled.
  if (dmarc.disposition == DmarcPolicy::None) return verdict(Disposition::Accept, "dmarc-policy-none");
  if (auto sealer = author_voucher(facts)) return trusted(*std::move(sealer));
  if (dmarc.disposition == DmarcPolicy::Quarantine) return verdict(Disposition::Quarantine, "dmarc-fail");
  const std::string whose = dmarc.author_domain ? " of " + dmarc.author_domain->text() : "";
  return rejected(facts, "dmarc-fail", {refused, several_failed, "refused by the DMARC policy" + whose});
}

AuthenticationVerdict judge_unknown(const AuthenticationFacts& facts) {
  const auto& dmarc = facts.dmarc;
  if (!dmarc.may_ask_for_more()) return verdict(Disposition::Accept, "dmarc-temperror");
  // What would pass by whatever record there is: the strictest alignment is equality.
  const auto is_author = [&](const Domain& domain) { return dmarc.author_domain && domain == *dmarc.author_domain; };
  const auto speaks = [&](const auth::DkimOutcome& dkim) {
    return dkim.result == DkimResult::Pass && dkim.unsigned_octets == 0 && dkim.domain && is_author(*dkim.domain);
  };
  if (std::ranges::any_of(facts.dkim, speaks)) return verdict(Disposition::Accept, "dmarc-temperror");
  const auto spf_domain = Domain::parse(facts.spf_domain);
  if (facts.spf == SpfResult::Pass && spf_domain && is_author(*spf_domain)) {
    return verdict(Disposition::Accept, "dmarc-temperror");
  }
  if (auto sealer = author_voucher(facts)) return trusted(*std::move(sealer));
  auto deferred = verdict(Disposition::Defer, "dmarc-temperror");
  const std::string whose = dmarc.author_domain ? " for " + dmarc.author_domain->text() : "";
  deferred.reply =
      smtp::Reply(451, not_known, "SPF, DKIM or DMARC cannot be looked up now" + whose + ", try again later");
  return deferred;
}

AuthenticationVerdict judge_without_record(const AuthenticationFacts& facts) {
  if (facts.spf != SpfResult::Fail || has_authors_signature(facts)) {
    return verdict(Disposition::Accept, "dmarc-none");
  }
  std::optional<Domain> domain;
  if (auto parsed = Domain::parse(facts.spf_domain)) domain = *std::move(parsed);
  if (facts.null_sender) return verdict(Disposition::Quarantine, "spf-fail");
  if (auto sealer = voucher(facts, "spf", "smtp.mailfrom", domain)) return trusted(*std::move(sealer));
  const std::string whose = domain ? " of " + domain->text() : "";
  return rejected(facts, "spf-fail", {refused, spf_failed, "refused by the SPF policy" + whose});
}

}  // namespace

std::string_view to_string(Disposition disposition) {
  switch (disposition) {
    case Disposition::Accept: return "accept";
    case Disposition::Quarantine: return "quarantine";
    case Disposition::Defer: return "defer";
    case Disposition::Reject: return "reject";
  }
  return "accept";
}

AuthenticationVerdict judge_authentication(const AuthenticationFacts& facts) {
  if (facts.dmarc.authors_at_fault) return verdict(Disposition::Quarantine, "author-unclear");
  switch (facts.dmarc.result) {
    case DmarcResult::Pass: return verdict(Disposition::Accept, "dmarc-pass");
    case DmarcResult::Fail: return judge_dmarc_failure(facts);
    case DmarcResult::TempError: return judge_unknown(facts);
    case DmarcResult::PermError: return verdict(Disposition::Accept, "dmarc-permerror");
    case DmarcResult::None: return judge_without_record(facts);
  }
  return verdict(Disposition::Accept, "dmarc-none");
}

Handling handle_recipients(const AuthenticationVerdict& verdict, const std::vector<Enforcement>& modes) {
  Handling handling;
  const auto acts = [](Enforcement mode) { return mode == Enforcement::Act; };
  const bool all_act = !modes.empty() && std::ranges::all_of(modes, acts);
  const auto for_actors = all_act ? verdict.disposition : std::min(verdict.disposition, Disposition::Quarantine);
  for (const auto mode : modes) handling.recipients.push_back(acts(mode) ? for_actors : Disposition::Accept);
  if (all_act && verdict.disposition >= Disposition::Defer) handling.reply = verdict.reply;
  return handling;
}

bool is_from_a_list(const std::vector<HeaderField>& header) {
  return std::ranges::any_of(header, [](const HeaderField& field) {
    return iequals(field.name, "List-Id") || iequals(field.name, "List-Post");
  });
}

std::optional<Domain> implicit_identity(const auth::DmarcOutcome& dmarc, const std::vector<auth::DkimOutcome>& dkim) {
  if (dmarc.authors_at_fault) return std::nullopt;
  for (std::size_t n = 0; n < dkim.size(); ++n) {
    if (dkim[n].key_is_test) continue;  // RFC 6376 §3.6.1: as if there were no signature
    if (is_authors(dmarc, dkim, n)) return dmarc.author_domain;
  }
  return std::nullopt;
}

bool proves_list(const std::string& list_id, const Domain& signer) {
  const auto list = Domain::parse(list_id);
  return list && list->is_within(signer) && !auth::is_public_suffix(signer);
}

bool is_list_proven(const std::string& list_id, const std::vector<auth::DkimOutcome>& dkim) {
  return std::ranges::any_of(dkim, [&](const auth::DkimOutcome& signature) {
    return signature.result == auth::DkimResult::Pass && !signature.key_is_test && signature.domain &&
           proves_list(list_id, *signature.domain);
  });
}

}  // namespace cas::policy
