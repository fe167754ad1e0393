// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// One message, several recipients, one reply: what the verdicts on each of them make of the whole (RFC 5321 §4.2.5:
// the end of data has one reply for all).
#pragma once

#include <optional>
#include <vector>

#include "policy/judge.hpp"

namespace cas::policy {

/// Where a recipient's copy goes. Aside: apart from the inbox, as mail that failed authentication.
enum class Fate { Inbox, Screener, Aside };

struct Ending {
  std::optional<smtp::Reply> refusal;  // of the whole message
  std::vector<Fate> fates;             // in the order of the verdicts; empty with a refusal
};

/// The message is refused when no recipient takes it: for now, if one of them may take it later. It is deferred when it
/// cannot be told whether one takes it (4.3.0). Where some take it, those that do not get their copy aside: nobody is
/// refused for what a neighbour wants, and nothing is lost without a word.
[[nodiscard]] Ending end_message(const std::vector<Verdict>& verdicts);

}  // namespace cas::policy
