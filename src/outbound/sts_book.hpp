// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The MTA-STS policies of other domains (RFC 8461): fetched over HTTPS beside deliveries, remembered on the disk.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/guarded.hpp"
#include "base/time.hpp"
#include "base/trace.hpp"
#include "net/resolver.hpp"
#include "net/tls.hpp"
#include "net/workers.hpp"
#include "tlspolicy/demand.hpp"

namespace cas::outbound {

struct StsOptions {
  std::filesystem::path folder;  // a file for each domain
  std::uint16_t port = 443;
  std::chrono::milliseconds fetch_timeout{60000};  // §3.3
  std::chrono::milliseconds wait{10000};           // the longest that a delivery waits for a first fetch
  std::chrono::seconds again_after{300};           // after a fetch that failed (§3.3)
  std::size_t max_domains = 10000;
  std::chrono::milliseconds between_looks{60000};  // for what is to be refreshed
  std::size_t refreshed_at_once = 20;              // of one look: 28,800 a day
};

struct StsServices {
  net::Resolver& resolver;
  net::Workers& workers;
  const Clock& clock;
  EventSink& events;
  net::Executor executor;  // where fetches run
};

/// What is in force for a domain, and why there is none where one was announced (RFC 8460 §4.3.2).
struct StsAnswer {
  std::optional<tlspolicy::StsPolicy> policy;
  std::optional<tlspolicy::TlsFailure> failure;
  bool unknown = false;  // there may be one: the DNS did not say, or it is not to be had (yet)
};

/// find() is thread-safe. A policy in force is never waited for: a newer one is fetched beside.
class StsBook {
 public:
  /// Reads what the folder holds; damaged files are passed over. `tls`: of net::ClientTls.
  StsBook(StsServices services, StsOptions options, net::TlsContext tls);
  ~StsBook();
  StsBook(const StsBook&) = delete;
  StsBook& operator=(const StsBook&) = delete;

  /// From now on policies that were used lately are fetched anew before they end. Once, while the executor runs.
  void start();
  [[nodiscard]] net::Task<StsAnswer> find(Domain domain);
  /// Ends what is being fetched, and waits. The executor's thread still runs; nobody calls find() any more.
  void stop();

 private:
  struct Fetch {
    std::vector<std::shared_ptr<net::Bell>> waiting;
  };
  struct Use {
    UnixTime used;    // since the start, or the start itself
    UnixTime looked;  // when a refresh was last tried
  };
  struct Failed {
    TimePoint at;
    tlspolicy::TlsFailure failure;
    std::string id;
  };
  struct State {
    std::map<std::string, tlspolicy::StsEntry> entries;
    std::map<std::string, Failed> failed;
    std::map<std::string, Fetch> fetching;
    std::map<std::string, Use> uses;  // of entries
  };

  void load();
  net::Task<StsAnswer> look(Domain domain);
  net::Task<void> refresh_now_and_then();
  [[nodiscard]] std::vector<std::string> due();
  [[nodiscard]] StsAnswer current(const std::string& domain) const;
  [[nodiscard]] std::shared_ptr<net::Bell> begin(const std::string& domain, const std::string& id, net::Executor asker);
  net::Task<void> fetch(std::string domain, std::string id);
  net::Task<void> fetch_now(std::string domain, std::string id);
  [[nodiscard]] net::Task<std::expected<tlspolicy::StsPolicy, tlspolicy::TlsFailure>> download(std::string domain);
  net::Task<void> end();
  void ring(const std::string& domain);
  void landed(const std::string& domain);
  [[nodiscard]] bool make_room(State& state, const std::string& domain, std::vector<std::string>& over) const;
  void remove_file(const std::string& domain) const;
  Result<bool> write(const std::string& domain, const tlspolicy::StsEntry& entry) const;
  void tell(Level level, std::string_view name, const std::string& domain, std::string what) const;

  StsServices services_;
  StsOptions options_;
  net::TlsContext tls_;
  Guarded<State> state_;
  mutable std::mutex file_names_;          // what appears in the folder and what goes; taken before that of state_
  std::unique_ptr<net::TaskGroup> group_;  // on services_.executor
};

}  // namespace cas::outbound
