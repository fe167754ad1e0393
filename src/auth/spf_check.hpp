// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// check_host() (RFC 7208 §4) for one identity: what the evaluation keeps while it goes from record to record. Internal
// to SPF.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/spf.hpp"
#include "auth/spf_record.hpp"

namespace cas::auth {

/// What a record came to, and which.
struct SpfFinding {
  SpfResult result = SpfResult::None;
  std::string reason;
  std::string record_domain, record, term;
  std::string explanation;
};

/// Why an evaluation goes no further: a finding that is that of the whole check (TempError, PermError), or nothing:
/// answers are missing.
using SpfStop = std::optional<SpfFinding>;
template <class T>
using SpfStep = std::expected<T, SpfStop>;

class SpfCheck {
 public:
  /// `values` hold all but d and p. Both outlive this.
  SpfCheck(SpfMacroValues values, dns::Answers& answers) : values_(std::move(values)), answers_(answers) {}

  /// §4.3 to §4.7. `domain` in any case, without the final dot. `explain`: exp= is followed where the result is Fail;
  /// not within an include (§6.2).
  [[nodiscard]] SpfStep<SpfFinding> check_host(const std::string& domain, bool explain);

 private:
  SpfStep<std::string> select_record(const std::string& domain, SpfFinding& finding);
  SpfStep<SpfFinding> evaluate(const SpfRecord& record, const SpfFinding& at, bool explain);
  SpfStep<bool> matches(const SpfDirective& directive, const std::string& domain, std::string& why);
  SpfStep<bool> include_matches(const std::string& target, std::string& why);
  SpfStep<bool> address_matches(const SpfDirective& directive, const std::string& target);
  SpfStep<bool> mx_matches(const SpfDirective& directive, const std::string& target);
  SpfStep<bool> ptr_matches(const std::string& target);
  SpfStep<bool> exists_matches(const std::string& target);
  SpfStep<SpfFinding> redirect(const SpfModifier& modifier, const std::string& domain, bool explain);
  SpfStep<std::string> explanation(const SpfModifier& modifier, const std::string& domain);

  /// None: the macros have no value that can be looked up (RFC 8616 §4).
  SpfStep<std::optional<std::string>> target_of(const std::optional<SpfMacroString>& spec, const std::string& domain);
  SpfStep<SpfMacroValues> values_for(const SpfMacroString& text, const std::string& domain);
  SpfStep<std::vector<std::string>> client_names();
  SpfStep<std::vector<std::string>> validated(std::vector<std::string> names);
  SpfStep<std::string> validated_name(const std::string& domain);
  SpfStep<const dns::Answer*> ask(const std::string& name, dns::Type type);
  /// All at once; in the order of `names`.
  SpfStep<std::vector<const dns::Answer*>> ask_all(const std::vector<std::string>& names, dns::Type type);
  SpfStep<void> count_term();
  SpfStep<void> count_void(const dns::Answer& answer);
  [[nodiscard]] dns::Type address_type() const { return values_.ip.is_v4() ? dns::Type::A : dns::Type::AAAA; }

  SpfMacroValues values_;
  dns::Answers& answers_;
  int terms_ = 0, voids_ = 0;
};

}  // namespace cas::auth
