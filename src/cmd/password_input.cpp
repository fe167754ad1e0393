// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See password_input.hpp.
#include "cmd/password_input.hpp"

#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>

namespace cas::cmd {

namespace {

/// No echo while it lives.
class Silence {
 public:
  Silence() : on_(stdin_is_terminal() && ::tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!on_) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  ~Silence() {
    if (on_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  [[nodiscard]] bool on() const { return on_; }

 private:
  termios before_{};
  bool on_;
};

// One line without its end; none at the end of input, or when it is too long.
std::optional<std::string> read_line(std::size_t longest) {
  std::string line;
  for (int c = std::getchar(); c != '\n'; c = std::getchar()) {
    if (c == EOF && line.empty()) return std::nullopt;
    if (c == EOF) break;
    if (line.size() > longest) return std::nullopt;
    line += static_cast<char>(c);
  }
  if (line.ends_with('\r')) line.pop_back();
  if (line.size() > longest) return std::nullopt;
  return line;
}

std::optional<std::string> prompt(const char* question, std::size_t longest) {
  std::fputs(question, stderr);
  auto line = read_line(longest);
  std::fputc('\n', stderr);
  return line;
}

}  // namespace

bool stdin_is_terminal() {
  return ::isatty(STDIN_FILENO) == 1;
}

Or<std::string> read_password(std::size_t longest) {
  const Silence silence;
  auto password = silence.on() ? prompt("Password: ", longest) : read_line(longest);
  if (silence.on() && password && prompt("Again: ", longest) != password) return leave(EX_DATAERR, "the two differ");
  if (!password || password->size() < shortest_password) {
    return leave(EX_DATAERR, "give a password of " + std::to_string(shortest_password) + " to " +
                                 std::to_string(longest) + " octets, on one line");
  }
  return *std::move(password);
}

}  // namespace cas::cmd
