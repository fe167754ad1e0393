// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Rows of the tables to and from rows.hpp. A row that cannot be understood is a permanent error that names it.
#pragma once

#include "store/rows.hpp"
#include "store/sqlite_database.hpp"

namespace cas::store {

/// The columns that read_message expects, in order.
#define CAS_MESSAGE_COLUMNS                                                                           \
  "id, trace, arrived, sender, user, sender_verified, body, body_size, prefix, eight_bit, smtputf8, " \
  "author, class, list_id, header_hash, body_hash, envid, ret, require_tls, forwarded_as, client, client_helo"
/// The columns that read_recipient expects, in order.
#define CAS_RECIPIENT_COLUMNS                                                                        \
  "message, number, address, route, state, attempts, next_attempt, last_reply, quarantined, relay, " \
  "notify, orcpt, in_doubt, warned, note, screened, admitted, flow"
inline constexpr int recipient_columns = 18;

/// Binds all columns. `query` must not outlive `message`.
void bind_message(Query& query, const Message& message);
/// in_doubt and confirm_until in one column: 0, 1, or the time.
[[nodiscard]] std::int64_t stored_doubt(const Recipient& recipient);
[[nodiscard]] std::int64_t stored_admission(const Recipient& recipient);
void bind_recipient(Query& query, const QueueId& id, const Recipient& recipient);

/// `first`: the column where the message's begin.
[[nodiscard]] Result<Message> read_message(const Query& row, int first = 0);
[[nodiscard]] Result<Recipient> read_recipient(const Query& row);

/// Octets of a fixed size, as a view and back.
template <class Array>
[[nodiscard]] std::string_view octets_of(const Array& array) {
  return {reinterpret_cast<const char*>(array.data()), array.size()};
}
template <class Array>
[[nodiscard]] bool octets_into(Array& array, std::string_view octets) {
  if (octets.size() != array.size()) return false;
  std::copy(octets.begin(), octets.end(), reinterpret_cast<char*>(array.data()));
  return true;
}

}  // namespace cas::store
