// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What is for this machine alone: the socket of `cas sendmail`, the numbers for Prometheus.
#include "app/config_reader.hpp"
#include "policy/network.hpp"

namespace cas::app {

void read_submission_socket(Section& root, Config& config, Findings& findings) {
  const auto text = root.text("submission_socket");
  if (!text || text->value.empty()) return;
  config.submission_socket = path_of(*text, config, findings);
  if (config.submission_socket == config.admin_socket) {
    root.fail("submission_socket", "is the admin socket too", "name another file, such as /run/cas/submission.sock");
  }
}

void read_metrics(Section section, Config& config) {
  const bool anybody = section.boolean("allow_remote").value_or(false);
  if (const auto text = section.text("listen"); text && !text->value.empty()) {
    if (auto endpoint = net::Endpoint::parse(text->value)) {
      if (!endpoint->is_local() && !anybody) {
        section.fail("listen", "can be reached from other machines, and nobody is asked for a password",
                     "use \"127.0.0.1:9325\", or say allow_remote = true where a firewall stands before it");
      }
      config.metrics.listen = *std::move(endpoint);
    } else {
      section.fail("listen", in_quotes(text->value) + " is no address with a port", "write \"127.0.0.1:9325\"");
    }
  }
  section.finish();
}

}  // namespace cas::app
