// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Tables and complaints.
#include "cmd/terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace cas::cmd {

namespace {

std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t n = 0; n < row.size(); ++n) widths[n] = std::max(widths[n], width(row[n]));
  }
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t n = 0; n < row.size(); ++n) {
      out += row[n];
      if (n + 1 < row.size()) out.append(widths[n] - width(row[n]) + 2, ' ');
    }
    out += '\n';
  }
  return out;
}

std::string size_text(std::uint64_t octets) {
  static constexpr std::array<const char*, 4> units{"kB", "MB", "GB", "TB"};
  if (octets < 1000) return fmt::format("{} B", octets);
  double value = static_cast<double>(octets) / 1000;
  std::size_t unit = 0;
  while (value >= 999.95 && unit + 1 < units.size()) {
    value /= 1000;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, units.at(unit));
}

int complain(int exit_code, std::string_view message) {
  std::fprintf(stderr, "cas: %.*s\n", static_cast<int>(message.size()), message.data());
  return exit_code;
}

bool print(std::string_view text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
}

}  // namespace cas::cmd
