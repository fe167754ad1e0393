// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See suppression.hpp. A row's value is "SINCE LAST COUNT REPLY", times in seconds.
#include "queue/suppression.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/encoding.hpp"
#include "confirm/reason.hpp"
#include "store/values.hpp"

namespace cas::queue {
namespace {

constexpr std::string_view kind = "suppressed";
constexpr std::size_t max_reply = 300;

/// The number that opens `text`, and the blank behind it; none where there is none.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc{} || end == text.data() + text.size() || *end != ' ') return {};
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return number;
}

std::optional<Suppression> read(const store::Memory& memory) {
  std::string_view rest = memory.value;
  const auto since = take_number(rest);
  const auto last = take_number(rest);
  const auto count = take_number(rest);
  if (!since || !last || !count || *count < 0) return {};
  return Suppression{.address = memory.name,
                     .since = UnixTime(seconds(*since)),
                     .last = UnixTime(seconds(*last)),
                     .until = memory.keep_until,
                     .count = static_cast<std::uint32_t>(std::min<std::int64_t>(*count, 1'000'000)),
                     .reply = std::string(rest)};
}

store::Memory memory_of(const Suppression& row) {
  const auto number = [](UnixTime time) { return std::to_string(time.time_since_epoch().count()) + ' '; };
  return {.name = row.address,
          .value = number(row.since) + number(row.last) + std::to_string(row.count) + ' ' + row.reply,
          .keep_until = row.until};
}

/// Noted by a clock that was set back since: nobody may be refused for years.
bool is_to_come(const Suppression& row, UnixTime now) {
  return row.last - now > std::chrono::hours(24);
}

/// What is there and not over.
Result<std::optional<Suppression>> recall(store::Reader& reader, const std::string& name, UnixTime now) {
  CAS_TRY(const auto memory, reader.recall(kind, name));
  if (!memory || memory->keep_until < now) return std::optional<Suppression>();
  auto row = read(*memory);
  if (row && is_to_come(*row, now)) row.reset();
  return row;
}

/// Whether the row is new.
Result<bool> enter(store::Tx& tx, const Mailbox& address, const std::string& reply, std::uint32_t bounces, UnixTime now,
                   const SuppressionOptions& options) {
  const std::string name = suppression_name(address);
  CAS_TRY(auto row, recall(tx, name, now));
  const bool fresh = !row;
  if (fresh) row = Suppression{.address = name, .since = now, .last = now, .until = now, .count = 0, .reply = {}};
  row->last = now;
  row->until = now + options.keep;
  row->count += bounces;
  if (fresh || !reply.empty()) row->reply = printable(reply, max_reply);
  CAS_CHECK(tx.remember(kind, memory_of(*row)));
  return fresh;
}

}  // namespace

bool mailbox_is_gone(const smtp::Reply& reply) {
  constexpr std::array gone{smtp::EnhancedCode{5, 1, 1}, smtp::EnhancedCode{5, 1, 6}, smtp::EnhancedCode{5, 2, 1}};
  const auto word = confirm::word_in(reply);
  return reply.code >= 550 && reply.code <= 553 && std::ranges::find(gone, reply.enhanced) != gone.end() &&
         (!word || *word == "unknown");
}

std::string suppression_name(const Mailbox& address) {
  return to_lower(address.wire());
}

Result<void> suppress(store::Tx& tx, const Mailbox& address, const std::string& reply, UnixTime now,
                      const SuppressionOptions& options) {
  CAS_TRY(const bool fresh, enter(tx, address, reply, 1, now, options));
  static_cast<void>(fresh);
  return {};
}

void Suppressions::find(const Mailbox& address, Callback<Result<std::optional<Suppression>>> done) {
  using Found = std::optional<Suppression>;
  auto ask = [name = suppression_name(address), now = to_unix(clock_.now())](store::Reader& reader) {
    return recall(reader, name, now);
  };
  store::read_value<Found>(store_, std::move(ask), std::move(done));
}

void Suppressions::list(std::string after, std::size_t limit, Callback<Result<std::vector<Suppression>>> done) {
  using Rows = std::vector<Suppression>;
  auto ask = [after = std::move(after), limit, now = to_unix(clock_.now())](store::Reader& reader) -> Result<Rows> {
    Rows rows;
    for (std::string from = after; rows.size() < limit;) {
      const std::size_t wanted = limit - rows.size();
      CAS_TRY(const auto memories, reader.memories(kind, from, wanted));
      for (const auto& memory : memories) {
        auto row = read(memory);
        if (row && row->until >= now && !is_to_come(*row, now)) rows.push_back(*std::move(row));
      }
      if (memories.size() < wanted) break;
      from = memories.back().name;
    }
    return rows;
  };
  store::read_value<Rows>(store_, std::move(ask), std::move(done));
}

void Suppressions::add(std::vector<Mailbox> addresses, std::string reason, Callback<Result<std::size_t>> done) {
  auto work = [addresses = std::move(addresses), reason = std::move(reason), now = to_unix(clock_.now()),
               options = options_](store::Tx& tx) -> Result<std::size_t> {
    std::size_t fresh = 0;
    for (const auto& address : addresses) {
      CAS_TRY(const bool entered, enter(tx, address, reason, 0, now, options));
      if (entered) ++fresh;
    }
    return fresh;
  };
  store::write_value<std::size_t>(store_, std::move(work), std::move(done));
}

void Suppressions::remove(const Mailbox& address, Callback<Result<bool>> done) {
  auto work = [name = suppression_name(address), now = to_unix(clock_.now())](store::Tx& tx) -> Result<bool> {
    CAS_TRY(const auto row, recall(tx, name, now));
    CAS_CHECK(tx.forget(kind, name));
    return row.has_value();
  };
  store::write_value<bool>(store_, std::move(work), std::move(done));
}

}  // namespace cas::queue
