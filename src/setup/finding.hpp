// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What a check found: what is expected beside what is there, and what to do about it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "setup/records.hpp"

namespace cas::setup {

/// Weak: it works, and is not what one would want. Unknown: the DNS failed, which is never absence.
enum class Verdict { Ok, Missing, Wrong, Weak, Unknown };
[[nodiscard]] std::string_view to_string(Verdict verdict);

/// How much it matters, the worst last.
enum class Severity { Ok, Note, Warning, Unknown, Error };
[[nodiscard]] std::string_view to_string(Severity severity);

/// Texts that strangers wrote are in it as they came: who shows them makes them printable.
struct Finding {
  std::string id;      // "spf.several": the same as long as it is the same thing
  std::string name;    // the record's name, or the host
  std::string type{};  // "TXT"; empty where it is no record
  Verdict verdict = Verdict::Ok;
  Need need = Need::Needed;  // what it costs to leave it so
  std::string problem{};     // one sentence: what is so, and what follows from it
  std::string expected{};
  std::string found{};
  std::string mend{};  // what to do
  std::string line{};  // the line for the zone, where that is the mend
  bool operator==(const Finding&) const = default;
};

/// Of what is not as it should be: needed is an Error, recommended a Warning, optional a Note.
[[nodiscard]] Severity severity_of(const Finding& finding);
/// What is the same from one check to the next: id, name and how it was judged.
[[nodiscard]] std::string key_of(const Finding& finding);
/// The worst first; among equals the order in which they were found.
void sort_by_severity(std::vector<Finding>& findings);

/// The exit status of a check: 0 nothing is wrong (notes there may be), 1 an error, 2 warnings alone, 75 (EX_TEMPFAIL)
/// no error is known, but something could not be found out.
[[nodiscard]] int status_of(std::span<const Finding> findings);

}  // namespace cas::setup
