// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// RFC 9989 §5.3, one author's domain at a time: the record, what is aligned, the result.
#include "auth/dmarc.hpp"

#include <algorithm>
#include <utility>

#include "auth/dmarc_walk.hpp"

namespace cas::auth {
namespace {

/// How many domains other than the author's own may cost a walk for one author.
constexpr std::size_t max_walks = 8;

enum class Alignment { No, Yes, Unknown };

/// Something that SPF or DKIM spoke about. `pending`: no pass, but for a failed look-up it might have been one.
struct Identifier {
  static constexpr std::size_t of_spf = static_cast<std::size_t>(-1);
  Domain domain;
  std::size_t source = of_spf;  // or an index of DmarcQuery::dkim
  bool pending = false;
};

std::vector<Identifier> identifiers_of(const DmarcQuery& query) {
  std::vector<Identifier> identifiers;
  if (query.spf == SpfResult::Pass || query.spf == SpfResult::TempError) {
    if (auto domain = Domain::parse(query.spf_domain)) {
      identifiers.push_back({*std::move(domain), Identifier::of_spf, query.spf == SpfResult::TempError});
    }
  }
  for (std::size_t n = 0; n < query.dkim.size(); ++n) {
    const DkimOutcome& dkim = query.dkim[n];
    if (!dkim.domain || (dkim.result != DkimResult::Pass && dkim.result != DkimResult::TempError)) continue;
    // RFC 6376 §8.2: what was added behind l= is what the reader sees; nobody stands behind that.
    if (dkim.unsigned_octets > 0) continue;
    identifiers.push_back({*dkim.domain, n, dkim.result == DkimResult::TempError});
  }
  return identifiers;
}

std::string_view top_label(const Domain& domain) {
  const std::string_view text = domain.text();
  return text.substr(text.rfind('.') + 1);  // npos + 1 is 0
}

/// The check of one author's domain. Functions that return false or no value lack answers.
class AuthorCheck {
 public:
  AuthorCheck(const Domain& author, dns::Answers& answers) : author_(author), answers_(answers) {
    outcome_.author_domain = author;
  }

  std::optional<DmarcOutcome> run(const std::vector<Identifier>& identifiers) {
    if (!discover()) return std::nullopt;
    if (!record_) return outcome_;
    const bool aligned = align(identifiers);
    if (!choose_policy() || !aligned) return std::nullopt;
    return outcome_;
  }

 private:
  /// Policy Discovery (§4.10.1). Without a record `outcome_` is complete.
  bool discover() {
    bool failed = false;
    if (const auto names = walk_names(author_); !names.empty() && names.front() == author_) {
      const dns::Answer* const own = answers_.find(dmarc_question(author_));
      if (own == nullptr) return false;
      author_exists_ = own->status == dns::Status::Ok || own->status == dns::Status::NoData;  // RFC 8020 §2
      failed = own->status == dns::Status::Failed;
      record_ = find_dmarc_record(*own);
      if (record_) outcome_.record_domain = author_;
      outcome_.several_records = !record_ && has_dmarc_record(*own);
    }
    if (!failed && !record_) {
      walk_ = walk_from(author_, answers_);
      if (!walk_) return false;
      failed = walk_->lookup_failed;
      record_ = walk_->organization_record;
      outcome_.organizational_domain = walk_->organization;
      outcome_.record_domain = walk_->organization;
      if (!record_) {
        record_ = walk_->suffix_record;
        outcome_.record_domain = walk_->suffix;
      }
    }
    if (failed) return end(DmarcResult::TempError, "the record could not be looked up");
    if (!record_) {
      return end(DmarcResult::None,
                 outcome_.several_records ? "more than one record, which counts as none" : "no record");
    }
    if (record_->policy_at_fault && record_->rua.empty()) {
      return end(DmarcResult::PermError, "the record has no valid policy");
    }
    return true;
  }

