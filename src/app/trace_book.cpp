// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A ring of events with an index.
#include "app/trace_book.hpp"

#include <set>

namespace cas::app {

namespace {

std::size_t size_of(const Event& event) {
  std::size_t octets = sizeof(Event) + event.trace.size() + event.queue_id.size();
  for (const auto& [key, value] : event.fields) octets += sizeof(event.fields.front()) + value.size();
  return octets;
}

}  // namespace

// Where the event says which one comes after it among those of the id.
template <class AnyState>
auto& TraceBook::next(AnyState& state, Serial serial, const std::string& id) {
  auto& kept = state.events[serial - state.first];
  return kept.recorded.event.trace == id ? kept.next_of_trace : kept.next_of_queue_id;
}

void TraceBook::append(State& state, const std::string& id, Serial serial) {
  Chain& chain = state.by_id[id];
  if (chain.oldest == none) {
    chain.oldest = serial;
  } else {
    next(state, chain.newest, id) = serial;
  }
  chain.newest = serial;
}

void TraceBook::forget(State& state, const std::string& id) {
  const auto place = state.by_id.find(id);
  if (place == state.by_id.end()) return;
  // The oldest event is the first of each of its ids.
  place->second.oldest = next(state, place->second.oldest, id);
  if (place->second.oldest == none) state.by_id.erase(place);
}

void TraceBook::drop_oldest(State& state) {
  const auto& oldest = state.events.front();
  const auto& event = oldest.recorded.event;
  if (!event.trace.empty()) forget(state, event.trace);
  if (!event.queue_id.empty() && event.queue_id != event.trace) forget(state, event.queue_id);
  state.octets -= oldest.octets;
  state.events.pop_front();
  ++state.first;
}

void TraceBook::record(TimePoint at, Event event) {
  if (event.trace.empty() && event.queue_id.empty()) return;
  Kept kept{.recorded = {.at = at, .event = std::move(event)}, .octets = 0};
  kept.octets = size_of(kept.recorded.event);
  if (kept.octets > options_.max_octets) return;
  state_.with([&](State& state) {
    const Serial serial = state.first + state.events.size();
    state.octets += kept.octets;
    state.events.push_back(std::move(kept));
    const auto& ids = state.events.back().recorded.event;
    if (!ids.trace.empty()) append(state, ids.trace, serial);
    if (!ids.queue_id.empty() && ids.queue_id != ids.trace) append(state, ids.queue_id, serial);
    while (state.events.size() > options_.max_events || state.octets > options_.max_octets) drop_oldest(state);
  });
}

std::vector<http::RecordedEvent> TraceBook::find(std::string_view id) const {
  return state_.with([&](const State& state) {
    std::set<Serial> serials;
    const auto gather = [&](const std::string& key) {
      const auto place = state.by_id.find(key);
      if (place == state.by_id.end()) return;
      for (auto serial = place->second.oldest; serial != none; serial = next(state, serial, key))
        serials.insert(serial);
    };
    gather(std::string(id));
    std::set<std::string> traces;
    for (const auto serial : serials) traces.insert(state.events[serial - state.first].recorded.event.trace);
    for (const auto& trace : traces) gather(trace);
    while (serials.size() > options_.max_answer) serials.erase(serials.begin());
    std::vector<http::RecordedEvent> result;
    for (const auto serial : serials) result.push_back(state.events[serial - state.first].recorded);
    return result;
  });
}

std::size_t TraceBook::size() const {
  return state_.with([](const State& state) { return state.events.size(); });
}

}  // namespace cas::app
