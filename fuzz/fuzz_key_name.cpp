// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Names of key files: one that is read is written the same, holds one label of the DNS and no path, and a selector made
// after it is another, of the day it says.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "app/signing_keys.hpp"

namespace {

using namespace cas;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string folded(std::string_view text) {
  constexpr std::string_view alphabet = "cas20261125re-.nextoldpm/_X";
  std::string out;
  for (const char c : text) out += alphabet[static_cast<unsigned char>(c) % alphabet.size()];
  return out;
}

void check_selector(const std::string& selector) {
  const auto day = app::day_of(selector);
  if (!day) return;
  for (const auto type : {crypto::KeyType::Rsa, crypto::KeyType::Ed25519}) {
    const std::vector taken{selector};
    const auto made = app::new_selector(taken, type, *day);
    require(made != selector);
    require(app::day_of(made) == day);
    require(app::parse_file_name(app::file_name({.selector = made, .state = app::KeyState::Next})).has_value());
  }
}

void check(std::string_view text) {
  const auto name = app::parse_file_name(text);
  check_selector(std::string(text));
  if (!name) return;
  require(app::file_name(*name) == text);
  require(!name->selector.empty() && name->selector.size() <= 63);
  require(std::ranges::none_of(name->selector, [](char c) { return c == '.' || c == '/' || (c >= 'A' && c <= 'Z'); }));
  check_selector(name->selector);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto* ending : {"", ".pem", ".next.pem", ".old.pem"}) {
    check(std::string(text) + ending);
    check(folded(text) + ending);
  }
  return 0;
}
