// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Relationships and what waits for them, as the store keeps them: kinds of store::Memory whose names begin with the
// mailbox, so that all of one mailbox lies together.
//
//   relation   MAILBOX LF KEY             who was approved or blocked
//   pending    MAILBOX LF KEY             who waits for that
//   held       MAILBOX LF KEY LF ID.N     a message that waits, by queue id and recipient
//   release    MAILBOX LF KEY             what waits is to be let go: the keeper has work (inbound/screener_keeper.hpp)
//   expect     MAILBOX LF DOMAIN, or "*"  an open window
//   wrote      MAILBOX LF DOMAIN          the mailbox sent something there not long ago
//   screening  MAILBOX                    what it chose for itself
//   untold     MAILBOX                    somebody waits whom no digest named: since when
//   digest     MAILBOX                    the last one: when
//   remind     DAY LF MAILBOX             who began to wait on a certain day is told of once more from this one on
//   strangers  DOMAIN LF DOMAIN LF DAY    how many new ones: receiving domain, sending one
//   strangers  MAILBOX LF "silent" LF DAY how much mail that nobody wrote was held
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "policy/relationship.hpp"
#include "store/store.hpp"

namespace cas::registry {

namespace kind {
inline constexpr std::string_view relation = "relation";
inline constexpr std::string_view pending = "pending";
inline constexpr std::string_view held = "held";
inline constexpr std::string_view release = "release";
inline constexpr std::string_view expect = "expect";
inline constexpr std::string_view wrote = "wrote";
inline constexpr std::string_view screening = "screening";
inline constexpr std::string_view untold = "untold";
inline constexpr std::string_view digest = "digest";
inline constexpr std::string_view remind = "remind";
inline constexpr std::string_view strangers = "strangers";
}  // namespace kind

/// Who nobody decides on is a stranger again after a while (CAS §11); what waits goes on waiting. A day before that the
/// owner is told once more.
inline constexpr std::chrono::days pending_lasts{14};
inline constexpr std::chrono::days remind_after{13};

/// Parts of a name; none of them holds a control character.
[[nodiscard]] std::string row_name(std::string_view first, std::string_view second, std::string_view third = {});
/// The n-th part; empty where there is none.
[[nodiscard]] std::string_view part_of(std::string_view name, std::size_t n);
/// Behind every name that begins with these parts: where a listing of them ends.
[[nodiscard]] bool begins_with(std::string_view name, std::string_view first, std::string_view second = {});

/// One mailbox and one sender.
struct RelationRow {
  std::string mailbox, key;
  policy::Standing standing = policy::Standing::Pending;
  UnixTime since;
  std::string by;      // who decided: "suzie@b.example", "root"
  std::string via;     // how: "screener", "sent", "seed"; "mail" for those that wait
  std::string author;  // as the mail shows it, the domain first where people read
  std::string domain;  // that bounds count by
  bool proven = false;
  policy::Standing before = policy::Standing::Stranger;  // for undo
  std::size_t messages = 0;                              // that came while it waits
};
/// The owner is told of it for the last time from the beginning of that day on (UTC).
[[nodiscard]] inline bool is_about_to_lapse(const RelationRow& row, UnixTime now) {
  using std::chrono::floor, std::chrono::days;
  return floor<days>(row.since + remind_after) <= floor<days>(now);
}
/// Nobody decided on it: the row is there until the store gets round to it, and says nothing.
[[nodiscard]] inline bool has_lapsed(const RelationRow& row, UnixTime now) {
  return row.standing == policy::Standing::Pending && row.since + pending_lasts <= now;
}
[[nodiscard]] store::Memory memory_of(const RelationRow& row);
/// None for what cannot be understood.
[[nodiscard]] std::optional<RelationRow> relation_of(const store::Memory& memory);

/// A message that waits.
struct HeldRow {
  std::string mailbox, key;
  store::QueueId id;
  std::uint32_t index = 0;
  Mailbox recipient;
  UnixTime arrived;
  std::string author, subject;  // for people; the subject as it stands in the header
  std::uint64_t size = 0;
  bool silent = false;    // nobody is told of it
  bool in_queue = false;  // it waits there; otherwise in the Screener folder of the mailbox, once it is delivered
};
[[nodiscard]] std::string held_name(std::string_view mailbox, std::string_view key, const store::QueueId& id,
                                    std::uint32_t index);
[[nodiscard]] store::Memory memory_of(const HeldRow& row);
[[nodiscard]] std::optional<HeldRow> held_of(const store::Memory& memory);

}  // namespace cas::registry
