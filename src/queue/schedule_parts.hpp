// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What a schedule is made of: destinations have senders, senders have flows, flows have groups.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "queue/schedule.hpp"

namespace cas::queue {

struct Schedule::Flow {
  explicit Flow(store::FlowId flow_id) : id(flow_id) {}
  [[nodiscard]] std::size_t waiting() const { return fresh.size() + loaded.size(); }

  store::FlowId id;
  std::string domain;
  Sender* sender = nullptr;  // none: found, and nothing loaded yet
  // Lines are short (per_sender), and flows without groups many: a deque would take half a KB for nothing.
  std::vector<const GroupKey*> fresh;   // keys in groups_
  std::vector<const GroupKey*> loaded;  // keys in groups_
  bool loaded_turn = true;              // the next is a fresh one
  std::size_t leased = 0;
  std::size_t rows = 0;   // recipients of its groups, leased ones too
  bool more = false;      // the store has due rows that are not known here
  bool rerouted = false;  // its domain's mail goes to another destination now
  Ring<Flow>::Place turn;
  Ring<Flow>::Place hungry;
  Ring<Flow>::Place unknown;
};

struct Schedule::Sender {
  Sender(std::string sender_origin, Destination& its_destination)
      : origin(std::move(sender_origin)), destination(its_destination) {}

  std::string origin;
  Destination& destination;
  std::size_t flows = 0;
  std::size_t waiting = 0;  // groups in them
  Ring<Flow> ring;          // that have groups
  Ring<Flow> hungry_flows;
  Ring<Sender>::Place turn;
  Ring<Sender>::Place hungry;
};

struct Schedule::Destination {
  Destination(std::string its_name, store::Route its_route, PaceLimits limits)
      : name(std::move(its_name)), route(its_route), pace(limits) {}

  std::string name;
  store::Route route;
  Pace pace;
  bool probe = false;  // the attempt that runs is one
  std::optional<TimePoint> rests_until;
  std::map<std::string, std::unique_ptr<Sender>> senders;  // by origin
  Ring<Sender> ring;                                       // that have flows with groups
  Ring<Sender> hungry_senders;
  Ring<Destination>::Place turn;
  Ring<Destination>::Place hungry;
  Ring<Destination>::Place remembered;
};

}  // namespace cas::queue
