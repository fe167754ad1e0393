// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The values of an intent's tags (CAS §4.3), each with one spelling: what does not print back as it was read is
// refused.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.hpp"
#include "base/time.hpp"
#include "crypto/hash.hpp"
#include "message/address.hpp"

namespace cas::confirm::grammar {

/// dom without "_": lower-case A-labels, at most 253 octets, no final dot.
[[nodiscard]] std::optional<Domain> read_host(std::string_view text);
[[nodiscard]] bool is_host(const Domain& domain);
/// dom with "_".
[[nodiscard]] bool is_selector(std::string_view text);
/// "0", or up to twelve digits without a leading zero.
[[nodiscard]] std::optional<UnixTime> read_seconds(std::string_view text);
/// lp "@" dom.
[[nodiscard]] std::optional<Mailbox> read_addr(std::string_view text);
/// 1 to 100, rising octet by octet as they are spelt on the line, so none twice.
[[nodiscard]] std::optional<std::vector<LocalPart>> read_recipients(std::string_view text);
/// 1 to 200 octets once decoded, without upper-case ASCII letters.
[[nodiscard]] std::optional<std::string> read_list_id(std::string_view text);
[[nodiscard]] bool is_list_id(std::string_view value);
/// "c1:" and 32 octets.
[[nodiscard]] std::optional<crypto::Sha256Digest> read_digest(std::string_view text);
/// 1 to 700 characters of base64url.
[[nodiscard]] std::optional<Octets> read_signature(std::string_view text);

/// Exactly n octets in base64url.
template <std::size_t n>
[[nodiscard]] std::optional<std::array<std::uint8_t, n>> read_octets(std::string_view text) {
  constexpr std::size_t characters = (n * 8 + 5) / 6;
  if (text.size() != characters) return std::nullopt;
  const auto octets = from_base64url(text);
  if (!octets || octets->size() != n) return std::nullopt;
  std::array<std::uint8_t, n> out{};
  std::copy(octets->begin(), octets->end(), out.begin());
  return out;
}

}  // namespace cas::confirm::grammar
