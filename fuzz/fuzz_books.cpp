// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What the store keeps of verdicts and of behaviour: whatever is accepted writes itself so that the same is read again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "registry/conduct_line.hpp"
#include "registry/report_day.hpp"

namespace {

void check(std::string_view text) {
  const auto day = cas::registry::ReportDay::parse(text);
  if (day.counts().size() > cas::registry::ReportDay::most_keys + 1) std::abort();
  const std::string written = day.text();
  if (cas::registry::ReportDay::parse(written).text() != written) std::abort();

  const auto one = cas::registry::read_remembered(text);
  if (!one) return;
  const auto again = cas::registry::read_remembered(cas::registry::text_of(*one));
  if (!again || again->name != one->name || again->history.first != one->history.first) std::abort();
}

std::string folded(std::string_view text) {
  constexpr std::string_view kAlphabet = "rule=admsionbvcutgf \t\n019.-";
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
