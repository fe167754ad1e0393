// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// RFC 5322 §3.3 and its obsolete forms (§4.3).
#include "message/date.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/encoding.hpp"
#include "message/scanner.hpp"

namespace cas {
namespace {

using std::chrono::minutes;

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct NamedZone {
  std::string_view name;
  int hours;
};
constexpr std::array kZones = {NamedZone{"UT", 0},   NamedZone{"GMT", 0},  NamedZone{"EST", -5}, NamedZone{"EDT", -4},
                               NamedZone{"CST", -6}, NamedZone{"CDT", -5}, NamedZone{"MST", -7}, NamedZone{"MDT", -6},
                               NamedZone{"PST", -8}, NamedZone{"PDT", -7}};

std::unexpected<Error> bad_date() {
  return permanent("date is not valid");
}

/// The index of `word` in `names`, any case.
template <std::size_t N>
std::optional<unsigned> index_of(const std::array<std::string_view, N>& names, std::string_view word) {
  for (unsigned i = 0; i < N; ++i) {
    if (iequals(names[i], word)) return i;
  }
  return std::nullopt;
}

class DateParser {
 public:
  explicit DateParser(std::string_view text) : in_(text) {}

  Result<UnixTime> parse() {
    const bool good = cfws() && day_of_week() && date() && time_of_day() && zone() && cfws() && in_.at_end();
    if (!good) return bad_date();
    const std::chrono::sys_days day = date_;
    return UnixTime(day.time_since_epoch() + time_ - offset_);
  }

 private:
  bool cfws() { return in_.skip_cfws(); }

  /// [ day-name "," ]: which day it claims is forgiven, that it is one is not.
  bool day_of_week() {
    const std::string_view word = letters();
    if (word.empty()) return true;
    return index_of(kDays, word) && cfws() && in_.take(',') && cfws();
  }

  /// day month year
  bool date() {
    const auto day = number(1, 2);
    if (!day || !cfws()) return false;
    const auto month = index_of(kMonths, letters());
    if (!month || !cfws()) return false;
    const std::string_view year_text = in_.digits();
    auto year = to_number(year_text, 2, 4);
    if (!year || !cfws()) return false;
    // RFC 5322 §4.3: 00 to 49 are of this century; three digits count from 1900.
    if (year_text.size() == 2) *year += *year < 50 ? 2000 : 1900;
    if (year_text.size() == 3) *year += 1900;
    if (*year < 1900) return false;  // RFC 5322 §3.3
    date_ = std::chrono::year(static_cast<int>(*year)) / static_cast<int>(*month + 1) / static_cast<int>(*day);
    return date_.ok();
  }

  /// hour ":" minute [ ":" second ]; a leap second is the one before it, once more.
  bool time_of_day() {
    const auto hour = number(2, 2);
    if (!hour || *hour > 23 || !cfws() || !in_.take(':') || !cfws()) return false;
    const auto minute = number(2, 2);
    if (!minute || *minute > 59 || !cfws()) return false;
    unsigned second = 0;
    if (in_.take(':')) {
      const auto given = cfws() ? number(2, 2) : std::nullopt;
      if (!given || *given > 60 || !cfws()) return false;
      second = std::min(*given, 59U);
    }
    time_ = std::chrono::hours(*hour) + minutes(*minute) + seconds(second);
    return true;
  }

  bool zone() {
    const bool east = in_.take('+');
    if (east || in_.take('-')) {
      const auto hhmm = number(4, 4);
      if (!hhmm || *hhmm % 100 > 59) return false;
      offset_ = minutes(*hhmm / 100 * 60 + *hhmm % 100) * (east ? 1 : -1);
      return true;
    }
    const std::string_view name = letters();
    for (const NamedZone& zone : kZones) {
      if (iequals(zone.name, name)) offset_ = minutes(zone.hours * 60);
    }
    return !name.empty() &&
           std::ranges::all_of(
               name, is_alpha);  // RFC 5322 §4.3: what nobody knows, the military letters included, counts as -0000
  }

  std::string_view letters() { return is_alpha(in_.peek()) ? in_.atom() : std::string_view(); }
  std::optional<unsigned> number(std::size_t min, std::size_t max) { return to_number(in_.digits(), min, max); }

  static std::optional<unsigned> to_number(std::string_view digits, std::size_t min, std::size_t max) {
    if (digits.size() < min || digits.size() > max) return std::nullopt;
    unsigned value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
  }

  Scanner in_;
  std::chrono::year_month_day date_{};
  seconds time_{0};
  minutes offset_{0};
};

std::string two_digits(unsigned value) {
  return {static_cast<char>('0' + value / 10 % 10), static_cast<char>('0' + value % 10)};
}

}  // namespace

std::string format_date(UnixTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date = day;
  const std::chrono::hh_mm_ss clock(time - day);
  std::string year = std::to_string(static_cast<int>(date.year()));
  if (year.size() < 4) year.insert(0, 4 - year.size(), '0');
  std::string out(kDays[std::chrono::weekday(day).c_encoding()]);
  out += ", " + two_digits(static_cast<unsigned>(date.day())) + ' ';
  out += kMonths[static_cast<unsigned>(date.month()) - 1];
  out += ' ' + year + ' ' + two_digits(static_cast<unsigned>(clock.hours().count())) + ':';
  out += two_digits(static_cast<unsigned>(clock.minutes().count())) + ':';
  out += two_digits(static_cast<unsigned>(clock.seconds().count())) + " +0000";
  return out;
}

Result<UnixTime> parse_date(std::string_view text) {
  return DateParser(text).parse();
}

}  // namespace cas
