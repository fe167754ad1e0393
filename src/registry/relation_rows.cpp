// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See relation_rows.hpp.
#include "registry/relation_rows.hpp"

#include <charconv>

#include "base/fields.hpp"

namespace cas::registry {
namespace {

constexpr char separator = '\n';

std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  return fault == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

std::optional<policy::Standing> standing_of(std::string_view word) {
  using policy::Standing;
  for (const auto standing : {Standing::Stranger, Standing::Pending, Standing::Approved, Standing::Blocked}) {
    if (word == policy::to_string(standing)) return standing;
  }
  return {};
}

std::string seconds_text(UnixTime time) {
  return std::to_string(time.time_since_epoch().count());
}

}  // namespace

std::string row_name(std::string_view first, std::string_view second, std::string_view third) {
  std::string name(first);
  name.append(1, separator).append(second);
  if (!third.empty()) name.append(1, separator).append(third);
  return name;
}

std::string_view part_of(std::string_view name, std::size_t n) {
  for (; n > 0; --n) {
    const auto end = name.find(separator);
    if (end == name.npos) return {};
    name.remove_prefix(end + 1);
  }
  return name.substr(0, name.find(separator));
}

bool begins_with(std::string_view name, std::string_view first, std::string_view second) {
  return part_of(name, 0) == first && (second.empty() || part_of(name, 1) == second);
}

store::Memory memory_of(const RelationRow& row) {
  Fields fields;
  fields.set("standing", policy::to_string(row.standing));
  fields.set("since", seconds_text(row.since));
  fields.set("by", row.by);
  fields.set("via", row.via);
  fields.set("author", row.author);
  fields.set("domain", row.domain);
  fields.set("before", policy::to_string(row.before));
  fields.set("messages", std::to_string(row.messages));
  if (row.proven) fields.set("proven", "1");
  const bool waits = row.standing == policy::Standing::Pending;
  return {.name = row_name(row.mailbox, row.key),
          .value = fields.text(),
          .keep_until = waits ? row.since + pending_lasts : store::for_good};
}

std::optional<RelationRow> relation_of(const store::Memory& memory) {
  const auto fields = Fields::parse(memory.value);
  if (!fields) return {};
  const auto standing = standing_of(fields->get("standing"));
  const auto since = number_of(fields->get("since"));
  if (!standing || !since) return {};
  return RelationRow{.mailbox = std::string(part_of(memory.name, 0)),
                     .key = std::string(part_of(memory.name, 1)),
                     .standing = *standing,
                     .since = UnixTime(seconds(*since)),
                     .by = std::string(fields->get("by")),
                     .via = std::string(fields->get("via")),
                     .author = std::string(fields->get("author")),
                     .domain = std::string(fields->get("domain")),
                     .proven = !fields->get("proven").empty(),
                     .before = standing_of(fields->get("before")).value_or(policy::Standing::Stranger),
                     .messages = static_cast<std::size_t>(number_of(fields->get("messages")).value_or(0))};
}

std::string held_name(std::string_view mailbox, std::string_view key, const store::QueueId& id, std::uint32_t index) {
  return row_name(mailbox, key, id + "." + std::to_string(index));
}

store::Memory memory_of(const HeldRow& row) {
  Fields fields;
  fields.set("to", row.recipient.wire());
  fields.set("arrived", seconds_text(row.arrived));
  fields.set("author", row.author);
  fields.set("subject", row.subject);
  fields.set("size", std::to_string(row.size));
  if (row.silent) fields.set("silent", "1");
  if (row.in_queue) fields.set("in_queue", "1");
  return {.name = held_name(row.mailbox, row.key, row.id, row.index),
          .value = fields.text(),
          .keep_until = store::for_good};
}

std::optional<HeldRow> held_of(const store::Memory& memory) {
  const auto fields = Fields::parse(memory.value);
  if (!fields) return {};
  const auto recipient = Mailbox::parse(fields->get("to"));
  const auto arrived = number_of(fields->get("arrived"));
  const std::string_view place = part_of(memory.name, 2);
  const auto dot = place.find('.');
  if (!recipient || !arrived || dot == place.npos) return {};
  const auto index = number_of(place.substr(dot + 1));
  if (!index || *index < 0 || *index > UINT32_MAX) return {};
  return HeldRow{.mailbox = std::string(part_of(memory.name, 0)),
                 .key = std::string(part_of(memory.name, 1)),
                 .id = std::string(place.substr(0, dot)),
                 .index = static_cast<std::uint32_t>(*index),
                 .recipient = *recipient,
                 .arrived = UnixTime(seconds(*arrived)),
                 .author = std::string(fields->get("author")),
                 .subject = std::string(fields->get("subject")),
                 .size = static_cast<std::uint64_t>(number_of(fields->get("size")).value_or(0)),
                 .silent = !fields->get("silent").empty(),
                 .in_queue = !fields->get("in_queue").empty()};
}

}  // namespace cas::registry
