// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// How often a peer may ask: token buckets, handed the time. Bounded: when full, the fullest buckets (those of peers
// that asked least lately) are forgotten first.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/guarded.hpp"
#include "base/time.hpp"
#include "policy/network.hpp"

namespace cas::policy {

struct BucketOptions {
  double per_minute = 600;
  double burst = 600;
  std::size_t max_keys = 100000;
};

/// Not thread-safe.
class Buckets {
 public:
  explicit Buckets(BucketOptions options) : options_(options) {}
  /// False when the key has used up its share.
  [[nodiscard]] bool take(const std::string& key, TimePoint now);
  /// Whether take() would give it; takes and remembers nothing.
  [[nodiscard]] bool has(const std::string& key, TimePoint now) const;
  /// Takes what was used, as far as it is there.
  void spend(const std::string& key, TimePoint now, std::size_t amount = 1);
  /// As if the key had never taken anything.
  void forget(const std::string& key) { buckets_.erase(key); }
  [[nodiscard]] std::size_t size() const { return buckets_.size(); }

 private:
  struct Bucket {
    double tokens;
    TimePoint at;
  };
  Bucket& bucket_of(const std::string& key, TimePoint now);
  void make_room(TimePoint now);
  [[nodiscard]] double refilled(const Bucket& bucket, TimePoint now) const;

  BucketOptions options_;
  std::unordered_map<std::string, Bucket> buckets_;
};

struct ConfirmLimits {
  std::size_t per_minute = 6000;  // of one network, and verified ones of one domain; 0: any number
  std::vector<Network> exempt;    // may show as many as they like
  bool operator==(const ConfirmLimits&) const = default;
};

/// CAS §8.1, step 4, and CAS §18: how many CONFIRMs a network and a signing domain may show, and how many keys nobody
/// looked up before a network may make us look up. Thread-safe.
class ConfirmBuckets {
 public:
  ConfirmBuckets() : ConfirmBuckets(BucketOptions{}, BucketOptions{}, BucketOptions{.per_minute = 20, .burst = 20}) {
    begin_anew(ConfirmLimits());
  }
  ConfirmBuckets(BucketOptions network, BucketOptions domain, BucketOptions new_keys);

  /// A minute's worth at once, then as it comes back. New limits begin anew for everybody; the same ones change
  /// nothing.
  void set_limits(ConfirmLimits limits);
  [[nodiscard]] bool exempts(std::string_view address) const;
  /// `address`: of the peer, "192.0.2.1" or "2001:db8::1"; networks are /24 and /48.
  [[nodiscard]] bool allow_confirm(std::string_view address, TimePoint now);
  /// Asked when the signature has verified: before that anybody could use up the share of a domain that is not theirs.
  [[nodiscard]] bool allow_domain(const std::string& signing_domain, TimePoint now);
  /// Whether this peer may cause a lookup of a key; a (d, s) seen in the last day costs nothing.
  [[nodiscard]] bool allow_key_lookup(std::string_view address, const std::string& key_name, TimePoint now);
  /// How many names are remembered, in all.
  [[nodiscard]] std::size_t size() const;

 private:
  void begin_anew(ConfirmLimits limits);
  struct State {
    Buckets networks, domains, new_keys;
    ConfirmLimits limits{};
    bool unlimited = false;
    std::unordered_map<std::string, TimePoint> known_keys;
  };
  Guarded<State> state_;
};

/// The octets of an IPv4 /24 or an IPv6 /48; the text itself for anything else.
[[nodiscard]] std::string network_of(std::string_view address);

}  // namespace cas::policy
