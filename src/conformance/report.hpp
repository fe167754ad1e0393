// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What came out, as text and as JSON. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "conformance/check.hpp"

namespace cas::conformance {

enum class Standing { Holds, Fails, NotChecked };

struct Finding {
  std::string id, section, title;
  Standing standing = Standing::NotChecked;
  std::string why;                  // empty where it holds
  std::vector<std::string> dialog;  // what was said, where it fails
};

struct Report {
  std::vector<Finding> findings;
  std::vector<Promise> promises;
  std::vector<std::string> advice;  // what is no fault, and better otherwise
  std::size_t connections = 0;
  std::optional<std::string> unavailable;  // why nothing could be asked

  [[nodiscard]] std::size_t count(Standing standing) const;
};

/// One finding, with its last lines of dialog where it fails. Ends with a line end.
[[nodiscard]] std::string finding_text(const Finding& finding);
/// What follows the findings: advice, what the mailboxes must hold, and "conformance: 61 hold, 0 fail, 3 not checked".
[[nodiscard]] std::string closing_text(const Report& report);
[[nodiscard]] std::string report_json(const Report& report);

}  // namespace cas::conformance
