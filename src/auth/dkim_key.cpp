// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Reading key records as RFC 6376 §3.6.1 writes them; bounded by what CAS §20 lets a record be.
#include "auth/dkim_key.hpp"

#include <algorithm>

#include "auth/tag_list.hpp"
#include "base/encoding.hpp"
#include "crypto/der.hpp"

namespace cas::auth {
namespace {

/// Whether a colon-separated list (h=, s=, t=) has an item. Unrecognised items are ignored (RFC 6376 §3.6.1).
bool lists(std::string_view list, std::string_view item) {
  const std::string text = without_blanks(list);
  std::string_view rest = text;
  while (true) {
    const auto colon = rest.find(':');
    if (rest.substr(0, colon) == item) return true;
    if (colon == std::string_view::npos) return false;
    rest.remove_prefix(colon + 1);
  }
}

bool is_weak(crypto::KeyType type, std::span<const std::uint8_t> octets) {
  constexpr std::size_t octets_of_1024_bits = 128;
  const auto numbers = type == crypto::KeyType::Rsa ? crypto::parse_rsa_public_key(octets) : std::nullopt;
  return numbers && (numbers->modulus.size() < octets_of_1024_bits ||
                     (numbers->modulus.size() == octets_of_1024_bits && numbers->modulus.front() < 0x80));
}

std::expected<void, DkimKeyError> read_key(std::string_view p, DkimKeyRecord& record) {
  const std::string text = without_blanks(p);
  record.revoked = text.empty();
  if (record.revoked) return {};
  const auto octets = from_base64_folded(text);
  if (!octets) return std::unexpected(DkimKeyError::BadKey);
  auto key = crypto::PublicKey::from_dkim(record.type, *octets);
  if (!key) return std::unexpected(is_weak(record.type, *octets) ? DkimKeyError::WeakKey : DkimKeyError::BadKey);
  record.key = *std::move(key);
  return {};
}

}  // namespace

std::expected<DkimKeyRecord, DkimKeyError> parse_dkim_key(std::string_view text) {
  if (text.size() > max_dkim_key_record) return std::unexpected(DkimKeyError::Syntax);
  const auto tags = parse_tag_list(text);
  if (!tags) return std::unexpected(DkimKeyError::Syntax);
  const auto p = find_tag(*tags, "p");
  if (!p) return std::unexpected(DkimKeyError::Syntax);  // RFC 6376 §3.6.1: required
  if (const auto v = find_tag(*tags, "v"); v && (*v != "DKIM1" || tags->front().first != "v")) {
    return std::unexpected(DkimKeyError::Version);
  }

  DkimKeyRecord record;
  if (const auto k = find_tag(*tags, "k"); k && *k == "ed25519") {
    record.type = crypto::KeyType::Ed25519;  // RFC 8463 §4
  } else if (k && *k != "rsa") {
    return std::unexpected(DkimKeyError::KeyType);
  }
  if (const auto h = find_tag(*tags, "h")) record.sha256_allowed = lists(*h, "sha256");
  if (const auto s = find_tag(*tags, "s")) record.for_email = lists(*s, "email") || lists(*s, "*");
  if (const auto t = find_tag(*tags, "t")) {
    record.testing = lists(*t, "y");
    record.strict_identity = lists(*t, "s");
  }
  if (const auto read = read_key(*p, record); !read) return std::unexpected(read.error());
  return record;
}

std::string format_dkim_key(const crypto::PrivateKey& key) {
  const std::string_view type = key.type() == crypto::KeyType::Ed25519 ? "ed25519" : "rsa";
  return "v=DKIM1; k=" + std::string(type) + "; p=" + key.dkim_public_key();
}

std::string dkim_key_name(std::string_view selector, const Domain& domain) {
  return std::string(selector) + "._domainkey." + domain.text();
}

}  // namespace cas::auth
