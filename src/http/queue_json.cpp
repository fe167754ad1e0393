// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The queue to JSON.
#include <algorithm>
#include <boost/json.hpp>

#include "base/encoding.hpp"
#include "http/json.hpp"
#include "http/json_text.hpp"

namespace cas::http {

namespace {

namespace json = boost::json;

json::value time_value(const std::optional<TimePoint>& at) {
  return at ? json::value(timestamp(*at)) : json::value(nullptr);
}

json::object recipient_object(const store::Recipient& recipient, queue::Standing standing) {
  json::object object;
  object["address"] = recipient.address.wire();
  object["route"] = text(to_string(recipient.route));
  object["state"] = text(queue::to_string(standing));
  object["quarantined"] = recipient.quarantined;
  object["attempts"] = recipient.attempts;
  object["next_attempt"] = recipient.state == store::RecipientState::Waiting
                               ? json::value(timestamp(recipient.next_attempt))
                               : json::value(nullptr);
  object["last_reply"] = printable(recipient.last_reply, max_value);
  object["relay"] = printable(recipient.relay, max_value);
  object["note"] = printable(recipient.note, max_value);
  object["in_doubt"] = recipient.in_doubt;
  return object;
}

json::object entry_object(const queue::Queue::Entry& entry) {
  json::array recipients;
  for (std::size_t n = 0; n < entry.recipients.size(); ++n) {
    recipients.push_back(recipient_object(entry.recipients[n], entry.standings[n]));
  }
  const auto& message = entry.message;
  json::object object;
  object["id"] = message.id;
  object["trace"] = message.trace;
  object["arrived"] = timestamp(message.arrived);
  object["sender"] = message.sender.is_null() ? std::string() : message.sender.mailbox()->wire();
  object["user"] = printable(message.user, 255);
  object["size"] = message.prefix.size() + message.body_size;
  object["recipients"] = std::move(recipients);
  return object;
}

}  // namespace

std::string queue_json(const queue::Queue::Page& page) {
  json::array array;
  for (const auto& entry : page.entries) array.push_back(entry_object(entry));
  for (const auto& [id, error] : page.damaged) {
    array.push_back(json::object{{"id", printable(id, 64)}, {"damaged", printable(error.private_reason, max_value)}});
  }
  json::object object;
  object["messages"] = std::move(array);
  object["next"] = page.next.empty() ? json::value(nullptr) : json::value(page.next);
  return json::serialize(object);
}

std::string message_json(const queue::Queue::Entry& entry) {
  const auto& message = entry.message;
  json::object object = entry_object(entry);
  object["sender_verified"] = message.sender_verified;
  object["author"] = message.author ? json::value(message.author->wire()) : json::value(nullptr);
  object["envid"] = printable(message.envid, max_value);
  object["require_tls"] = message.require_tls;
  object["eight_bit"] = message.eight_bit;
  object["smtputf8"] = message.smtputf8;
  object["prefix"] = is_utf8(message.prefix) ? text(message.prefix) : text(printable(message.prefix, max_value));
  return json::serialize(object);
}

std::string steered_json(const queue::Steered& steered) {
  json::array examples;
  for (const auto& [id, sender, recipient] : steered.examples) {
    examples.push_back(json::object{{"id", id}, {"sender", sender}, {"recipient", recipient}});
  }
  json::object object;
  object["matched"] = steered.matched;
  object["changed"] = steered.changed;
  object["in_flight"] = steered.in_flight;
  object["untold"] = steered.untold;
  object["examples"] = std::move(examples);
  object["next"] = steered.next.empty() ? json::value(nullptr) : json::value(steered.next);
  return json::serialize(object);
}

std::string changed_json(bool changed) {
  json::object object;
  object["changed"] = changed;
  return json::serialize(object);
}

namespace {

json::object destination_object(const std::string& name, const queue::Stats::Destination& destination) {
  json::object object;
  object["name"] = name;
  object["waiting"] = destination.waiting;
  object["in_flight"] = destination.in_flight;
  object["held"] = destination.held;
  object["failed"] = destination.failed;
  object["oldest"] = time_value(destination.oldest);
  object["window"] = destination.window ? json::value(*destination.window) : json::value(nullptr);
  object["rests_until"] = time_value(destination.rests_until);
  return object;
}

/// Those with the most first, at most `most` of them.
template <class Map, class Count>
std::vector<const typename Map::value_type*> greatest(const Map& map, std::size_t most, Count count) {
  std::vector<const typename Map::value_type*> all;
  for (const auto& each : map) all.push_back(&each);
  std::ranges::sort(all, [&](const auto* a, const auto* b) {
    return std::pair(count(b->second), std::string_view(a->first)) <
           std::pair(count(a->second), std::string_view(b->first));
  });
  if (all.size() > most) all.resize(most);
  return all;
}

}  // namespace

std::string stats_json(const queue::Stats& stats) {
  constexpr std::size_t most_destinations = 1000;
  constexpr std::size_t most_reasons = 20;
  json::object recipients;
  for (const auto& [standing, count] : stats.recipients) recipients[text(queue::to_string(standing))] = count;
  json::array destinations;
  const auto load = [](const auto& d) { return d.waiting + d.in_flight + d.held + d.failed; };
  for (const auto* each : greatest(stats.destinations, most_destinations, load)) {
    destinations.push_back(destination_object(each->first, each->second));
  }
  json::array reasons;
  for (const auto* each : greatest(stats.reasons, most_reasons, [](std::size_t count) { return count; })) {
    reasons.push_back(json::object{{"reason", each->first}, {"recipients", each->second}});
  }
  json::array suspended;
  for (const auto& [domain, reason] : stats.suspended) {
    suspended.push_back(json::object{{"domain", domain}, {"reason", reason}});
  }
  json::object object;
  object["messages"] = stats.messages;
  object["damaged"] = stats.damaged;
  object["octets"] = stats.octets;
  object["oldest"] = time_value(stats.oldest);
  object["recipients"] = std::move(recipients);
  object["destinations"] = std::move(destinations);
  object["reasons"] = std::move(reasons);
  object["suspended"] = std::move(suspended);
  object["paused"] = stats.paused ? json::value(*stats.paused) : json::value(nullptr);
  return json::serialize(object);
}

}  // namespace cas::http
