// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Once a day: surveys all own domains, remembers what it found, and writes to the postmaster what changed.
#pragma once

#include <array>
#include <filesystem>
#include <functional>
#include <memory>

#include "base/guarded.hpp"
#include "base/random.hpp"
#include "net/workers.hpp"
#include "outbound/survey.hpp"
#include "queue/queue.hpp"
#include "setup/watch.hpp"

namespace cas::outbound {

struct DnsWatchServices {
  queue::Queue& queue;
  net::Resolver& resolver;
  net::Workers& workers;
  const Clock& clock;
  Random& random;
  EventSink& events;
  net::Executor executor;
};

struct DnsWatchOptions {
  std::filesystem::path file;  // what was found last, over a restart
  std::string host;
  std::optional<Mailbox> report_to;                 // none: the log alone
  std::function<std::vector<setup::Site>()> sites;  // blocking: reads keys and the certificate
  std::function<store::Route(const Domain&)> route_for;
  SurveyOptions survey;
  std::chrono::seconds every{24 * 3600};
  std::chrono::seconds first_after{600};  // the start; not before the rest of the world is up
};

/// memory(), counts() and check_now() from any thread.
class DnsWatch {
 public:
  /// Reads the file; a damaged one is as none.
  DnsWatch(DnsWatchServices services, DnsWatchOptions options, net::TlsContext tls);
  ~DnsWatch();
  DnsWatch(const DnsWatch&) = delete;
  DnsWatch& operator=(const DnsWatch&) = delete;

  void start();
  /// Ends what is under way, and waits. The executor's thread still runs.
  void stop();
  /// Soon, whatever the time is.
  void check_now() { bell_.ring(); }
  [[nodiscard]] setup::WatchMemory memory() const;
  [[nodiscard]] bool busy() const;

 private:
  struct State {
    setup::WatchMemory memory;
    bool busy = false;
  };
  net::Task<void> run();
  net::Task<void> end();
  net::Task<void> check_all();
  net::Task<bool> tell_changes(std::vector<setup::Changes> changes);
  net::Task<void> keep(setup::WatchMemory memory);
  void tell(Level level, std::string_view name, std::vector<std::pair<std::string_view, std::string>> fields) const;

  DnsWatchServices services_;
  DnsWatchOptions options_;
  net::TlsContext tls_;
  net::Bell bell_;
  Guarded<State> state_;
  std::unique_ptr<net::TaskGroup> group_;
};

}  // namespace cas::outbound
