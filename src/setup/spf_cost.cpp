// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The questions of an SPF record, counted for a client that nothing matches: the most that anybody can be asked.
#include <algorithm>
#include <set>

#include "auth/spf_lookup.hpp"
#include "auth/spf_record.hpp"
#include "setup/check.hpp"
#include "setup/checker.hpp"

namespace cas::setup {

namespace {

using Mechanism = auth::SpfDirective::Mechanism;
// RFC 7208 §4.6.4 allows 10: more need not be known to the last.
constexpr int counted_at_most = 30;

class Counting {
 public:
  explicit Counting(dns::Answers& answers) : answers_(answers) {}

  std::optional<SpfCost> of(const std::string& domain) {
    count_record(domain, "");
    if (waiting_) return std::nullopt;
    return std::move(cost_);
  }

 private:
  const dns::Answer* ask(const std::string& name, dns::Type type) {
    const auto* answer = answers_.find(dns::Question{.name = name, .type = type});
    waiting_ = waiting_ || answer == nullptr;
    return answer;
  }
  void blame(const std::string& fault) {
    if (cost_.fault.empty()) cost_.fault = fault;
  }
  void note_void(const std::string& name) {
    if (std::ranges::find(cost_.voids, name) == cost_.voids.end()) cost_.voids.push_back(name);
  }

  /// None: it depends on the message.
  static std::optional<std::string> target(const std::optional<auth::SpfMacroString>& spec, const std::string& domain) {
    if (!spec) return domain;
    constexpr std::string_view of_message = "slodiphcrtv";
    if (std::ranges::any_of(of_message, [&](char letter) { return letter != 'd' && spec->uses(letter); })) {
      return std::nullopt;
    }
    auth::SpfMacroValues values;
    values.domain = domain;
    return auth::spf_dns_name(spec->expand_name(values));
  }

  /// `by`: the term that leads there; empty for the record itself.
  void count_record(const std::string& domain, const std::string& by) {
    if (cost_.lookups > counted_at_most) return;
    const auto* answer = ask(domain, dns::Type::TXT);
    if (answer == nullptr) return;
    if (answer->status == dns::Status::Failed) {
      cost_.unknown = true;
      return;
    }
    std::vector<std::string> records;
    for (const auto& text : texts_of(*answer)) {
      if (auth::is_spf_record(text)) records.push_back(text);
    }
    if (records.size() != 1) {
      if (by.empty()) return;
      if (answer->status != dns::Status::Ok) note_void(domain);
      return blame(by + ": " + domain + (records.empty() ? " has no SPF record" : " has several SPF records"));
    }
    const auto record = auth::parse_spf_record(records.front());
    if (!record) {
      if (!by.empty()) blame(by + ": the record of " + domain + " has an error: " + record.error().why);
      return;
    }
    for (const auto& directive : record->directives) count(directive, domain);
    const bool ends =
        std::ranges::any_of(record->directives, [](const auto& one) { return one.mechanism == Mechanism::All; });
    if (!record->redirect || ends) return;
    ++cost_.lookups;
    const auto next = target(record->redirect->domain, domain);
    if (next) count_record(*next, std::string(record->redirect->term));
  }

  void count(const auth::SpfDirective& directive, const std::string& domain) {
    if (cost_.lookups > counted_at_most) return;
    switch (directive.mechanism) {
      case Mechanism::All:
      case Mechanism::Ip4:
      case Mechanism::Ip6: return;
      case Mechanism::Ptr:
      case Mechanism::Exists: ++cost_.lookups; return;
      case Mechanism::Include:
      case Mechanism::A:
      case Mechanism::Mx: break;
    }
    ++cost_.lookups;
    const auto name = target(directive.domain, domain);
    if (!name) return;
    if (directive.mechanism == Mechanism::Include) return count_record(*name, std::string(directive.term));
    if (directive.mechanism == Mechanism::Mx) {
      const auto* answer = ask(*name, dns::Type::MX);
      if (answer != nullptr) look(*answer, *name);
      return;
    }
    const auto *a = ask(*name, dns::Type::A), *aaaa = ask(*name, dns::Type::AAAA);
    if (a == nullptr || aaaa == nullptr) return;
    if (a->status == dns::Status::Failed || aaaa->status == dns::Status::Failed) cost_.unknown = true;
    if (auth::addresses_in(*a).empty() && auth::addresses_in(*aaaa).empty()) note_void(*name);
  }

  void look(const dns::Answer& answer, const std::string& name) {
    if (answer.status == dns::Status::Failed) cost_.unknown = true;
    if (answer.status == dns::Status::NoData || answer.status == dns::Status::NxDomain) note_void(name);
  }

  dns::Answers& answers_;
  SpfCost cost_;
  bool waiting_ = false;
};

}  // namespace

std::optional<SpfCost> spf_cost(const std::string& domain, dns::Answers& answers) {
  return Counting(answers).of(domain);
}

}  // namespace cas::setup
