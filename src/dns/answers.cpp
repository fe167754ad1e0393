// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Answers so far, and what is missing.
#include "dns/answers.hpp"

#include <utility>

namespace cas::dns {

const Answer* Answers::find(const Question& question) {
  const auto known = known_.find(question);
  if (known != known_.end()) return &known->second;
  open_.insert(question);
  return nullptr;
}

void Answers::add(Question question, Answer answer) {
  open_.erase(question);
  known_.insert_or_assign(std::move(question), std::move(answer));
}

std::vector<Question> Answers::take_open() {
  const auto taken = std::exchange(open_, {});
  return {taken.begin(), taken.end()};
}

}  // namespace cas::dns
