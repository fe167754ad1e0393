// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See shell_text.hpp.
#include "base/shell_text.hpp"

#include <algorithm>

#include "base/encoding.hpp"

namespace cas {

std::string shell_word(std::string_view word) {
  const auto plain = [](char c) { return is_alnum(c) || std::string_view("/._-+:@%=,").contains(c); };
  if (!word.empty() && std::ranges::all_of(word, plain)) return std::string(word);
  std::string out = "'";
  for (const char c : printable(word, 4096)) {
    out += c == '\'' ? "'\"'\"'" : std::string(1, c);  // no backslash, which terminals are shown escaped
  }
  return out + "'";
}

}  // namespace cas
