// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Fields between "=", and a keyed hash before them.
#include "policy/srs.hpp"

#include <string>
#include <string_view>

#include "base/encoding.hpp"
#include "crypto/hash.hpp"

namespace cas::policy {

namespace {

constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz234567";  // base32 (RFC 4648 §6), in lower case
constexpr std::size_t hash_size = 8;                                       // 40 bits: guessing means asking this server
constexpr std::size_t day_size = 2;
constexpr std::int64_t days_in_a_round = 1024;
constexpr std::size_t tag_size = 4;  // "SRS0"

bool is_separator(char c) {
  return c == '=' || c == '+' || c == '-';
}

bool has_tag(std::string_view local, std::string_view tag) {
  return local.size() > tag_size && iequals(local.substr(0, tag_size), tag) && is_separator(local[tag_size]);
}

std::int64_t day_of(UnixTime now) {
  return std::chrono::floor<std::chrono::days>(now).time_since_epoch().count() % days_in_a_round;
}

std::string write_day(std::int64_t day) {
  return {alphabet[static_cast<std::size_t>(day / 32)], alphabet[static_cast<std::size_t>(day % 32)]};
}

bool is_recent(std::string_view text, UnixTime now) {
  if (text.size() != day_size) return false;
  const auto high = alphabet.find(to_lower(text[0]));
  const auto low = alphabet.find(to_lower(text[1]));
  if (high == std::string_view::npos || low == std::string_view::npos) return false;
  const auto day = static_cast<std::int64_t>(high * 32 + low);
  const std::int64_t age = (day_of(now) - day + days_in_a_round) % days_in_a_round;
  return age <= srs_lifetime.count();
}

std::string hash_of(std::span<const std::uint8_t> secret, std::string_view tag, std::string_view rest,
                    const Domain& ours) {
  const auto key = crypto::hmac_sha256(secret, "cas srs");
  std::string text(tag);
  text += '\0';
  text += ours.text();
  text += '\0';
  text += to_lower(rest);
  const auto digest = crypto::hmac_sha256(key, text);
  std::string hash;
  for (std::size_t n = 0; n < hash_size; ++n) hash += alphabet[digest[n] & 31U];
  return hash;
}

bool is_hash_of(std::string_view hash, std::span<const std::uint8_t> secret, std::string_view tag,
                std::string_view rest, const Domain& ours) {
  return crypto::equal_constant_time(as_octets(to_lower(hash)), as_octets(hash_of(secret, tag, rest, ours)));
}

// Up to the next "=", which goes.
std::optional<std::string_view> take_field(std::string_view& rest) {
  const auto end = rest.find('=');
  if (end == std::string_view::npos) return std::nullopt;
  const auto field = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return field;
}

std::optional<Mailbox> mailbox(std::string_view local, std::string_view domain) {
  auto name = LocalPart::from_value(local);
  auto place = Domain::parse(domain);
  if (!name || !place) return std::nullopt;
  return Mailbox(*std::move(name), *std::move(place));
}

}  // namespace

bool looks_like_srs(const LocalPart& local) {
  return has_tag(local.value(), "SRS0") || has_tag(local.value(), "SRS1");
}

std::optional<Mailbox> srs_encode(std::span<const std::uint8_t> secret, const Mailbox& sender, const Domain& ours,
                                  UnixTime now) {
  if (!sender.domain()) return std::nullopt;
  const std::string& local = sender.local().value();
  const std::string day = write_day(day_of(now));
  std::string made;
  if (has_tag(local, "SRS1")) {
    // Whoever stands between the first forwarder and us is left out: the first one alone can read what it made.
    std::string_view rest = std::string_view(local).substr(tag_size + 1);
    if (!take_field(rest)) return std::nullopt;
    made = "SRS1=" + hash_of(secret, "srs1", day + std::string(rest), ours) + day + '=' + std::string(rest);
  } else if (has_tag(local, "SRS0")) {
    const std::string rest = sender.domain()->text() + '=' + local.substr(tag_size);
    made = "SRS1=" + hash_of(secret, "srs1", day + rest, ours) + day + '=' + rest;
  } else {
    const std::string rest = day + '=' + sender.domain()->text() + '=' + local;
    made = "SRS0=" + hash_of(secret, "srs0", rest, ours) + '=' + rest;
  }
  auto fits = LocalPart::from_value(made);
  if (!fits) return std::nullopt;
  return Mailbox(*std::move(fits), ours);
}

std::optional<Mailbox> srs_decode(std::span<const std::uint8_t> secret, const Mailbox& address, UnixTime now) {
  const std::string_view local = address.local().value();
  if (!address.domain() || !looks_like_srs(address.local()) || local[tag_size] != '=') return std::nullopt;
  std::string_view rest = local.substr(tag_size + 1);
  const auto hash = take_field(rest);
  if (!hash) return std::nullopt;
  if (has_tag(local, "SRS0")) {
    if (!is_hash_of(*hash, secret, "srs0", rest, *address.domain())) return std::nullopt;
    const auto day = take_field(rest);
    const auto domain = take_field(rest);
    if (!day || !domain || !is_recent(*day, now)) return std::nullopt;
    return mailbox(rest, *domain);
  }
  if (hash->size() != hash_size + day_size) return std::nullopt;
  const auto day = hash->substr(hash_size);
  const std::string hashed = std::string(day) + std::string(rest);
  if (!is_hash_of(hash->substr(0, hash_size), secret, "srs1", hashed, *address.domain())) return std::nullopt;
  const auto domain = take_field(rest);
  if (!domain || !is_recent(day, now) || rest.empty() || !is_separator(rest.front())) return std::nullopt;
  return mailbox("SRS0" + std::string(rest), *domain);
}

}  // namespace cas::policy
