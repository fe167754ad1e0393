// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Which keys the configuration may have, as the reader itself asks for them: the manual is made of this.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cas::app {

struct KnownKey {
  enum class Kind { Text, Boolean, Integer, Duration, Texts, Choice, Table, Tables, TableOrTables };
  std::string name{};  // "limits.message", "domain.signing.key"
  Kind kind = Kind::Text;
  std::int64_t least = 0, most = 0;  // Integer; Duration: in seconds
  std::vector<std::string> words{};  // Choice
};

/// All of them, tables included, each once, in the order in which they are read.
[[nodiscard]] std::vector<KnownKey> known_keys();

}  // namespace cas::app
