// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See exception_row.hpp. A million rows are read at every start, so what decides is read without a copy of each field.
#include "registry/exception_row.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/encoding.hpp"
#include "base/fields.hpp"
#include "base/utc.hpp"
#include "policy/exception_rules.hpp"

namespace cas::registry {
namespace {

constexpr std::size_t digits = 12;
// The store removes by itself what is over; an exception goes only with its line in the audit log.
constexpr UnixTime kept_until{seconds{253402300799}};  // the end of the year 9999

template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc{} || end != text.data() + text.size()) return {};
  return number;
}

std::optional<UnixTime> time_in(std::string_view text) {
  const auto number = number_in<std::int64_t>(text);
  if (!number) return {};
  return UnixTime(seconds(*number));
}

std::string text_of(UnixTime time) {
  return std::to_string(time.time_since_epoch().count());
}

/// The fields that decide, as views into the row.
struct Deciding {
  std::string_view action, pattern, scope, proof, expires;
};

/// False: an escape stands in one of them, and Fields must read the row.
bool read_views(std::string_view text, Deciding& out) {
  const std::array<std::pair<std::string_view, std::string_view*>, 5> wanted{{{"action", &out.action},
                                                                              {"pattern", &out.pattern},
                                                                              {"scope", &out.scope},
                                                                              {"proof", &out.proof},
                                                                              {"expires", &out.expires}}};
  while (!text.empty()) {
    const auto part = text.substr(0, text.find('\t'));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    const auto sign = part.find('=');
    if (sign == part.npos) return false;
    for (const auto& [name, value] : wanted) {
      if (part.substr(0, sign) != name) continue;
      *value = part.substr(sign + 1);
      if (value->contains('%')) return false;
    }
  }
  return true;
}

std::optional<policy::Exception> make(std::int64_t id, const Deciding& words) {
  const auto action = policy::exception_action(words.action);
  const auto proof = policy::proof_named(words.proof);
  auto pattern = policy::Pattern::parse(words.pattern);
  auto scope = policy::Scope::parse(words.scope);
  const auto expires = time_in(words.expires);
  if (id == 0 || !action || !proof || !pattern || !scope || (!words.expires.empty() && !expires)) return {};
  return policy::Exception{.id = id,
                           .action = *action,
                           .pattern = *std::move(pattern),
                           .scope = *std::move(scope),
                           .proof = *proof,
                           .reason = {},
                           .owner = {},
                           .created = {},
                           .expires = expires};
}

std::optional<policy::Exception> make(std::int64_t id, const Fields& fields) {
  return make(id, Deciding{.action = fields.get("action"),
                           .pattern = fields.get("pattern"),
                           .scope = fields.get("scope"),
                           .proof = fields.get("proof"),
                           .expires = fields.get("expires")});
}

}  // namespace

std::string exception_name(std::int64_t id) {
  const std::string number = std::to_string(id);
  return std::string(digits - std::min(digits, number.size()), '0') + number;
}

std::int64_t exception_id(std::string_view name) {
  return name.size() == digits ? number_in<std::int64_t>(name).value_or(0) : 0;
}

store::Memory memory_of(const ExceptionRow& row) {
  const auto& entry = row.entry;
  Fields fields;
  fields.set("action", to_string(entry.action));
  fields.set("pattern", entry.pattern.text());
  if (!entry.scope.text().empty()) fields.set("scope", entry.scope.text());
  fields.set("proof", to_string(entry.proof));
  if (entry.expires) fields.set("expires", text_of(*entry.expires));
  fields.set("created", text_of(entry.created));
  if (!entry.owner.empty()) fields.set("owner", entry.owner);
  if (!entry.reason.empty()) fields.set("reason", entry.reason);
  if (row.hits > 0) fields.set("hits", std::to_string(row.hits));
  if (row.last_hit) fields.set("last_hit", text_of(*row.last_hit));
  return {.name = exception_name(entry.id), .value = fields.text(), .keep_until = kept_until};
}

std::optional<ExceptionRow> read_exception(const store::Memory& memory) {
  const auto fields = Fields::parse(memory.value);
  if (!fields) return {};
  auto entry = make(exception_id(memory.name), *fields);
  if (!entry) return {};
  entry->owner = fields->get("owner");
  entry->reason = fields->get("reason");
  entry->created = time_in(fields->get("created")).value_or(UnixTime{});
  return ExceptionRow{.entry = *std::move(entry),
                      .hits = number_in<std::uint64_t>(fields->get("hits")).value_or(0),
                      .last_hit = time_in(fields->get("last_hit"))};
}

std::optional<policy::Exception> read_deciding(const store::Memory& memory) {
  Deciding words;
  if (read_views(memory.value, words)) return make(exception_id(memory.name), words);
  const auto fields = Fields::parse(memory.value);
  return fields ? make(exception_id(memory.name), *fields) : std::nullopt;
}

std::string subject_of(const policy::Exception& entry) {
  std::string text =
      std::string(to_string(entry.action)) + " #" + std::to_string(entry.id) + " " + entry.pattern.text();
  if (!entry.scope.text().empty()) text += " for " + entry.scope.text();
  return text;
}

std::string detail_of(const policy::Exception& entry) {
  std::string text = "proof=" + std::string(to_string(entry.proof));
  if (policy::is_unauthenticated(entry.action, entry.proof)) text += " UNAUTHENTICATED";
  if (entry.expires) text += " until=" + utc_text(*entry.expires);
  if (!entry.owner.empty()) text += " owner=" + entry.owner;
  if (!entry.reason.empty()) text += " reason=" + entry.reason;
  return text;
}

}  // namespace cas::registry
