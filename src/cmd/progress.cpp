// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See progress.hpp.
#include "cmd/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace cas::cmd {

namespace {

constexpr std::chrono::milliseconds pause{100};
constexpr std::size_t width = 30;

std::string bar(std::size_t done, std::size_t all) {
  if (all == 0) return std::to_string(done);
  const std::size_t filled = std::min(width, done * width / all);
  return "[" + std::string(filled, '#') + std::string(width - filled, '.') + "] " +
         fmt::format("{:3}% {} of {}", done * 100 / all, done, all);
}

}  // namespace

Progress::Progress(std::string what) : what_(std::move(what)), terminal_(::isatty(STDERR_FILENO) == 1) {}

void Progress::show(std::size_t done, std::size_t all) {
  const auto now = std::chrono::steady_clock::now();
  if (!terminal_ || (now - last_ < pause && done != all)) return;
  last_ = now;
  drawn_ = true;
  std::fprintf(stderr, "\r\x1b[K%s %s", what_.c_str(), bar(done, all).c_str());
  std::fflush(stderr);
}

void Progress::end() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
  drawn_ = false;
}

}  // namespace cas::cmd