  /// Always true: there is nothing left to ask.
  bool end(DmarcResult result, std::string reason) {
    record_.reset();
    outcome_.result = result;
    outcome_.reason = std::move(reason);
    if (result != DmarcResult::PermError) outcome_.record_domain.reset();
    if (result == DmarcResult::TempError) outcome_.organizational_domain.reset();
    return true;
  }

  /// §4.10.2 for every identifier, and from that the result (§5.3.5).
  bool align(const std::vector<Identifier>& identifiers) {
    bool complete = true;
    bool unknown = false;
    bool any_passed = false;
    for (const Identifier& identifier : identifiers) {
      any_passed = any_passed || !identifier.pending;
      const bool is_spf = identifier.source == Identifier::of_spf;
      const auto alignment = alignment_of(identifier.domain, is_spf ? record_->strict_spf : record_->strict_dkim);
      if (!alignment) {
        complete = false;
      } else if (*alignment == Alignment::Unknown || (*alignment == Alignment::Yes && identifier.pending)) {
        unknown = true;
      } else if (*alignment == Alignment::Yes) {
        if (is_spf) {
          outcome_.spf_aligned = true;
        } else {
          outcome_.dkim_aligned.push_back(identifier.source);
        }
      }
    }
    if (!complete) return false;
    if (outcome_.spf_aligned || !outcome_.dkim_aligned.empty()) {
      outcome_.result = DmarcResult::Pass;
    } else if (unknown) {  // §5.3.6: neither pass nor fail
      outcome_.result = DmarcResult::TempError;
      outcome_.reason = "something that may be aligned could not be looked up";
    } else {
      outcome_.result = DmarcResult::Fail;
      outcome_.reason = any_passed ? "nothing that passed is aligned" + strictness() : "neither SPF nor DKIM passed";
    }
    return true;
  }

  /// What the record asks for beyond what most people know of alignment (§4.4).
  [[nodiscard]] std::string strictness() const {
    if (!record_->strict_spf && !record_->strict_dkim) return {};
    const std::string_view tags = !record_->strict_dkim  ? "aspf=s asks"
                                  : !record_->strict_spf ? "adkim=s asks"
                                                         : "adkim=s and aspf=s ask";
    return ": " + std::string(tags) + " for " + author_.text() + " itself";
  }

  std::optional<Alignment> alignment_of(const Domain& domain, bool strict) {
    if (domain == author_) {
      if (!outcome_.organizational_domain && !walk_) outcome_.organizational_domain = author_;
      return Alignment::Yes;
    }
    // An Organizational Domain is the name itself or above it: what differs in the last label has none in common.
    if (strict || top_label(domain) != top_label(author_)) return Alignment::No;
    if (!walk_) walk_ = walk_from(author_, answers_);
    if (!walk_) return std::nullopt;
    if (walk_->lookup_failed) return Alignment::Unknown;
    outcome_.organizational_domain = walk_->organization;
    if (!domain.is_within(walk_->organization)) return Alignment::No;
    if (std::ranges::find(walked_, domain) == walked_.end()) {
      if (walked_.size() == max_walks) return Alignment::No;
      walked_.push_back(domain);
    }
    const auto theirs = walk_from(domain, answers_);
    if (!theirs) return std::nullopt;
    if (theirs->lookup_failed) return Alignment::Unknown;
    return theirs->organization == walk_->organization ? Alignment::Yes : Alignment::No;
  }

  /// p, sp or np (§4.10.1), and what t=y leaves of it.
  bool choose_policy() {
    auto policy = record_->p;
    if (outcome_.record_domain != author_) {
      if (record_->sp) policy = record_->sp;
      if (record_->np && record_->np != policy) {
        const auto existence = author_existence();
        if (existence == Existence::NotAsked) return false;
        if (existence == Existence::No) policy = record_->np;
        if (existence == Existence::Unknown) policy = std::max(policy, record_->np);
      }
    }
    if (record_->policy_at_fault) policy = DmarcPolicy::None;
    outcome_.policy = policy.value_or(DmarcPolicy::None);
    outcome_.disposition = record_->testing ? weakened(outcome_.policy) : outcome_.policy;
    return true;
  }

