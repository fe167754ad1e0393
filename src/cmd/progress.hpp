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

  /// `all` 0: nobody knows. Draws ten times a second at most.
  void show(std::size_t done, std::size_t all);
  /// Wipes the bar.
  void end();

 private:
  std::string what_;
  bool terminal_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace cas::cmd
