// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// DNS for code without I/O. A check looks up what it needs; what is not known yet is noted, the check gives up, its
// driver asks the DNS and runs the check again, until nothing is missing. A check must look up the same things in the
// same order each time; it may look up several before it gives up, and they are then asked at once.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <vector>

#include "dns/record.hpp"

namespace cas::dns {

/// Not thread-safe. References stay valid while this lives.
class Answers {
 public:
  /// None: not known yet; the question has been noted.
  [[nodiscard]] const Answer* find(const Question& question);
  /// Takes the place of what was known.
  void add(Question question, Answer answer);
  [[nodiscard]] bool knows(const Question& question) const { return known_.contains(question); }
  /// The questions noted since the last call, each once.
  [[nodiscard]] std::vector<Question> take_open();
  /// How many answers are here: what a driver bounds.
  [[nodiscard]] std::size_t size() const { return known_.size(); }

 private:
  std::map<Question, Answer> known_;
  std::set<Question> open_;
};

}  // namespace cas::dns
