// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Named values in one line of text: how the store keeps what people enter. "name=value" joined by TAB; in a value TAB,
// LF, CR, NUL and "%" are percent-encoded. A reader passes over names that it does not know, so that an older program
// can read what a newer one wrote.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cas {

class Fields {
 public:
  /// Empty text has no fields. None when a part has no name or no "=", an escape is broken, or a name stands twice.
  [[nodiscard]] static std::optional<Fields> parse(std::string_view text);

  /// Replaces what has that name. A name is of letters, digits and "_".
  void set(std::string_view name, std::string_view value);
  /// Empty when there is none.
  [[nodiscard]] std::string_view get(std::string_view name) const;
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

}  // namespace cas
