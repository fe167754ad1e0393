// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Token buckets with a bounded memory.
#include "policy/buckets.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <vector>

namespace cas::policy {

namespace {

constexpr std::size_t max_known_keys = 100000;
constexpr std::chrono::hours key_memory{24};

}  // namespace

double Buckets::refilled(const Bucket& bucket, TimePoint now) const {
  const std::chrono::duration<double, std::ratio<60>> minutes = std::max(now - bucket.at, milliseconds{0});
  return std::min(options_.burst, bucket.tokens + minutes.count() * options_.per_minute);
}

Buckets::Bucket& Buckets::bucket_of(const std::string& key, TimePoint now) {
  auto found = buckets_.find(key);
  if (found == buckets_.end()) {
    if (buckets_.size() >= options_.max_keys) make_room(now);
    found = buckets_.emplace(key, Bucket{options_.burst, now}).first;
  }
  Bucket& bucket = found->second;
  bucket.tokens = refilled(bucket, now);
  bucket.at = now;
  return bucket;
}

bool Buckets::take(const std::string& key, TimePoint now) {
  Bucket& bucket = bucket_of(key, now);
  if (bucket.tokens < 1.0) return false;
  bucket.tokens -= 1.0;
  return true;
}

bool Buckets::has(const std::string& key, TimePoint now) const {
  const auto found = buckets_.find(key);
  return found == buckets_.end() ? options_.burst >= 1.0 : refilled(found->second, now) >= 1.0;
}

void Buckets::spend(const std::string& key, TimePoint now, std::size_t amount) {
  Bucket& bucket = bucket_of(key, now);
  bucket.tokens = std::max(bucket.tokens - static_cast<double>(amount), 0.0);
}

// Drops the quarter that has used least of its share: a flooder's empty bucket is the last to go.
void Buckets::make_room(TimePoint now) {
  std::vector<std::pair<double, const std::string*>> by_fullness;
  by_fullness.reserve(buckets_.size());
  for (const auto& [key, bucket] : buckets_) by_fullness.emplace_back(refilled(bucket, now), &key);
  const auto quarter = by_fullness.begin() + static_cast<std::ptrdiff_t>(by_fullness.size() / 4 + 1);
  std::nth_element(by_fullness.begin(), quarter - 1, by_fullness.end(), std::greater<>());
  for (auto it = by_fullness.begin(); it != quarter; ++it) buckets_.erase(buckets_.find(*it->second));
}

ConfirmBuckets::ConfirmBuckets(BucketOptions network, BucketOptions domain, BucketOptions new_keys)
    : state_(State{
          .networks = Buckets(network), .domains = Buckets(domain), .new_keys = Buckets(new_keys), .known_keys = {}}) {}

void ConfirmBuckets::set_limits(ConfirmLimits limits) {
  const bool same = state_.with([&](const State& state) { return state.limits == limits; });
  if (!same) begin_anew(std::move(limits));
}

void ConfirmBuckets::begin_anew(ConfirmLimits limits) {
  state_.with([&](State& state) {
    const auto share = static_cast<double>(limits.per_minute);
    state.networks = state.domains = Buckets(BucketOptions{.per_minute = share, .burst = share});
    state.unlimited = limits.per_minute == 0;
    state.limits = std::move(limits);
  });
}

bool ConfirmBuckets::exempts(std::string_view address) const {
  return state_.with([&](const State& state) {
    if (state.limits.exempt.empty()) return false;
    const auto parsed = IpAddress::parse(address);
    const auto holds = [&](const Network& network) { return network.holds(*parsed); };
    return parsed && std::ranges::any_of(state.limits.exempt, holds);
  });
}

bool ConfirmBuckets::allow_confirm(std::string_view address, TimePoint now) {
  const std::string network = network_of(address);
  return state_.with([&](State& state) { return state.unlimited || state.networks.take(network, now); });
}

bool ConfirmBuckets::allow_domain(const std::string& signing_domain, TimePoint now) {
  return state_.with([&](State& state) { return state.unlimited || state.domains.take(signing_domain, now); });
}

bool ConfirmBuckets::allow_key_lookup(std::string_view address, const std::string& key_name, TimePoint now) {
  const std::string network = network_of(address);
  return state_.with([&](State& state) {
    auto& known = state.known_keys;
    if (const auto found = known.find(key_name); found != known.end() && is_within(found->second, now, key_memory))
      return true;
    if (!state.new_keys.take(network, now)) return false;
    if (known.size() >= max_known_keys) {
      std::erase_if(known, [&](const auto& entry) { return !is_within(entry.second, now, key_memory); });
      if (known.size() >= max_known_keys) known.clear();
    }
    known.insert_or_assign(key_name, now);
    return true;
  });
}

std::size_t ConfirmBuckets::size() const {
  return state_.with([](const State& state) {
    return state.networks.size() + state.domains.size() + state.new_keys.size() + state.known_keys.size();
  });
}

std::string network_of(std::string_view address) {
  const std::string text(address);
  std::array<char, 16> octets{};
  if (inet_pton(AF_INET, text.c_str(), octets.data()) == 1) return std::string(octets.data(), 3);
  if (inet_pton(AF_INET6, text.c_str(), octets.data()) == 1) return std::string(octets.data(), 6);
  return text;
}

}  // namespace cas::policy
