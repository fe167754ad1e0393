// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What is asked of the store: one flow at a time, those that run out first in turns.
#include "queue/schedule_parts.hpp"

namespace cas::queue {

void Schedule::found(store::FlowId id) {
  auto& flow = flows_[id];
  if (!flow) flow = std::make_unique<Flow>(id);
  if (loading_ == flow.get()) dirty_ = true;
  if (flow->sender != nullptr) {
    mark_more(*flow);
  } else if (loading_ != flow.get()) {
    unknown_.join(*flow, flow->unknown);
  }
}

void Schedule::mark_more(Flow& flow) {
  flow.more = true;
  make_hungry(flow);
}

/// When it has few groups left here, more there, and may have them.
void Schedule::make_hungry(Flow& flow) {
  if (!flow.more || flow.sender == nullptr || loading_ == &flow || is_suspended(flow)) return;
  if (flow.waiting() > options_.per_load / 4) return;
  flow.sender->hungry_flows.join(flow, flow.hungry);
  make_hungry(*flow.sender);
}

void Schedule::make_hungry(Sender& sender) {
  if (sender.hungry_flows.empty() || sender.waiting >= options_.per_sender) return;
  Destination& destination = sender.destination;
  destination.hungry_senders.join(sender, sender.hungry);
  make_hungry(destination);
}

void Schedule::make_hungry(Destination& destination) {
  if (!destination.hungry_senders.empty() && may_load(destination)) hungry_.join(destination, destination.hungry);
}

/// One that failed last is tried by one attempt alone: it needs no more than one group.
bool Schedule::may_load(const Destination& destination) {
  return !destination.rests_until && !(destination.pace.failed() && !destination.ring.empty());
}

std::optional<Schedule::Load> Schedule::load_of(Flow& flow) {
  loading_ = &flow;
  dirty_ = false;
  flow.more = false;
  ended_.clear();
  changed_.clear();
  // Of an unknown one it is enough to learn where it goes: most of a large queue waits for destinations that rest.
  const std::size_t wanted = flow.sender == nullptr ? options_.first_load : options_.per_load;
  return Load{.flow = flow.id, .limit = wanted + flow.rows};
}

std::optional<Schedule::Load> Schedule::begin_load(TimePoint now) {
  if (loading_ != nullptr || waiting_ >= options_.capacity) return std::nullopt;
  for (const auto route : {store::Route::Local, store::Route::Remote}) wake_rested(route, now);
  if (!unknown_.empty()) {
    Flow& flow = unknown_.front();
    unknown_.leave(flow.unknown);
    return load_of(flow);
  }
  while (!hungry_.empty()) {
    Destination& destination = hungry_.front();
    if (!may_load(destination)) {
      hungry_.leave(destination.hungry);
      continue;
    }
    Sender& sender = destination.hungry_senders.front();
    Flow& flow = sender.hungry_flows.front();
    const bool room = sender.waiting < options_.per_sender;
    if (room) sender.hungry_flows.leave(flow.hungry);
    destination.hungry_senders.turn();
    if (sender.hungry_flows.empty() || sender.waiting >= options_.per_sender) {
      destination.hungry_senders.leave(sender.hungry);
    }
    hungry_.turn();
    if (destination.hungry_senders.empty()) hungry_.leave(destination.hungry);
    if (room && flow.more && !is_suspended(flow)) return load_of(flow);
  }
  return std::nullopt;
}

void Schedule::loaded(std::vector<Work> works, bool full) {
  if (loading_ == nullptr) return;
  Flow& flow = *loading_;
  loading_ = nullptr;
  bool more = full || dirty_;
  const bool first_look = full && flow.sender == nullptr;
  if (flow.sender == nullptr && !works.empty()) {
    attach(flow, *works.front().message, works.front().recipients.front());
  }
  if (first_look) works.clear();  // the next load has all recipients of a message, not the first ones alone
  std::size_t passed_over = 0;
  for (Work& work : works) {
    GroupKey key = group_of(work.message->id, work.recipients.front());
    if (const auto changing = changing_.find(key.id); changing != changing_.end()) {
      changing->second.passed_over.insert(flow.id);
      ++passed_over;
    } else if (ended_.contains(key) || changed_.contains(key.id)) {
      more = true;  // these rows are older than what became of them
    } else if (const auto at = groups_.find(key); at != groups_.end()) {
      merge(at->second, std::move(work));
    } else if (has_room(flow, options_.capacity)) {
      insert(flow, std::move(key), std::move(work), false);
    } else {
      more = true;
    }
  }
  if (full && !first_look && passed_over == works.size()) more = dirty_;  // the end of a change finds the flow again
  ended_.clear();
  changed_.clear();
  flow.more = more;
  if (more && flow.sender == nullptr) unknown_.join(flow, flow.unknown);
  detach(flow);
  make_hungry(flow);
  tidy(flow);
}

void Schedule::load_failed() {
  if (loading_ == nullptr) return;
  Flow& flow = *loading_;
  loading_ = nullptr;
  ended_.clear();
  flow.more = true;
  if (flow.sender == nullptr) unknown_.join(flow, flow.unknown);
  detach(flow);
  make_hungry(flow);
}

}  // namespace cas::queue
