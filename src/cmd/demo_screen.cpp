// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Printing for a terminal or a log.
#include "cmd/demo_screen.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace cas::cmd {
namespace {

constexpr std::string_view bold = "\x1b[1m", dim = "\x1b[2m", red = "\x1b[31m", green = "\x1b[32m", cyan = "\x1b[36m",
                           yellow = "\x1b[33m", plain = "\x1b[0m";

std::string_view reply_colour(std::string_view line) {
  if (line.starts_with('5')) return red;
  if (line.starts_with('4')) return yellow;
  return green;
}

}  // namespace

Screen::Screen() {
  const char* no_color = std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe): before any thread
  colour_ = isatty(STDOUT_FILENO) == 1 && (no_color == nullptr || *no_color == '\0');
}

void Screen::title(std::string_view text) {
  fmt::print("{}{}{}\n", colour_ ? bold : "", text, colour_ ? plain : "");
  std::fflush(stdout);
}

void Screen::scene(std::string_view text) {
  fmt::print("\n{}{}{}\n", colour_ ? bold : "", text, colour_ ? plain : "");
  std::fflush(stdout);
}

void Screen::say(std::string_view text) {
  fmt::print("  {}\n", text);
  std::fflush(stdout);
}

void Screen::line(const Spoken& spoken, std::string_view when) const {
  const std::string_view speaker = spoken.who == Speaker::Client ? "C:" : spoken.who == Speaker::Server ? "S:" : "--";
  const std::string_view tint = spoken.who == Speaker::Client   ? cyan
                                : spoken.who == Speaker::Server ? reply_colour(spoken.text)
                                                                : dim;
  fmt::print("  {}{:>9}{}  {}{} {}{}\n", colour_ ? dim : "", when, colour_ ? plain : "", colour_ ? tint : "", speaker,
             abbreviated(spoken.text), colour_ ? plain : "");
}

void Screen::dialog(const Transcript& lines) {
  std::size_t body = 0, octets = 0;
  Speaker last = Speaker::Wire;
  for (const Spoken& spoken : lines) {
    const bool turned = spoken.who != last;
    last = spoken.who;
    std::string when;
    if (turned) {
      const std::chrono::duration<double, std::milli> since = spoken.at - lines.front().at;
      when = fmt::format("{:.1f} ms", since.count());
    }
    if (spoken.body) {
      ++body;
      octets += spoken.text.size() + 2;
      continue;
    }
    if (body > 0) {
      const Spoken message{Speaker::Client, fmt::format("({} lines of message, {} octets)", body, octets), false, {}};
      line(message, "");
      body = octets = 0;
    }
    line(spoken, when);
  }
  std::fflush(stdout);
}

bool Screen::expect(bool held, std::string_view what, std::string_view otherwise) {
  ++(held ? held_ : failed_);
  const std::string_view mark = held ? "ok " : "NOT";
  fmt::print("  {}{}{} {}\n", colour_ ? (held ? green : red) : "", mark, colour_ ? plain : "", what);
  if (!held && !otherwise.empty()) fmt::print("      found: {}\n", otherwise);
  std::fflush(stdout);
  return held;
}

}  // namespace cas::cmd
