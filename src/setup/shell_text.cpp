// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See shell_text.hpp.
#include "setup/shell_text.hpp"

#include <algorithm>

#include "base/encoding.hpp"

namespace cas::setup {

std::string shell_word(std::string_view path) {
  const auto plain = [](char c) { return is_alnum(c) || std::string_view("/._-+:@%=,").contains(c); };
  if (!path.empty() && std::ranges::all_of(path, plain)) return std::string(path);
  std::string out = "'";
  for (const char c : printable(path, 4096)) {
    if (c == '\'') out += "'\\'";
    out += c;
  }
  return out + "'";
}

}  // namespace cas::setup
