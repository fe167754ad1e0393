// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Names, plans, judgements.
#include "app/signing_keys.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <tuple>

#include "auth/dkim_key.hpp"
#include "base/encoding.hpp"

namespace cas::app {

namespace {

using crypto::KeyType;

constexpr std::string_view ending = ".pem", next_ending = ".next.pem", old_ending = ".old.pem";
constexpr std::string_view prefix = "cas";
constexpr std::size_t day_digits = 8;

// RFC 6376 §3.1 lets a selector be several labels; in the folder it is one, so that no dot belongs to it.
bool is_label(std::string_view text) {
  constexpr std::size_t longest = 63;  // RFC 1035 §2.3.4
  const auto usual = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && text.size() <= longest && std::ranges::all_of(text, usual) && text.front() != '-' &&
         text.back() != '-';
}

bool newer(const KeyFacts& a, const KeyFacts& b) {
  // Of one day, "…e10" is newer than "…e2".
  const auto order = [](const KeyFacts& key) { return std::tuple(key.created, key.selector.size(), key.selector); };
  return order(a) > order(b);
}

std::vector<const KeyFacts*> select(std::span<const KeyFacts> keys, KeyState state, KeyType type) {
  std::vector<const KeyFacts*> found;
  for (const auto& key : keys) {
    if (key.state == state && key.type == type) found.push_back(&key);
  }
  std::ranges::sort(found, [](const auto* a, const auto* b) { return newer(*a, *b); });
  return found;
}

// Which one of its day and type: 1 for `first` itself, 2 for "...2"; 0 for any other selector.
unsigned place_of(std::string_view selector, std::string_view first) {
  if (!selector.starts_with(first)) return 0;
  selector.remove_prefix(first.size());
  if (selector.empty()) return 1;
  unsigned place = 0;
  const auto [end, fault] = std::from_chars(selector.data(), selector.data() + selector.size(), place);
  constexpr unsigned most = 1'000'000;
  return fault == std::errc{} && end == selector.data() + selector.size() && place < most ? place : 0;
}

constexpr std::array both_types{KeyType::Rsa, KeyType::Ed25519};

std::vector<KeyType> types_to_make(std::span<const KeyFacts> keys) {
  std::vector<KeyType> types;
  for (const auto type : both_types) {
    if (!select(keys, KeyState::Active, type).empty()) types.push_back(type);
  }
  if (types.empty()) types.assign(both_types.begin(), both_types.end());
  return types;
}

const char* fault_of(auth::DkimKeyError error) {
  switch (error) {
    case auth::DkimKeyError::Syntax: return "the record is no list of tags with a p=, as RFC 6376 §3.6.1 writes it";
    case auth::DkimKeyError::Version: return "v= is not DKIM1, or does not stand first";
    case auth::DkimKeyError::KeyType: return "k= names an unknown type";
    case auth::DkimKeyError::BadKey: return "p= holds no key of its type: was a part of it lost?";
    case auth::DkimKeyError::WeakKey: return "p= holds an RSA key below 1024 bits";  // RFC 8301 §3.2
  }
  return "the record cannot be read";
}

bool verifies(const crypto::PrivateKey& key, const crypto::PublicKey& published) {
  const auto hash = crypto::sha256("a check that the published key is ours");
  const auto signature = key.sign(hash);
  return signature && published.verify(hash, *signature);
}

Published judge_record(const std::string& text, const crypto::PrivateKey& key) {
  const auto record = auth::parse_dkim_key(text);
  if (!record) return {Publication::Unusable, fault_of(record.error())};
  if (record->revoked) return {Publication::Revoked, "p= is empty: the key is revoked"};
  if (record->type != key.type()) {
    return {Publication::Different, "the record has a key of type " + std::string(to_string(record->type))};
  }
  if (!record->key || !verifies(key, *record->key)) return {Publication::Different, "the record has another key"};
  if (!record->for_email) return {Publication::Unusable, "s= does not allow it for email"};
  if (!record->sha256_allowed) return {Publication::Unusable, "h= does not allow sha256"};
  // RFC 6376 §3.6.1: as if it were unsigned.
  if (record->testing) return {Publication::Unusable, "t=y says that it is a test: receivers ignore what it signs"};
  return {Publication::Published, "as it should be"};
}

}  // namespace

std::string_view to_string(KeyState state) {
  switch (state) {
    case KeyState::Next: return "next";
    case KeyState::Active: return "active";
    case KeyState::Old: return "old";
  }
  return "unknown";
}

std::string_view to_string(crypto::KeyType type) {
  return type == KeyType::Rsa ? "rsa" : "ed25519";
}

std::string_view to_string(Publication state) {
  switch (state) {
    case Publication::Published: return "published";
    case Publication::Missing: return "missing";
    case Publication::Different: return "different";
    case Publication::Unusable: return "unusable";
    case Publication::Several: return "several";
    case Publication::Revoked: return "revoked";
    case Publication::Unknown: return "unknown";
  }
  return "unknown";
}

// ---- Names ----

std::string file_name(const KeyName& name) {
  const auto end = name.state == KeyState::Next ? next_ending : name.state == KeyState::Old ? old_ending : ending;
  return name.selector + std::string(end);
}

std::optional<KeyName> parse_file_name(std::string_view name) {
  KeyName found;
  if (name.ends_with(next_ending)) {
    found.state = KeyState::Next;
    name.remove_suffix(next_ending.size());
  } else if (name.ends_with(old_ending)) {
    found.state = KeyState::Old;
    name.remove_suffix(old_ending.size());
  } else if (name.ends_with(ending)) {
    name.remove_suffix(ending.size());
  } else {
    return std::nullopt;
  }
  if (!is_label(name)) return std::nullopt;
  found.selector = name;
  return found;
}

std::optional<std::chrono::sys_days> day_of(std::string_view selector) {
  if (!selector.starts_with(prefix) || selector.size() < prefix.size() + day_digits) return std::nullopt;
  const auto digits = selector.substr(prefix.size(), day_digits);
  unsigned number = 0;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (fault != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  const std::chrono::year_month_day day{std::chrono::year(static_cast<int>(number / 10000)),
                                        std::chrono::month(number / 100 % 100), std::chrono::day(number % 100)};
  if (!day.ok()) return std::nullopt;
  return std::chrono::sys_days(day);
}

std::string new_selector(std::span<const std::string> taken, KeyType type, std::chrono::sys_days today) {
  const std::chrono::year_month_day day(today);
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "cas%04d%02u%02u%c", static_cast<int>(day.year()),
                static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()), type == KeyType::Rsa ? 'r' : 'e');
  const std::string first = text.data();
  unsigned count = 0;
  for (const auto& selector : taken) count = std::max(count, place_of(selector, first));
  return count == 0 ? first : first + std::to_string(count + 1);
}

