// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A decision taken apart, for people: which rules were asked, which entry decided, and what would have to change. The
// same judge as for mail; only what a real message would bring is assumed. Facts: inbound/why.hpp gathers them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/exception_book.hpp"
#include "policy/judge.hpp"

namespace cas::policy {

/// A message that somebody asks about.
struct WhyQuestion {
  SenderIdentity sender;
  Mailbox recipient;
  IntentStatus intent = IntentStatus::None;  // Valid, Forwarded: one that lists the recipient
  confirm::Class klass = confirm::Class::Personal;
};

struct Why {
  RecipientFacts facts;                     // at the end of the data
  std::vector<ExceptionOpinion> entries;    // all that match, the one that weighs most first
  std::optional<std::string> relation_key;  // under which a relationship would be kept
  std::string found;                        // what found the mailbox
  Verdict verdict;
  struct Step {
    std::string rule, when;
    bool applies = false;
  };
  std::vector<Step> steps;           // down to the rule that decided
  std::vector<std::string> mends{};  // commands and settings that would change it
};

/// The steps of the rules and the mends, for facts whose questions are all answered.
void take_apart(Why& why, const WhyQuestion& question);

}  // namespace cas::policy
