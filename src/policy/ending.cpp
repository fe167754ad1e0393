// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See ending.hpp.
#include "policy/ending.hpp"

#include <algorithm>

namespace cas::policy {
namespace {

bool takes(const Verdict& verdict) {
  return verdict.reply.positive();
}
/// 4.3.0: something of ours failed, and the answer is not known.
bool is_unknown(const Verdict& verdict) {
  return verdict.reply.transient() && verdict.reply.enhanced == smtp::EnhancedCode{4, 3, 0};
}

}  // namespace

Ending end_message(const std::vector<Verdict>& verdicts) {
  if (verdicts.empty()) return {};
  const auto unknown = std::ranges::find_if(verdicts, is_unknown);
  if (unknown != verdicts.end()) return {.refusal = unknown->reply, .fates = {}};
  if (std::ranges::none_of(verdicts, takes)) {
    const auto later = std::ranges::find_if(verdicts, [](const Verdict& verdict) { return verdict.reply.transient(); });
    return {.refusal = later != verdicts.end() ? later->reply : verdicts.front().reply, .fates = {}};
  }
  Ending ending;
  for (const auto& verdict : verdicts) {
    const bool held = verdict.admission == Admission::Held;
    ending.fates.push_back(!takes(verdict) ? Fate::Aside : held ? Fate::Screener : Fate::Inbox);
  }
  return ending;
}

}  // namespace cas::policy
