// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See doctor.hpp.
#include "cmd/doctor.hpp"

#include <sysexits.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>

#include "app/privileges.hpp"
#include "base/encoding.hpp"
#include "cmd/machine.hpp"
#include "cmd/terminal.hpp"
#include "net/system.hpp"

namespace cas::cmd {

namespace {

using setup::Diagnosis;
using setup::Health;

std::optional<setup::ServiceFacts> service_of(const app::Config& config) {
  if (config.run_as.empty()) {
    return setup::ServiceFacts{.name = "the server", .user = ::geteuid(), .group = ::getegid()};
  }
  const auto identity = app::find_user(config.run_as);
  if (!identity) return std::nullopt;
  return setup::ServiceFacts{.name = config.run_as, .user = identity->user, .group = identity->group};
}

setup::ConfigFacts check(const std::string& file) {
  setup::ConfigFacts facts{.file = file, .errors = {}, .doubts = {}};
  const auto config = app::load_config(file);
  if (!config) {
    for (const auto& error : config.error()) facts.errors.push_back(error.text());
    return facts;
  }
  for (const auto& doubt : app::doubts_of(*config)) facts.doubts.push_back(doubt.text());
  return facts;
}

setup::DoctorFacts look(const DoctorOptions& options) {
  setup::DoctorFacts facts;
  facts.config = check(options.config);
  facts.clock = look_at_clock();
  facts.now = to_unix(net::SystemClock().now());
  const auto config = app::read_config(std::filesystem::path(options.config));
  if (!config) return facts;  // what it points to is not known
  facts.service = service_of(*config);
  facts.files = look_at_files(*config);
  facts.signing = look_at_keys(*config);
  if (!config->tls_certificate.empty()) facts.certificate = look_at_certificate(*config);
  facts.disks = look_at_disks(*config);
  facts.store = look_at_store(*config, options.deep);
  facts.running = look_at_server(*config);
  std::vector<net::Endpoint> places;
  for (const auto& listen : config->listen) {
    if (listen.address.port != 0) places.push_back(listen.address);
  }
  if (config->metrics.listen && config->metrics.listen->port != 0) places.push_back(*config->metrics.listen);
  facts.ports = holders_of(places, facts.running->pid);
  facts.resolver = look_at_resolver(config->dns, options.signed_name);
  facts.outbound = look_outside(*config, options.outbound);
  facts.limits = look_at_limits(*config, facts.running->pid);
  return facts;
}

std::size_t count(const std::vector<Diagnosis>& all, Health health) {
  return static_cast<std::size_t>(std::ranges::count(all, health, &Diagnosis::health));
}

std::string json_text(const std::vector<Diagnosis>& all) {
  boost::json::array findings;
  for (const auto& one : all) {
    findings.push_back(boost::json::object{{"id", one.id},
                                           {"subject", printable(one.subject, 4096)},
                                           {"verdict", setup::to_string(one.health)},
                                           {"found", one.found},
                                           {"mend", one.mend}});
  }
  const boost::json::object object{{"status", setup::exit_status(all)},
                                   {"wrong", count(all, Health::Wrong)},
                                   {"warnings", count(all, Health::Warning)},
                                   {"findings", std::move(findings)}};
  return boost::json::serialize(object) + "\n";
}

std::string text_of_all(const std::vector<Diagnosis>& all, bool show_all) {
  std::string out;
  const auto show = [&](Health health, std::string_view word) {
    for (const auto& one : all) {
      if (one.health != health) continue;
      out +=
          std::string(word) + std::string(9 - word.size(), ' ') + printable(one.subject, 300) + ": " + one.found + "\n";
      if (!one.mend.empty()) out += "         mend: " + one.mend + "\n";
    }
  };
  show(Health::Wrong, "WRONG");
  show(Health::Warning, "warning");
  if (show_all) show(Health::Skipped, "skipped");
  if (show_all) show(Health::Fine, "fine");
  const auto wrong = count(all, Health::Wrong), warnings = count(all, Health::Warning);
  return out + std::to_string(wrong) + " wrong, " + std::to_string(warnings) + " warning" + (warnings == 1 ? "" : "s") +
         ", " + std::to_string(count(all, Health::Fine)) + " fine, " + std::to_string(count(all, Health::Skipped)) +
         " skipped" + (show_all ? "" : " (--all shows them)") + "\n";
}

}  // namespace

int run_doctor(const DoctorOptions& options) {
  if (!options.outbound.empty() && !outbound::NextHop::parse(options.outbound) && !Domain::parse(options.outbound)) {
    return complain(EX_USAGE, "--outbound: \"" + printable(options.outbound) +
                                  "\" is neither; write a domain, north.example, or mail.isp.example:25");
  }
  if (!Domain::parse(options.signed_name)) {
    return complain(EX_USAGE, "--signed-name: \"" + printable(options.signed_name) + "\" is no name; write org");
  }
  const auto all = setup::diagnose(look(options));
  if (!print(options.json ? json_text(all) : text_of_all(all, options.all))) {
    return complain(EX_IOERR, "standard output cannot be written");
  }
  return setup::exit_status(all);
}

}  // namespace cas::cmd
