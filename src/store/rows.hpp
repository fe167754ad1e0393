// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What the store keeps, as plain rows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "base/trace.hpp"
#include "confirm/digest.hpp"
#include "confirm/ledger.hpp"
#include "message/address.hpp"
#include "message/dsn_request.hpp"

namespace cas::store {

/// A body's number; never 0, never used twice.
using BodyId = std::int64_t;
using QueueId = std::string;

/// Local: delivered here (Maildir). Remote: relayed by MX.
enum class Route : std::uint8_t { Local = 0, Remote = 1 };

/// Waiting recipients have a next attempt. Failed ones are kept only while the message still has waiting recipients,
/// or when nobody may be told (see queue/bounce.hpp). Held ones wait for a person.
enum class RecipientState : std::uint8_t { Waiting = 0, Delivered = 1, Failed = 2, Held = 3 };

/// What takes turns: the waiting recipients of one route and domain whose messages come from one origin. A number that
/// is made of these (flow_of); two flows with one number would only share their turns.
using FlowId = std::int64_t;

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
  std::string envid;              // ENVID, decoded (RFC 3461 §4.4)
  DsnReturn ret = DsnReturn::Unspecified;
  bool require_tls = false;  // REQUIRETLS (RFC 8689)
  /// Mail from outside that an alias sends on: the envelope sender for recipients elsewhere (SRS). It speaks for nobody
  /// here, whatever its author is said to be.
  std::optional<ReversePath> forwarded_as = {};
  /// Whom mail from outside came from, for servers behind that are told (XCLIENT): address and HELO name; else empty.
  std::string client = {}, client_helo = {};
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
  std::string relay = {};  // who said it
  DsnNotify notify = {};
  std::string orcpt = {};  // ORCPT as it came: "rfc822;" and xtext (RFC 3461 §4.2)
  bool in_doubt = false;   // a reply to the end of data was lost: it may have been delivered (CAS §9.5)
  /// In doubt since a transaction with CONFIRM: only to be offered with the same intent, and until then.
  std::optional<TimePoint> confirm_until = {};
  bool warned = false;    // the sender was told of the delay
  std::string note = {};  // Held: why
  /// Under which key of a relationship the Screener keeps it out of the inbox; empty: it does not.
  std::string screened = {};
  /// Its lifetime counts from here where it waited for a person until then; none: from the message's arrival.
  std::optional<TimePoint> admitted = {};
  FlowId flow = 0;  // set by whoever adds the row: flow_of
  bool operator==(const Recipient&) const = default;
};

/// `keep_until` of what is kept until somebody removes it.
inline constexpr UnixTime for_good{seconds(std::int64_t{1} << 40)};

/// What the server keeps in mind for a while, or for good: one value under a kind and a name.
struct Memory {
  std::string name;
  std::string value;
  UnixTime keep_until;
  bool operator==(const Memory&) const = default;
};

/// Who changed what. Rows are only ever added.
struct AuditEntry {
  std::int64_t number = 0;  // given by the store, rising
  TimePoint at;
  std::string by;       // "root", "suzie@south.example"
  std::string action;   // "exception-add"
  std::string subject;  // what was changed: "exempt #17 partner.example"
  std::string detail;   // before and after, or why
  bool operator==(const AuditEntry&) const = default;
};

/// Numbers about all messages.
struct Tally {
  struct Count {
    Route route = Route::Local;
    RecipientState state = RecipientState::Waiting;
    std::size_t recipients = 0;
    auto operator<=>(const Count&) const = default;
  };
  std::vector<Count> counts;  // by route and state; what there is none of is left out
  std::size_t messages = 0;
  std::optional<TimePoint> oldest;  // arrival of the first by id
};

/// The domain that a recipient's mail goes to; an address literal stands in brackets.
[[nodiscard]] std::string domain_of(const Mailbox& address);
/// Whose mail it is where senders take turns: the user who submitted it, otherwise the domain of the envelope sender;
/// empty for the null path.
[[nodiscard]] std::string origin_of(const Message& message);
/// Never 0.
[[nodiscard]] FlowId flow_of(Route route, std::string_view domain, std::string_view origin);

}  // namespace cas::store
