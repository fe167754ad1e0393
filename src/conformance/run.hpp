// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Plays the checks, one after the other.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "conformance/report.hpp"

namespace cas::conformance {

struct RunOptions {
  BenchOptions bench;
  std::vector<std::string> only;       // see selects(); empty: all
  Need available = Need::nothing;      // what there is, but for `chunking`, which the target says
  bool wait_for_rates = false;         // on 451 4.7.28 wait a minute and try again, three times for a check
  std::chrono::seconds at_most{1800};  // then what is left is not checked
  std::function<void(const Finding&)> on_finding = {};
};

/// Never fails: what cannot be done is in the report. `target`, `clock` and `random` must outlive the task.
[[nodiscard]] net::Task<Report> run(const Target& target, RunOptions options, const Clock& clock, Random& random);

}  // namespace cas::conformance
