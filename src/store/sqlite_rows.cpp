// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See sqlite_rows.hpp.
#include "store/sqlite_rows.hpp"

namespace cas::store {
namespace {

std::int64_t stored(TimePoint time) {
  return time.time_since_epoch().count();
}
TimePoint time_at(const Query& row, int column) {
  return TimePoint(milliseconds(row.integer_at(column)));
}

std::unexpected<Error> unreadable(const std::string& row, std::string_view what) {
  std::string reason = "the stored " + row + " cannot be understood: ";
  return permanent("a stored message is damaged", reason.append(what));
}

std::int64_t bits_of(const DsnNotify& notify) {
  return (notify.never ? 1 : 0) | (notify.success ? 2 : 0) | (notify.failure ? 4 : 0) | (notify.delay ? 8 : 0);
}
DsnNotify notify_of(std::int64_t bits) {
  return {.never = (bits & 1) != 0, .success = (bits & 2) != 0, .failure = (bits & 4) != 0, .delay = (bits & 8) != 0};
}

/// Whether the column holds one of 0..last.
bool in_range(const Query& row, int column, std::int64_t last) {
  const auto value = row.integer_at(column);
  return value >= 0 && value <= last;
}

}  // namespace

void bind_message(Query& query, const Message& message) {
  query.text(message.id)
      .text(message.trace)
      .integer(stored(message.arrived))
      .text(message.sender.path())
      .text(message.user)
      .integer(message.sender_verified ? 1 : 0)
      .integer(message.body)
      .integer(static_cast<std::int64_t>(message.body_size))
      .blob(message.prefix)
      .integer(message.eight_bit ? 1 : 0)
      .integer(message.smtputf8 ? 1 : 0);
  if (message.author) {
    query.text(message.author->wire());
  } else {
    query.null();
  }
  query.integer(static_cast<std::int64_t>(message.klass))
      .text(message.list_id)
      .blob(octets_of(message.hashes.header))
      .blob(octets_of(message.hashes.body))
      .text(message.envid)
      .integer(static_cast<std::int64_t>(message.ret))
      .integer(message.require_tls ? 1 : 0);
  if (message.forwarded_as) {
    query.text(message.forwarded_as->path());
  } else {
    query.null();
  }
  query.text(message.client).text(message.client_helo);
}

std::int64_t stored_doubt(const Recipient& recipient) {
  if (recipient.confirm_until) return stored(*recipient.confirm_until);
  return recipient.in_doubt ? 1 : 0;
}

std::int64_t stored_admission(const Recipient& recipient) {
  return recipient.admitted ? stored(*recipient.admitted) : 0;
}

void bind_recipient(Query& query, const QueueId& id, const Recipient& recipient) {
  query.text(id)
      .integer(recipient.index)
      .text(recipient.address.wire())
      .integer(static_cast<std::int64_t>(recipient.route))
      .integer(static_cast<std::int64_t>(recipient.state))
      .integer(recipient.attempts)
      .integer(stored(recipient.next_attempt))
      .text(recipient.last_reply)
      .integer(recipient.quarantined ? 1 : 0)
      .text(recipient.relay)
      .integer(bits_of(recipient.notify))
      .text(recipient.orcpt)
      .integer(stored_doubt(recipient))
      .integer(recipient.warned ? 1 : 0)
      .text(recipient.note)
      .text(recipient.screened)
      .integer(stored_admission(recipient))
      .integer(recipient.flow);
}

Result<Message> read_message(const Query& row, int first) {
  Message message;
  message.id = row.text_at(first);
  const std::string name = "message " + message.id;
  message.trace = row.text_at(first + 1);
  message.arrived = time_at(row, first + 2);
  auto sender = ReversePath::parse(row.text_at(first + 3));
  if (!sender) return unreadable(name, "sender: " + sender.error().private_reason);
  message.sender = *std::move(sender);
  message.user = row.text_at(first + 4);
  message.sender_verified = row.integer_at(first + 5) != 0;
  message.body = row.integer_at(first + 6);
  message.body_size = static_cast<std::uint64_t>(row.integer_at(first + 7));
  message.prefix = row.text_at(first + 8);
  message.eight_bit = row.integer_at(first + 9) != 0;
  message.smtputf8 = row.integer_at(first + 10) != 0;
  if (!row.is_null(first + 11)) {
    auto author = Mailbox::parse(row.text_at(first + 11));
    if (!author) return unreadable(name, "author: " + author.error().private_reason);
    message.author = *std::move(author);
  }
  if (!in_range(row, first + 12, static_cast<std::int64_t>(confirm::Class::Automatic)))
    return unreadable(name, "class");
  message.klass = static_cast<confirm::Class>(row.integer_at(first + 12));
  message.list_id = row.text_at(first + 13);
  if (!octets_into(message.hashes.header, row.text_at(first + 14))) return unreadable(name, "header_hash");
  if (!octets_into(message.hashes.body, row.text_at(first + 15))) return unreadable(name, "body_hash");
  message.envid = row.text_at(first + 16);
  if (!in_range(row, first + 17, static_cast<std::int64_t>(DsnReturn::Headers))) return unreadable(name, "ret");
  message.ret = static_cast<DsnReturn>(row.integer_at(first + 17));
  message.require_tls = row.integer_at(first + 18) != 0;
  if (!row.is_null(first + 19)) {
    auto onward = ReversePath::parse(row.text_at(first + 19));
    if (!onward) return unreadable(name, "forwarded_as: " + onward.error().private_reason);
    message.forwarded_as = *std::move(onward);
  }
  message.client = row.text_at(first + 20);
  message.client_helo = row.text_at(first + 21);
  return message;
}

Result<Recipient> read_recipient(const Query& row) {
  const std::string name = "recipient " + std::to_string(row.integer_at(1)) + " of message " + row.text_at(0);
  auto address = Mailbox::parse(row.text_at(2));
  if (!address) return unreadable(name, "address: " + address.error().private_reason);
  if (!in_range(row, 1, UINT32_MAX)) return unreadable(name, "number");
  if (!in_range(row, 3, static_cast<std::int64_t>(Route::Remote))) return unreadable(name, "route");
  if (!in_range(row, 4, static_cast<std::int64_t>(RecipientState::Held))) return unreadable(name, "state");
  if (!in_range(row, 5, UINT32_MAX)) return unreadable(name, "attempts");
  return Recipient{.index = static_cast<std::uint32_t>(row.integer_at(1)),
                   .address = *std::move(address),
                   .route = static_cast<Route>(row.integer_at(3)),
                   .quarantined = row.integer_at(8) != 0,
                   .state = static_cast<RecipientState>(row.integer_at(4)),
                   .attempts = static_cast<std::uint32_t>(row.integer_at(5)),
                   .next_attempt = time_at(row, 6),
                   .last_reply = row.text_at(7),
                   .relay = row.text_at(9),
                   .notify = notify_of(row.integer_at(10)),
                   .orcpt = row.text_at(11),
                   .in_doubt = row.integer_at(12) != 0,
                   .confirm_until = row.integer_at(12) > 1 ? std::optional(time_at(row, 12)) : std::nullopt,
                   .warned = row.integer_at(13) != 0,
                   .note = row.text_at(14),
                   .screened = row.text_at(15),
                   .admitted = row.integer_at(16) > 0 ? std::optional(time_at(row, 16)) : std::nullopt,
                   .flow = row.integer_at(17)};
}

}  // namespace cas::store
