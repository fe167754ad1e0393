// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A receiver's procedure (CAS §8) as a report. Pure; every verdict comes from the judges that the server asks, this
// only says which of them were asked and what they said.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "confirm/receiver.hpp"

namespace cas::cmd {

/// What is known of a transaction. What is absent is not checked.
struct TransactionFacts {
  TimePoint now;
  std::optional<ReversePath> mail_from;
  std::vector<Mailbox> recipients;
  std::optional<dns::Answer> key;
  std::optional<confirm::MessageFacts> message;
};

struct Step {
  enum class Result { Ok, Fails, NotChecked };
  std::string number;  // "6", "4-5" (CAS §8)
  std::string check;
  Result result = Result::NotChecked;
  std::string why;
};
[[nodiscard]] std::string_view to_string(Step::Result result);

struct Report {
  std::vector<Step> steps;
  /// What a receiver answers, as far as it depends on what was checked: "CONFIRM", "RCPT TO:<...>", "the message".
  struct Answer {
    std::string to;
    smtp::Reply reply;
  };
  std::vector<Answer> answers;
  bool key_lookup_failed = false;  // nothing else failed, and asking again may help

  [[nodiscard]] bool holds() const;
};

[[nodiscard]] Report report_on(std::string_view line, const TransactionFacts& facts);

}  // namespace cas::cmd
