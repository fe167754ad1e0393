// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What people see of the queue. Everything is read in pages: the queue may be far larger than memory.
#include "base/encoding.hpp"
#include "queue/queue_impl.hpp"
#include "store/values.hpp"

namespace cas::queue {
namespace {

constexpr std::size_t messages_at_once = 500;
constexpr std::size_t rows_at_once = 5000;  // a page ends with the message that brings it there
constexpr std::size_t most_destinations = 10'000;
constexpr std::size_t most_reasons = 1000;
constexpr std::size_t longest_reason = 160;
constexpr std::string_view others = "(others)";

/// Of a message that cannot be understood only its id is known.
bool may_mean(const Filter& filter, const store::QueueId& id) {
  return filter.ids.empty() ? filter.empty() : filter.ids.contains(id);
}

/// The place of a name in a map that is bounded.
template <class Map>
typename Map::mapped_type& place_of(Map& map, std::string name, std::size_t most) {
  if (map.size() >= most && !map.contains(name)) name = others;
  return map[std::move(name)];
}

}  // namespace

bool QueueImpl::leased(const store::QueueId& id, const store::Recipient& recipient) const {
  return state_.with([&](const State& state) { return state.schedule.leased(group_of(id, recipient)); });
}

Queue::Entry QueueImpl::entry_of(store::Message message, std::vector<store::Recipient> recipients) const {
  Queue::Entry entry{.message = std::move(message), .recipients = std::move(recipients)};
  for (const auto& row : entry.recipients) {
    entry.standings.push_back(standing_of(row, leased(entry.message.id, row)));
  }
  return entry;
}

void QueueImpl::list(Filter filter, store::QueueId after, std::size_t limit, Callback<Result<Queue::Page>> done) {
  auto ask = [self = shared_from_this(), filter = std::move(filter), after = std::move(after),
              limit](store::Reader& reader) -> Result<Queue::Page> {
    Queue::Page page;
    CAS_TRY(auto found, reader.messages(after, limit));
    page.next = std::move(found.next);
    page.damaged = std::move(found.damaged);
    const store::QueueId last = found.rows.empty() ? store::QueueId() : found.rows.back().id;
    std::size_t rows_so_far = 0;
    for (auto& message : found.rows) {
      if (!fits(filter, message, self->clock_.now())) continue;
      auto rows = reader.recipients(message.id);
      if (!rows) {
        if (rows.error().lasting == Lasting::Transient) return std::unexpected(std::move(rows).error());
        page.damaged.emplace_back(message.id, std::move(rows).error());
        continue;
      }
      rows_so_far += rows->size();
      const store::QueueId id = message.id;
      std::erase_if(*rows, [&](const auto& row) { return !fits(filter, row, self->leased(id, row)); });
      if (!rows->empty()) page.entries.push_back(self->entry_of(std::move(message), *std::move(rows)));
      if (rows_so_far < rows_at_once || id == last) continue;
      page.next = id;
      std::erase_if(page.damaged, [&](const auto& damaged) { return damaged.first > id; });  // with the next page
      break;
    }
    std::erase_if(page.damaged, [&](const auto& damaged) { return !may_mean(filter, damaged.first); });
    return page;
  };
  store::read_value<Queue::Page>(store_, std::move(ask), std::move(done));
}

void QueueImpl::show(store::QueueId id, Callback<Result<std::optional<Queue::Entry>>> done) {
  using Found = std::optional<Queue::Entry>;
  auto ask = [self = shared_from_this(), id = std::move(id)](store::Reader& reader) -> Result<Found> {
    CAS_TRY(auto message, reader.message(id));
    if (!message) return Found();
    CAS_TRY(auto rows, reader.recipients(id));
    return Found(self->entry_of(*std::move(message), std::move(rows)));
  };
  store::read_value<Found>(store_, std::move(ask), std::move(done));
}

// ---- Numbers ----

void QueueImpl::stats(Callback<Result<Stats>> done) {
  stats_page(std::make_shared<Stats>(), {}, std::move(done));
}

void QueueImpl::numbers(Callback<Result<Numbers>> done) {
  auto ask = [self = shared_from_this()](store::Reader& reader) -> Result<Numbers> {
    Numbers numbers;
    CAS_TRY(numbers.tally, reader.tally());
    const TimePoint now = self->clock_.now();
    self->state_.with([&](const State& state) {
      for (const auto& known : state.schedule.destinations(now)) {
        numbers.in_flight += known.in_flight;
        if (known.route == store::Route::Local) continue;
        ++numbers.destinations;
        if (known.rests_until) ++numbers.resting;
      }
      numbers.suspended = state.suspended.size();
      numbers.paused = state.paused.has_value();
    });
    return numbers;
  };
  store::read_value<Numbers>(store_, std::move(ask), std::move(done));
}

void QueueImpl::stats_page(std::shared_ptr<Stats> stats, store::QueueId after, Callback<Result<Stats>> done) {
  auto use = [self = shared_from_this(), stats, done = std::move(done)](Result<Queue::Page> page) mutable {
    if (!page) return done(std::unexpected(std::move(page).error()));
    for (const auto& entry : page->entries) self->count(entry, *stats);
    stats->damaged += page->damaged.size();
    if (!page->next.empty()) return self->stats_page(std::move(stats), std::move(page->next), std::move(done));
    self->add_schedule(*stats);
    done(std::move(*stats));
  };
  list({}, std::move(after), messages_at_once, std::move(use));
}

void QueueImpl::count(const Queue::Entry& entry, Stats& stats) const {
  const auto& message = entry.message;
  ++stats.messages;
  stats.octets += message.prefix.size() + message.body_size;
  stats.oldest = std::min(stats.oldest.value_or(message.arrived), message.arrived);
  for (std::size_t n = 0; n < entry.recipients.size(); ++n) {
    const auto& row = entry.recipients[n];
    const Standing standing = entry.standings[n];
    ++stats.recipients[standing];
    if (standing == Standing::Delivered || standing == Standing::Removed) continue;
    auto& destination = place_of(stats.destinations, store::domain_of(row.address), most_destinations);
    destination.oldest = std::min(destination.oldest.value_or(message.arrived), message.arrived);
    if (standing == Standing::Waiting) ++destination.waiting;
    if (standing == Standing::InFlight) ++destination.in_flight;
    if (standing == Standing::Held) ++destination.held;
    if (standing == Standing::Failed) ++destination.failed;
    const std::string& reason = standing == Standing::Held && !row.note.empty() ? row.note : row.last_reply;
    if (!reason.empty()) ++place_of(stats.reasons, printable(reason, longest_reason), most_reasons);
  }
}

/// What only the schedule knows: how fast a destination is given mail. A smarthost has its own name.
void QueueImpl::add_schedule(Stats& stats) const {
  const TimePoint now = clock_.now();
  state_.with([&](const State& state) {
    for (const auto& known : state.schedule.destinations(now)) {
      if (known.route == store::Route::Local) continue;
      auto& destination = place_of(stats.destinations, known.name, most_destinations);
      destination.window = known.window;
      destination.rests_until = known.rests_until;
      destination.in_flight = std::max(destination.in_flight, known.in_flight);
    }
    for (const auto& [domain, why] : state.suspended) stats.suspended.push_back({.domain = domain, .reason = why});
    stats.paused = state.paused;
  });
}

}  // namespace cas::queue
