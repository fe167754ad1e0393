// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas report`: what rules decided, and in domains that observe what they would have. Exit statuses of sysexits.h.
#pragma once

#include <boost/json.hpp>
#include <string>

#include "cmd/commands.hpp"

namespace cas::cmd {

struct ReportOptions {
  AdminOptions admin;
  std::string domain;
  std::string since = "7d";
};
[[nodiscard]] int show_report(const ReportOptions& options);

/// Rows of the admin API, added up by domain, for people.
[[nodiscard]] std::string report_text(const boost::json::array& rows);

}  // namespace cas::cmd
