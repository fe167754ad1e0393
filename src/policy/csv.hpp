// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Comma-separated values (RFC 4180): records of fields; a quoted field may hold commas, quotes (doubled) and line ends.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cas::policy {

class CsvReader {
 public:
  explicit CsvReader(std::string_view text) : rest_(text) {}

  /// The fields of the next record; false at the end. A record that breaks the grammar gives `broken`, and reading goes
  /// on behind its line. At most 64 fields.
  struct Record {
    std::size_t line = 0;  // where it begins, from 1
    std::vector<std::string> fields;
    bool broken = false;
  };
  [[nodiscard]] std::optional<Record> next();

 private:
  [[nodiscard]] bool read_field(std::string& field);
  void skip_line();

  std::string_view rest_;
  std::size_t line_ = 1;
};

/// Quoted when it must be.
[[nodiscard]] std::string csv_field(std::string_view value);

}  // namespace cas::policy
