// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Questions to the DNS, answered with their DNSSEC status (libunbound). Caches; one question in flight is asked once.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "dns/record.hpp"
#include "net/completion.hpp"
#include "net/task.hpp"

namespace cas::net {

struct ResolverOptions {
  std::vector<std::string> forwarders;      // "192.0.2.53" or "127.0.0.1@5353"; none: ask the root servers
  std::vector<std::string> local_zones;     // zones answered from local_data alone: "south.example."
  std::vector<std::string> local_data;      // "mx.south.example. 60 IN A 127.0.0.12"
  std::string trust_anchor_file;            // empty: Debian's dns-root-data; "none": no validation
  std::chrono::milliseconds timeout{5000};  // for one question, whatever happens below
  std::size_t max_waiting = 4096;           // askers at once; more are told Failed
};

/// Whether DNSSEC is checked: there is a trust anchor.
[[nodiscard]] bool validates(const ResolverOptions& options);

/// Thread-safe: ask from any executor. Has a thread of its own; never fork a process that holds one. Local data is
/// never `secure`.
class Resolver {
 public:
  /// Permanent error that names the option which libunbound refused.
  [[nodiscard]] static Result<std::unique_ptr<Resolver>> create(const ResolverOptions& options);
  /// Answers what is still open with Failed, and joins its thread.
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// Never fails: what cannot be known is Status::Failed, at the latest after the time-out. A bogus answer (DNSSEC) is
  /// Failed too, and so is one of more than 512 records or 32 KB. A name that cannot stand in the DNS (an empty or too
  /// long label) is NxDomain. An absence lives for five minutes at most, and for no time where the answer names no
  /// zone. `done` is called exactly once, at once on the caller's thread where the answer is remembered, else on the
  /// resolver's: it must not block or throw.
  void ask(dns::Question question, std::move_only_function<void(dns::Answer)> done);
  [[nodiscard]] Task<dns::Answer> ask(dns::Question question);

 private:
  struct State;
  explicit Resolver(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace cas::net
