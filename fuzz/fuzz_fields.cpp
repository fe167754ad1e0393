// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Stored fields: whatever is accepted writes itself so that the same fields are read again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/fields.hpp"

namespace {

void check(std::string_view text) {
  const auto fields = cas::Fields::parse(text);
  if (!fields) return;
  const std::string written = fields->text();
  const auto again = cas::Fields::parse(written);
  if (!again || again->text() != written) std::abort();
}

std::string folded(std::string_view text) {
  constexpr std::string_view kAlphabet = "ab=\t%09AF";
  std::string out;
  for (const char c : text) out += kAlphabet[static_cast<unsigned char>(c) % kAlphabet.size()];
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(text);
  check(folded(text));
  return 0;
}
