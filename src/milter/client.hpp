// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Asks the site's own milters about a message, as an MTA does: one connection a message and filter, the whole dialog at
// the end of the data.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/trace.hpp"
#include "inbound/filters.hpp"
#include "message/address.hpp"
#include "net/stream.hpp"

namespace cas::milter {

struct FilterOptions {
  net::Endpoint address;
  std::filesystem::path socket;      // in place of the address
  bool accept_on_failure = false;    // otherwise the client is told to come again
  bool submissions = false;          // what users send is shown too
  std::chrono::seconds timeout{60};  // for all of it
  bool operator==(const FilterOptions&) const = default;
  [[nodiscard]] std::string text() const { return socket.empty() ? address.text() : "unix:" + socket.string(); }
};

class FilterClient final : public inbound::Filters {
 public:
  /// `events` outlives this.
  FilterClient(Domain host, std::vector<FilterOptions> filters, std::size_t max_body, EventSink& events);
  [[nodiscard]] bool look_at(policy::Origin origin) const override;
  [[nodiscard]] net::Task<inbound::FilterFindings> run(inbound::FilterRequest& message,
                                                       policy::Origin origin) const override;

 private:
  void tell(const FilterOptions& filter, const inbound::FilterRequest& message, std::string result,
            std::string reason) const;

  Domain host_;
  std::vector<FilterOptions> filters_;
  std::size_t max_body_;
  EventSink& events_;
};

}  // namespace cas::milter
