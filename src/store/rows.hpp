// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What the store keeps, as plain rows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "base/trace.hpp"
#include "confirm/digest.hpp"
#include "confirm/ledger.hpp"
#include "message/address.hpp"

namespace cas::store {

/// A body's number; never 0, never used twice.
using BodyId = std::int64_t;
using QueueId = std::string;

/// Local: delivered here (Maildir). Remote: relayed by MX.
enum class Route : std::uint8_t { Local = 0, Remote = 1 };

/// Waiting recipients have a next attempt. Failed ones are kept only while the message still has waiting recipients,
/// or when nobody may be told (see queue/bounce.hpp).
enum class RecipientState : std::uint8_t { Waiting = 0, Delivered = 1, Failed = 2 };

struct Message {
  QueueId id;
  TraceId trace;
  TimePoint arrived;
  ReversePath sender;
  std::string user;              // who submitted it; empty for mail from outside
  bool sender_verified = false;  // a delivery status may be sent to `sender`: submitted here, or confirmed by intent
  BodyId body = 0;
  std::uint64_t body_size = 0;
  std::string prefix;  // trace fields, put before the body on delivery; CRLF line ends
  bool eight_bit = false;
  bool smtputf8 = false;
  std::optional<Mailbox> author;  // the single From mailbox: what an intent may speak for
  confirm::Class klass = confirm::Class::Personal;
  std::string list_id;            // with Class::Bulk
  confirm::MessageHashes hashes;  // of the stored body (prefix fields are none of the digest's)
  bool operator==(const Message&) const = default;
};

struct Recipient {
  std::uint32_t index = 0;  // within the message
  Mailbox address;
  Route route = Route::Local;
  bool quarantined = false;  // delivered apart from trusted mail (RFC 9989: p=quarantine)
  RecipientState state = RecipientState::Waiting;
  std::uint32_t attempts = 0;
  TimePoint next_attempt;
  std::string last_reply;  // "451 4.7.0 [CAS:pending retry=1800] ..." ; empty before the first attempt
  bool operator==(const Recipient&) const = default;
};

}  // namespace cas::store
