// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Counts the results of sessions, and tells the domains that ask for it each day (RFC 8460).
#pragma once

#include <expected>
#include <filesystem>
#include <functional>
#include <memory>

#include "base/guarded.hpp"
#include "base/random.hpp"
#include "net/resolver.hpp"
#include "net/tls.hpp"
#include "net/workers.hpp"
#include "outbound/tls_report.hpp"
#include "outbound/tls_results.hpp"
#include "queue/queue.hpp"

namespace cas::outbound {

struct TlsReporterServices {
  queue::Queue& queue;
  net::Resolver& resolver;
  net::Workers& workers;
  const Clock& clock;
  Random& random;
  EventSink& events;
  net::Executor executor;
};

struct TlsReporterOptions {
  Mailbox from;
  std::filesystem::path
      file;  // the counters, over a restart; what was counted since the last minute is lost by a crash
  std::function<store::Route(const Domain&)> route_for;
};

/// add() from any thread. Reports of a day go out in the first minutes of the next one, or after the next start.
class TlsReporter : public TlsResults {
 public:
  /// `tls`: of net::ClientTls, for https: reports.
  TlsReporter(TlsReporterServices services, TlsReporterOptions options, net::TlsContext tls);
  ~TlsReporter() override;

  void add(tlspolicy::SessionResult result) override;
  void start();
  /// Writes the counters down. The executor's thread still runs.
  void stop();

 private:
  struct Day {
    std::chrono::sys_days date;
    tlspolicy::DayCounters counters;
    bool changed = false;
  };

  [[nodiscard]] std::chrono::sys_days today() const;
  void load();
  [[nodiscard]] Result<bool> save();
  net::Task<void> run();
  net::Task<void> end();
  net::Task<void> report_all(std::shared_ptr<const Day> day);
  net::Task<void> report_to(const TlsReport& report, std::vector<std::string> uris);
  using Sent = std::expected<void, std::string>;  // or why it was not
  net::Task<Sent> post(std::string uri, std::string zipped);
  net::Task<Sent> mail(const TlsReport& report, std::string uri, const std::string& zipped);
  void tell(Level level, std::string_view name, const std::string& domain, std::string what) const;

  TlsReporterServices services_;
  TlsReporterOptions options_;
  net::TlsContext tls_;
  Guarded<Day> day_;
  std::unique_ptr<net::TaskGroup> group_;
};

}  // namespace cas::outbound
