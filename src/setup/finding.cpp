// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Findings in order.
#include "setup/finding.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace cas::setup {

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::Ok: return "ok";
    case Verdict::Missing: return "missing";
    case Verdict::Wrong: return "wrong";
    case Verdict::Weak: return "weak";
    case Verdict::Unknown: return "unknown";
  }
  std::unreachable();
}

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::Ok: return "ok";
    case Severity::Note: return "note";
    case Severity::Warning: return "warning";
    case Severity::Unknown: return "unknown";
    case Severity::Error: return "error";
  }
  std::unreachable();
}

Severity severity_of(const Finding& finding) {
  if (finding.verdict == Verdict::Ok) return Severity::Ok;
  if (finding.verdict == Verdict::Unknown) return Severity::Unknown;
  switch (finding.need) {
    case Need::Needed: return Severity::Error;
    case Need::Recommended: return Severity::Warning;
    case Need::Optional: return Severity::Note;
  }
  std::unreachable();
}

std::string key_of(const Finding& finding) {
  return finding.id + " " + finding.name + " " + std::string(to_string(severity_of(finding)));
}

void sort_by_severity(std::vector<Finding>& findings) {
  std::vector<Finding> sorted;
  sorted.reserve(findings.size());
  for (const auto severity : {Severity::Error, Severity::Unknown, Severity::Warning, Severity::Note, Severity::Ok}) {
    std::ranges::copy_if(findings, std::back_inserter(sorted),
                         [&](const Finding& finding) { return severity_of(finding) == severity; });
  }
  findings = std::move(sorted);
}

int status_of(std::span<const Finding> findings) {
  constexpr int wrong = 1, warnings = 2, try_again = 75;
  Severity worst = Severity::Ok;
  for (const auto& finding : findings) worst = std::max(worst, severity_of(finding));
  switch (worst) {
    case Severity::Error: return wrong;
    case Severity::Unknown: return try_again;
    case Severity::Warning: return warnings;
    case Severity::Note:
    case Severity::Ok: return 0;
  }
  std::unreachable();
}

}  // namespace cas::setup