  enum class Existence { NotAsked, No, Yes, Unknown };

  /// §3.2.13: only NXDOMAIN says that a name does not exist. A failed look-up leaves it open, and no policy applies
  /// then (§5.3.6).
  Existence author_existence() {
    if (author_exists_) return Existence::Yes;
    const dns::Answer* const answer = answers_.find({author_.text(), dns::Type::A});
    if (answer == nullptr) return Existence::NotAsked;
    if (answer->status == dns::Status::NxDomain) return Existence::No;
    if (answer->status != dns::Status::Failed) return Existence::Yes;
    if (outcome_.result == DmarcResult::Fail) {
      outcome_.result = DmarcResult::TempError;
      outcome_.reason = "whether the author's domain exists could not be looked up";
    }
    return Existence::Unknown;
  }

  const Domain& author_;
  dns::Answers& answers_;
  DmarcOutcome outcome_;
  std::optional<DmarcRecord> record_;
  std::optional<DmarcWalk> walk_;
  std::vector<Domain> walked_;
  bool author_exists_ = false;
};

/// Which of two checks decides: the one that asks for the most (§11.5). What could not be looked up may have asked for
/// anything, unless its record is known to ask for nothing, or the author would pass by whatever there is.
int weight(const DmarcOutcome& outcome, bool passes_anyway) {
  switch (outcome.result) {
    case DmarcResult::Fail: return 10 + 2 * static_cast<int>(outcome.disposition);
    case DmarcResult::TempError: return outcome.may_ask_for_more() && !passes_anyway ? 11 : 4;
    case DmarcResult::PermError: return 3;
    case DmarcResult::None: return 2;
    case DmarcResult::Pass: return 1;
  }
  return 0;
}

}  // namespace

std::string_view to_string(DmarcResult result) {
  switch (result) {
    case DmarcResult::None: return "none";
    case DmarcResult::Pass: return "pass";
    case DmarcResult::Fail: return "fail";
    case DmarcResult::TempError: return "temperror";
    case DmarcResult::PermError: return "permerror";
  }
  return "none";
}

std::optional<DmarcOutcome> check_dmarc(const DmarcQuery& query, dns::Answers& answers) {
  if (!query.authors.fault.empty() || query.authors.domains.empty()) {
    DmarcOutcome outcome;
    outcome.result = DmarcResult::PermError;
    outcome.authors_at_fault = true;
    outcome.reason = query.authors.fault.empty() ? "there is no author" : query.authors.fault;
    return outcome;
  }
  const auto identifiers = identifiers_of(query);
  std::optional<DmarcOutcome> decisive;
  int heaviest = 0;
  bool complete = true;
  for (const Domain& author : query.authors.domains) {
    auto outcome = AuthorCheck(author, answers).run(identifiers);
    if (!outcome) {
      complete = false;
      continue;
    }
    const auto is_author = [&](const Identifier& identifier) {
      return !identifier.pending && identifier.domain == author;  // the strictest alignment is equality
    };
    const int heavy = weight(*outcome, std::ranges::any_of(identifiers, is_author));
    if (heavy <= heaviest) continue;
    heaviest = heavy;
    decisive = std::move(outcome);
  }
  if (decisive) decisive->one_of_several = query.authors.domains.size() > 1;
  return complete ? decisive : std::nullopt;
}

std::vector<dns::Question> dmarc_questions(const Authors& authors) {
  std::vector<dns::Question> questions;
  for (const Domain& author : authors.domains) {
    for (const Domain& name : walk_names(author)) {
      auto question = dmarc_question(name);
      if (std::ranges::find(questions, question) == questions.end()) questions.push_back(std::move(question));
    }
  }
  return questions;
}

}  // namespace cas::auth
