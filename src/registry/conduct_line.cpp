// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See conduct_line.hpp.
#include "registry/conduct_line.hpp"

#include <array>
#include <charconv>

#include "base/fields.hpp"

namespace cas::registry {
namespace {

using Remembered = policy::Conduct::Remembered;

std::string number_text(double number) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, std::chars_format::general, 6);
  return {digits.data(), end.ptr};
}

template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number number{};
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  return fault == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

}  // namespace

std::string seconds_text(TimePoint at) {
  return std::to_string(to_unix(at).time_since_epoch().count());
}

std::optional<TimePoint> time_in(std::string_view text) {
  const auto number = number_in<std::int64_t>(text);
  if (!number || *number < 0 || *number > (std::int64_t{1} << 40)) return {};
  return TimePoint(seconds(*number));
}

std::string text_of(const Remembered& one) {
  Fields fields;
  fields.set("name", one.name);
  fields.set("good", number_text(one.history.good));
  fields.set("bad", number_text(one.history.bad));
  fields.set("misses", number_text(one.history.misses));
  fields.set("first", seconds_text(one.history.first));
  fields.set("at", seconds_text(one.history.at));
  return fields.text();
}

std::optional<Remembered> read_remembered(std::string_view line) {
  const auto fields = Fields::parse(line);
  if (!fields) return {};
  const auto good = number_in<double>(fields->get("good"));
  const auto bad = number_in<double>(fields->get("bad"));
  const auto misses = number_in<double>(fields->get("misses"));
  const auto first = time_in(fields->get("first"));
  const auto at = time_in(fields->get("at"));
  if (!good || !bad || !misses || !first || !at || fields->get("name").empty()) return {};
  return Remembered{.name = std::string(fields->get("name")),
                    .history = {.good = *good, .bad = *bad, .misses = *misses, .first = *first, .at = *at}};
}

}  // namespace cas::registry