// ---- What comes next ----

Rotation plan_rotation(std::span<const KeyFacts> keys) {
  Rotation plan;
  for (const auto type : both_types) {
    for (const auto* key : select(keys, KeyState::Next, type)) {
      plan.check.push_back(key->selector);
      plan.steps.push_back({.selector = key->selector, .from = KeyState::Next, .to = KeyState::Active});
    }
  }
  for (const auto type : both_types) {
    const auto active = select(keys, KeyState::Active, type);
    const std::size_t stay = select(keys, KeyState::Next, type).empty() ? 1 : 0;
    for (std::size_t n = stay; n < active.size(); ++n) {
      plan.steps.push_back({.selector = active[n]->selector, .from = KeyState::Active, .to = KeyState::Old});
    }
  }
  if (plan.steps.empty()) plan.make = types_to_make(keys);
  return plan;
}

TimePoint removable_at(const KeyFacts& key) {
  return key.changed + old_key_time;
}

// ---- What the DNS says ----

Published judge_publication(const dns::Answer& answer, const crypto::PrivateKey& key) {
  switch (answer.status) {
    case dns::Status::Failed:
      return {Publication::Unknown,
              "the DNS failed: " +
                  (answer.private_reason.empty() ? std::string("no answer") : printable(answer.private_reason))};
    case dns::Status::NxDomain: return {Publication::Missing, "there is no such name"};
    case dns::Status::NoData: return {Publication::Missing, "the name has no TXT record"};
    case dns::Status::Ok: break;
  }
  std::vector<const std::string*> texts;
  for (const auto& record : answer.records) {
    if (const auto* txt = std::get_if<dns::Txt>(&record)) texts.push_back(&txt->text);
  }
  if (texts.empty()) return {Publication::Missing, "the name has no TXT record"};
  // RFC 6376 §3.6.2.2: with several, what a receiver does is undefined.
  if (texts.size() > 1) return {Publication::Several, std::to_string(texts.size()) + " TXT records: leave one"};
  return judge_record(*texts.front(), key);
}

}  // namespace cas::app
