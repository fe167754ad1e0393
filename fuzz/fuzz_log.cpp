// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Log lines: whatever octets stand in an event, its line is one line of UTF-8 without control characters, in both forms
// (CAS §21). The input is cut at "|" into trace id, queue id and values.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "app/log_line.hpp"
#include "base/encoding.hpp"

namespace {

using namespace cas;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string take(std::string_view& text) {
  const auto end = std::min(text.find('|'), text.size());
  std::string out(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return out;
}

void check_line(const std::string& line) {
  require(is_utf8(line));
  require(std::ranges::none_of(line, [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; }));
  for (std::size_t at = line.find('\xc2'); at != std::string::npos; at = line.find('\xc2', at + 1)) {
    require(static_cast<unsigned char>(line[at + 1]) >= 0xa0);  // no C1
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  Event event{.level = Level::Warning, .trace = take(text), .queue_id = take(text), .name = "rcpt", .fields = {}};
  for (const std::string_view key : {"to", "from", "reply", "to"}) event.fields.emplace_back(key, take(text));
  const TimePoint at(milliseconds(static_cast<std::int64_t>(size) * 86400000));
  const std::string line = app::text_line(at, event);
  check_line(line);
  // Quotes come in pairs: no value ends another's.
  require(std::ranges::count(line, '"') % 2 == 0);
  const std::string object = app::json_line(at, event);
  check_line(object);
  require(object.starts_with('{') && object.ends_with('}'));
  return 0;
}
