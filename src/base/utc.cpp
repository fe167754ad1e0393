// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See utc.hpp.
#include "base/utc.hpp"

#include <algorithm>
#include <charconv>

#include "base/encoding.hpp"

namespace cas {
namespace {

std::string padded(unsigned number, std::size_t width) {
  const std::string digits = std::to_string(number);
  return std::string(width - std::min(width, digits.size()), '0') + digits;
}

/// Takes `width` digits, and `mark` behind them unless it is 0.
std::optional<unsigned> take(std::string_view& text, std::size_t width, char mark) {
  const std::size_t size = width + (mark == 0 ? 0 : 1);
  if (text.size() < size || (mark != 0 && text[width] != mark)) return {};
  if (!std::ranges::all_of(text.substr(0, width), is_digit)) return {};
  unsigned number = 0;
  std::from_chars(text.data(), text.data() + width, number);
  text.remove_prefix(size);
  return number;
}

/// "HH:MM:SSZ" or "HH:MMZ"
std::optional<seconds> read_clock(std::string_view text) {
  const auto hour = take(text, 2, ':');
  const auto minute = take(text, 2, text.size() == 3 ? 'Z' : ':');
  const auto second = text.empty() ? std::optional(0U) : take(text, 2, 'Z');
  if (!hour || !minute || !second || !text.empty() || *hour > 23 || *minute > 59 || *second > 59) return {};
  return std::chrono::hours(*hour) + std::chrono::minutes(*minute) + seconds(*second);
}

}  // namespace

std::string utc_text(UnixTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const auto clock = static_cast<unsigned>((time - day).count());
  return padded(static_cast<unsigned>(static_cast<int>(date.year())), 4) + '-' +
         padded(static_cast<unsigned>(date.month()), 2) + '-' + padded(static_cast<unsigned>(date.day()), 2) + 'T' +
         padded(clock / 3600, 2) + ':' + padded(clock / 60 % 60, 2) + ':' + padded(clock % 60, 2) + 'Z';
}

std::optional<UnixTime> read_utc(std::string_view text) {
  const auto year = take(text, 4, '-');
  const auto month = take(text, 2, '-');
  const auto day = take(text, 2, 0);
  if (!year || !month || !day || *year < 1970) return {};
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*year)), std::chrono::month(*month),
                                         std::chrono::day(*day));
  if (!date.ok()) return {};
  const UnixTime midnight = std::chrono::sys_days(date);
  if (text.empty()) return midnight;
  const auto clock = text.front() == 'T' || text.front() == ' ' ? read_clock(text.substr(1)) : std::nullopt;
  if (!clock) return {};
  return midnight + *clock;
}

}  // namespace cas
