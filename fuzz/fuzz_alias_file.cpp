// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A file of mailboxes and aliases: faults have a line of the text, a problem and a mend; a table leads nowhere without
// end.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "recipients/alias_file.hpp"

namespace {

using namespace cas;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(std::string_view text) {
  static const recipients::AliasContext context{
      .domain = *Domain::parse("a.b"), .served = {*Domain::parse("c.d")}, .delimiter = "+"};
  const auto file = recipients::AliasFile::parse(text, context);
  if (file) {
    require(file->find("") == nullptr);
    return;
  }
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
  require(!file.error().empty() && file.error().size() <= 20);
  for (const auto& fault : file.error()) {
    require(fault.line >= 1 && fault.line <= lines && !fault.problem.empty() && !fault.mend.empty());
  }
}

std::string folded(std::string_view text) {
  constexpr std::string_view alphabet = "abc+@.:,* \"#\n\n";
  std::string out;
  for (const char c : text) out += alphabet[static_cast<unsigned char>(c) % alphabet.size()];
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(text);
  check(folded(text));
  return 0;
}
