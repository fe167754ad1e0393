// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What is known, and whose turn it is. What is loaded when stands in schedule_load.cpp.
#include "queue/schedule.hpp"

#include <algorithm>
#include <ranges>

#include "queue/schedule_parts.hpp"

namespace cas::queue {
namespace {

std::size_t index_of(store::Route route) {
  return static_cast<std::size_t>(route);
}

}  // namespace

GroupKey group_of(const store::QueueId& id, const store::Recipient& recipient) {
  return {.id = id, .route = recipient.route, .domain = store::domain_of(recipient.address)};
}

Schedule::Schedule(ScheduleOptions options) : options_(std::move(options)) {}
Schedule::~Schedule() = default;

// ---- Flows ----

Schedule::Flow& Schedule::known(const store::Message& message, const store::Recipient& recipient) {
  auto& flow = flows_[recipient.flow];
  if (!flow) flow = std::make_unique<Flow>(recipient.flow);
  if (flow->sender == nullptr) attach(*flow, message, recipient);
  return *flow;
}

ScheduleOptions::Destination Schedule::destination_of(const std::string& domain, store::Route route) const {
  if (route == store::Route::Local) return {.name = domain, .limits = options_.local};
  if (options_.destination_for) return options_.destination_for(domain);
  return {.name = domain, .limits = {}};
}

void Schedule::attach(Flow& flow, const store::Message& message, const store::Recipient& recipient) {
  if (flow.unknown) flow.more = true;
  unknown_.leave(flow.unknown);
  flow.domain = store::domain_of(recipient.address);
  const auto described = destination_of(flow.domain, recipient.route);
  auto& destination = destinations_[{recipient.route, described.name}];
  if (!destination) destination = std::make_unique<Destination>(described.name, recipient.route, described.limits);
  failed_.leave(destination->remembered);
  const std::string origin = store::origin_of(message);
  auto& sender = destination->senders[origin];
  if (!sender) sender = std::make_unique<Sender>(origin, *destination);
  flow.sender = sender.get();
  ++sender->flows;
}

/// Forgets what nothing is known of.
void Schedule::tidy(Flow& flow) {
  if (flow.waiting() > 0 || flow.leased > 0 || flow.more || flow.unknown || loading_ == &flow) return;
  Sender* const sender = flow.sender;
  if (sender != nullptr) {
    sender->ring.leave(flow.turn);
    sender->hungry_flows.leave(flow.hungry);
  }
  flows_.erase(flow.id);
  if (sender != nullptr) lose_flow(*sender);
}

void Schedule::lose_flow(Sender& sender) {
  if (--sender.flows > 0) return;
  Destination& destination = sender.destination;
  destination.ring.leave(sender.turn);
  destination.hungry_senders.leave(sender.hungry);
  destination.senders.erase(destination.senders.find(sender.origin));
  tidy(destination);
}

void Schedule::reroute() {
  std::vector<Flow*> moved;
  for (const auto& [id, flow] : flows_) {
    if (flow->sender == nullptr) continue;
    Destination& destination = flow->sender->destination;
    const auto described = destination_of(flow->domain, destination.route);
    if (described.name == destination.name) {
      destination.pace.set_limits(described.limits);
      join_ready(destination);
    } else {
      moved.push_back(flow.get());
    }
  }
  for (Flow* flow : moved) {
    flow->rerouted = true;
    detach(*flow);
  }
}

/// Once nothing of it is being tried or read: the next load finds what waits, and where it goes now.
void Schedule::detach(Flow& flow) {
  if (!flow.rerouted || flow.leased > 0 || loading_ == &flow) return;
  drop_known(flow);
  Sender& sender = *flow.sender;
  Destination& destination = sender.destination;
  sender.ring.leave(flow.turn);
  sender.hungry_flows.leave(flow.hungry);
  if (sender.hungry_flows.empty()) destination.hungry_senders.leave(sender.hungry);
  if (destination.hungry_senders.empty()) hungry_.leave(destination.hungry);
  flow.sender = nullptr;
  flow.rerouted = false;
  unknown_.join(flow, flow.unknown);
  lose_flow(sender);
}

void Schedule::tidy(Destination& destination) {
  if (!destination.senders.empty() || destination.pace.in_flight() > 0 || destination.rests_until) return;
  ready_[index_of(destination.route)].leave(destination.turn);
  hungry_.leave(destination.hungry);
  if (!destination.pace.failed()) {
    destinations_.erase({destination.route, destination.name});
    return;
  }
  failed_.join(destination, destination.remembered);
  if (failed_.size() <= most_failed) return;
  Destination& oldest = failed_.front();
  failed_.leave(oldest.remembered);
  destinations_.erase({oldest.route, oldest.name});
}

// ---- Groups ----

bool Schedule::has_room(const Flow& flow, std::size_t capacity) const {
  return waiting_ < capacity && flow.sender->waiting < options_.per_sender && !is_suspended(flow) &&
         !(flow.sender->destination.rests_until && flow.sender->destination.pace.failed());
}

void Schedule::offer(Work work) {
  if (const auto at = changing_.find(work.message->id); at != changing_.end()) {
    at->second.passed_over.insert(work.recipients.front().flow);
    return;
  }
  Flow& flow = known(*work.message, work.recipients.front());
  if (loading_ == &flow) dirty_ = true;
  GroupKey key = group_of(work.message->id, work.recipients.front());
  if (const auto at = groups_.find(key); at != groups_.end()) return merge(at->second, std::move(work));
  if (!has_room(flow, 2 * options_.capacity)) return mark_more(flow);
  insert(flow, std::move(key), std::move(work), true);
}

void Schedule::insert(Flow& flow, GroupKey key, Work work, bool fresh) {
  flow.rows += work.recipients.size();
  Entry entry{.work = std::move(work), .flow = &flow, .leased = false, .rows = {}, .more = false};
  const auto at = groups_.emplace(std::move(key), std::move(entry)).first;
  (fresh ? flow.fresh : flow.loaded).push_back(&at->first);
  ++flow.sender->waiting;
  ++waiting_;
  Sender& sender = *flow.sender;
  sender.ring.join(flow, flow.turn);
  sender.destination.ring.join(sender, sender.turn);
  join_ready(sender.destination);
}

/// Rows that are known, or leased, are passed over. Those that have to wait for the lease's end count as known: the
/// next load reads past them.
void Schedule::merge(Entry& entry, Work work) {
  auto& have = entry.work.recipients;
  for (auto& row : work.recipients) {
    if (entry.leased) {
      if (std::ranges::find(entry.rows, row.index) != entry.rows.end()) continue;
      entry.rows.push_back(row.index);
      ++entry.flow->rows;
      entry.more = true;
      continue;
    }
    const auto at = std::ranges::lower_bound(have, row.index, {}, &store::Recipient::index);
    if (at != have.end() && at->index == row.index) continue;
    have.insert(at, std::move(row));
    ++entry.flow->rows;
  }
}

/// A group that waits, or one whose lease is over.
void Schedule::erase(Groups::iterator at) {
  Flow& flow = *at->second.flow;
  flow.rows -= at->second.leased ? at->second.rows.size() : at->second.work.recipients.size();
  if (!at->second.leased) {
    std::erase(flow.fresh, &at->first);
    std::erase(flow.loaded, &at->first);
    --flow.sender->waiting;
    --waiting_;
    make_hungry(*flow.sender);
  }
  groups_.erase(at);
  Sender& sender = *flow.sender;
  if (flow.waiting() == 0) sender.ring.leave(flow.turn);
  if (sender.ring.empty()) sender.destination.ring.leave(sender.turn);
  make_hungry(sender.destination);
}

void Schedule::drop_known(Flow& flow) {
  while (flow.waiting() > 0) {
    const auto* key = flow.fresh.empty() ? flow.loaded.back() : flow.fresh.back();
    erase(groups_.find(*key));
    flow.more = true;
  }
}

// ---- Turns ----

void Schedule::join_ready(Destination& destination) {
  const bool full = destination.pace.in_flight() >= destination.pace.window();
  if (destination.rests_until || full || destination.ring.empty()) return;
  ready_[index_of(destination.route)].join(destination, destination.turn);
}

void Schedule::rest(Destination& destination, TimePoint until) {
  const auto route = index_of(destination.route);
  ready_[route].leave(destination.turn);
  hungry_.leave(destination.hungry);
  if (destination.rests_until) resting_[route].erase({*destination.rests_until, &destination});
  destination.rests_until = until;
  resting_[route].insert({until, &destination});
}

void Schedule::wake(Destination& destination) {
  if (destination.rests_until) resting_[index_of(destination.route)].erase({*destination.rests_until, &destination});
  destination.rests_until.reset();
  join_ready(destination);
  make_hungry(destination);
  tidy(destination);
}

void Schedule::wake_rested(store::Route route, TimePoint now) {
  auto& resting = resting_[index_of(route)];
  while (!resting.empty() && resting.begin()->first <= now) wake(*resting.begin()->second);
}

std::optional<Work> Schedule::take(store::Route route, TimePoint now) {
  wake_rested(route, now);
  auto& ready = ready_[index_of(route)];
  for (auto turns = ready.size(); turns > 0 && !ready.empty(); --turns) {
    Destination& destination = ready.front();
    if (destination.pace.failed() && probes_ >= options_.most_probes) {
      ready.turn();
      continue;
    }
    if (const auto opens = destination.pace.opens_at(now)) {
      rest(destination, *opens);
      continue;
    }
    const auto at = next_group(destination);
    ready.leave(destination.turn);
    if (!at) continue;
    Entry& entry = (*at)->second;
    entry.leased = true;
    for (const auto& row : entry.work.recipients) entry.rows.push_back(row.index);
    ++entry.flow->leased;
    destination.probe = destination.pace.failed();
    if (destination.probe) ++probes_;
    destination.pace.begun(now);
    join_ready(destination);
    Work work = std::move(entry.work);
    make_hungry(*entry.flow);
    return work;
  }
  return std::nullopt;
}

/// Taken out of all turns; senders and flows step back behind the others.
std::optional<Schedule::Groups::iterator> Schedule::next_group(Destination& destination) {
  if (destination.ring.empty()) return std::nullopt;
  Sender& sender = destination.ring.front();
  destination.ring.turn();
  Flow& flow = sender.ring.front();
  sender.ring.turn();
  flow.loaded_turn = !flow.loaded_turn;
  const bool from_loaded = flow.fresh.empty() || (flow.loaded_turn && !flow.loaded.empty());
  auto& line = from_loaded ? flow.loaded : flow.fresh;
  const auto at = groups_.find(*line.front());
  line.erase(line.begin());
  --sender.waiting;
  --waiting_;
  make_hungry(sender);
  if (flow.waiting() == 0) sender.ring.leave(flow.turn);
  if (sender.ring.empty()) destination.ring.leave(sender.turn);
  return at;
}

bool Schedule::released(const GroupKey& group, Feedback feedback, TimePoint now, std::uint64_t lot) {
  const auto at = groups_.find(group);
  if (at == groups_.end() || !at->second.leased) return false;
  Destination& destination = at->second.flow->sender->destination;
  if (destination.probe) --probes_;
  destination.probe = false;
  const bool rested = destination.pace.resting(now);
  destination.pace.ended(feedback, now, lot);
  const bool rests = destination.pace.resting(now);
  if (rests) {
    rest(destination, *destination.pace.opens_at(now));
    while (!destination.ring.empty()) {
      Flow& flow = destination.ring.front().ring.front();
      drop_known(flow);
      make_hungry(flow);
    }
  }
  join_ready(destination);
  make_hungry(destination);
  return rests && !rested;
}

void Schedule::end(const GroupKey& group) {
  const auto at = groups_.find(group);
  if (at == groups_.end() || !at->second.leased) return;
  Flow& flow = *at->second.flow;
  if (loading_ != nullptr) ended_.insert(group);
  flow.more = flow.more || at->second.more;
  erase(at);
  --flow.leased;
  detach(flow);
  make_hungry(flow);
  tidy(flow);
}

std::optional<TimePoint> Schedule::next(store::Route route, TimePoint now) const {
  const auto& resting = resting_[index_of(route)];
  std::optional<TimePoint> next;
  if (!resting.empty()) next = resting.begin()->first;
  for (const Destination* destination : ready_[index_of(route)]) {
    if (destination->pace.failed() && probes_ >= options_.most_probes) continue;
    const TimePoint opens = destination->pace.opens_at(now).value_or(now);
    next = std::min(next.value_or(opens), opens);
    if (opens <= now) break;
  }
  return next;
}

// ---- Steering ----

bool Schedule::is_suspended(const Flow& flow) const {
  return suspended_.contains(flow.domain);
}

void Schedule::forget(const store::QueueId& id) {
  auto at = groups_.lower_bound({.id = id, .route = {}, .domain = {}});
  while (at != groups_.end() && at->first.id == id) {
    const auto here = at++;
    if (loading_ != nullptr) ended_.insert(here->first);
    if (here->second.leased) continue;
    Flow& flow = *here->second.flow;
    erase(here);
    flow.more = true;
    make_hungry(flow);
  }
}

bool Schedule::leased(const GroupKey& group) const {
  const auto at = groups_.find(group);
  return at != groups_.end() && at->second.leased;
}

void Schedule::begin_change(const store::QueueId& id) {
  ++changing_[id].times;
  forget(id);
}

void Schedule::end_change(const store::QueueId& id) {
  const auto at = changing_.find(id);
  if (at == changing_.end() || --at->second.times > 0) return;
  const auto flows = std::move(at->second.passed_over);
  changing_.erase(at);
  if (loading_ != nullptr) changed_.insert(id);
  for (const store::FlowId flow : flows) found(flow);
}

void Schedule::suspend(const std::string& domain) {
  if (!suspended_.insert(domain).second) return;
  for (auto& [id, flow] : flows_) {
    if (flow->domain == domain) drop_known(*flow);
  }
}

void Schedule::resume(const std::string& domain) {
  if (suspended_.erase(domain) == 0) return;
  for (auto& [id, flow] : flows_) {
    if (flow->domain == domain) make_hungry(*flow);
  }
}

void Schedule::wake(const std::string& domain) {
  const std::string hop = options_.destination_for ? options_.destination_for(domain).name : domain;
  for (const auto& key : {std::pair(store::Route::Local, domain), std::pair(store::Route::Remote, hop)}) {
    const auto at = destinations_.find(key);
    if (at == destinations_.end()) continue;
    at->second->pace.wake();
    wake(*at->second);
  }
}

void Schedule::wake_all() {
  for (const auto& [key, destination] : destinations_) destination->pace.wake();
  for (auto& resting : resting_) {
    while (!resting.empty()) wake(*resting.begin()->second);
  }
}

// ---- Seeing ----

std::vector<Schedule::DestinationState> Schedule::destinations(TimePoint now) const {
  std::vector<DestinationState> states;
  for (const auto& [key, destination] : destinations_) {
    DestinationState state{.name = destination->name,
                           .route = destination->route,
                           .known = 0,
                           .in_flight = destination->pace.in_flight(),
                           .window = destination->pace.window(),
                           .rests_until = destination->pace.opens_at(now)};
    for (const auto& [origin, sender] : destination->senders) state.known += sender->waiting;
    states.push_back(std::move(state));
  }
  return states;
}

}  // namespace cas::queue
