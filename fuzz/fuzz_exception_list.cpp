// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Lists of exceptions: each entry of any format, written as plain text and as CSV, is read again as itself. The first
// octet chooses the format and the action.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "policy/exception_formats.hpp"

namespace {

using namespace cas;
using namespace cas::policy;

constexpr std::size_t max_lines = 200;  // the rest would only be slow

void check_again(const Exception& entry, const std::string& text, ListFormat format) {
  ListDefaults defaults;
  defaults.action = entry.action;
  const auto again = read_list(text, format, defaults);
  if (again.entries.size() != 1) std::abort();
  const auto& read = again.entries.front();
  if (read.pattern != entry.pattern || read.scope != entry.scope || read.proof != entry.proof) std::abort();
  if (read.expires != entry.expires) std::abort();
  if (format == ListFormat::Csv && (read.reason != entry.reason || read.owner != entry.owner)) std::abort();
}

void check(std::string_view text, ListFormat format, ExceptionAction action) {
  ListDefaults defaults;
  defaults.action = action;
  if (action == ExceptionAction::Forward) defaults.scope = Scope::parse("a@b.example").value();
  const auto list = read_list(text, format, defaults);
  if (list.entries.size() != list.lines.size()) std::abort();
  for (const auto& wanted : list.entries) {
    const auto entry = exception_of(wanted, UnixTime{});
    check_again(entry, plain_line(entry), ListFormat::Plain);
    check_again(entry, csv_heading() + csv_line(entry), ListFormat::Csv);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) > max_lines) return 0;
  static_cast<void>(guess_format(text));
  check(text, static_cast<ListFormat>(data[0] % 5), static_cast<ExceptionAction>(data[0] / 5 % 4));
  return 0;
}
