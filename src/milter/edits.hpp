// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A header section as the filters of a milter client change it. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "milter/packet.hpp"

namespace cas::milter {

/// Fields are counted as the protocol does: an index of a change is among those of one name, from 1, an index of an
/// insertion among all, from 0.
class HeaderEdits {
 public:
  /// `header`: fields with CRLF each. A permanent error where it is none.
  [[nodiscard]] static Result<HeaderEdits> of(const std::string& header);

  /// What a filter is sent: LF between the lines; without the blank behind the colon unless `leading_space`.
  [[nodiscard]] std::vector<Header> packets(bool leading_space) const;
  /// Permanent errors: a value that would end the field, or a header above `most` octets or
  /// `most_fields`.
  [[nodiscard]] Result<void> add(const AddHeader& added, bool leading_space);
  /// Behind the last field where the index is beyond it.
  [[nodiscard]] Result<void> insert(const InsertHeader& inserted, bool leading_space);
  /// There are fewer of that name: added, or nothing to be removed.
  [[nodiscard]] Result<void> change(const ChangeHeader& changed, bool leading_space);

  [[nodiscard]] std::string text() const;

  static constexpr std::size_t most = std::size_t{1} << 20;
  static constexpr std::size_t most_fields = 10'000;

 private:
  struct Field {
    std::string name, raw;
  };
  [[nodiscard]] Result<Field> made(std::string_view name, std::string_view value, bool leading_space) const;
  std::vector<Field> fields_;
};

/// CRLF between the lines, and nothing else that ends one.
[[nodiscard]] std::string with_crlf(std::string_view text);

}  // namespace cas::milter
