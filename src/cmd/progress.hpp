// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// How far a long command is: a bar on standard error, where that is a terminal; nothing elsewhere.
#pragma once

#include <chrono>
#include <string>

namespace cas::cmd {

class Progress {
 public:
  explicit Progress(std::string what);
  ~Progress() { end(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Of `all` at least one. Draws five times a second at most, and at the end.
  void show(std::size_t done, std::size_t all);
  /// Ends the line, where one was drawn.
  void end();

 private:
  std::string what_;
  bool terminal_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now(), last_;
};

}  // namespace cas::cmd
