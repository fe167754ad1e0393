// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas report` with its options.
#include <memory>

#include "cmd/line.hpp"
#include "cmd/report.hpp"

namespace cas::cmd {

void add_report_command(CLI::App& app, Line& line) {
  const auto options = std::make_shared<ReportOptions>();
  auto* report =
      app.add_subcommand("report", "What rules decided on mail from outside, and would have where a domain observes");
  add_admin_options(*report, line);
  report->add_option("--domain", options->domain, "only what was for this domain of yours");
  report->add_option("--since", options->since, "so far back: 36h, 7d; at most 60d")->capture_default_str();
  report->callback([&line, options] {
    line.action = [&line, options] {
      options->admin = admin_options(line);
      return show_report(*options);
    };
  });
}

}  // namespace cas::cmd
