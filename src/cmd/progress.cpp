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

constexpr std::chrono::milliseconds pause{200};
constexpr std::size_t width = 30;

}  // namespace

Progress::Progress(std::string what) : what_(std::move(what)), terminal_(::isatty(STDERR_FILENO) == 1) {}

void Progress::show(std::size_t done, std::size_t all) {
  const auto now = std::chrono::steady_clock::now();
  if (!terminal_ || (now - last_ < pause && done < all)) return;
  last_ = now;
  drawn_ = true;
  const std::size_t filled = std::min(width, done * width / all);
  const double spent = std::chrono::duration<double>(now - begun_).count();
  const std::string line =
      fmt::format("\r\x1b[K{} [{}{}] {} of {}, {:.0f} a second", what_, std::string(filled, '#'),
                  std::string(width - filled, '.'), done, all, spent > 0 ? static_cast<double>(done) / spent : 0.0);
  std::fputs(line.c_str(), stderr);
  std::fflush(stderr);
}

void Progress::end() {
  if (drawn_) std::fputc('\n', stderr);
  drawn_ = false;
}

}  // namespace cas::cmd
