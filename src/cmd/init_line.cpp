// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas init` and `cas doctor` with their options.
#include "cmd/doctor.hpp"
#include "cmd/init.hpp"
#include "cmd/line.hpp"

namespace cas::cmd {

void add_init_command(CLI::App& app, Line& line) {
  const auto o = std::make_shared<InitOptions>();
  auto* init = app.add_subcommand("init", "Set a domain up: configuration, keys, certificate, the records to publish");
  init->add_option("DOMAIN", o->domain, "what stands after the @")->required();
  init->add_option("--role", o->role,
                   "all-in-one: mailboxes here; gateway: before the server that has them; smarthost: sends only");
  init->add_option("--host", o->host, "the name of this server, as the MX record has it");
  init->add_option("--address", o->addresses, "as others see it, behind NAT; may be repeated")->allow_extra_args(false);
  init->add_option("--deliver", o->deliver,
                   "gateway, smarthost: who has the mailboxes: smtp:HOST:PORT, lmtp:HOST:PORT");
  init->add_option("--trust", o->trusted,
                   "gateway, smarthost: who hands over mail without a password: a network; may be repeated")
      ->allow_extra_args(false);
  init->add_option("--account", o->account, "all-in-one: the first mailbox and user");
  init->add_flag("--password-stdin", o->password_stdin, "read that user's password from standard input, one line");
  auto* certificate =
      init->add_option("--certificate", o->certificate, "PEM chain; a self-signed one is made otherwise");
  init->add_option("--key", o->key, "its key")->needs(certificate);
  init->add_option("--listen", o->mx_listeners, "for mail from outside, 0.0.0.0:25; may be repeated")
      ->allow_extra_args(false);
  init->add_option("--submission", o->submission_listeners, "for mail of our own, 0.0.0.0:587; may be repeated")
      ->allow_extra_args(false);
  init->add_flag("--mta-sts", o->mta_sts, "records and the policy for MTA-STS too, which a web server has to have");
  init->add_option("--resolver", o->resolver, "ask this one, believed without DNSSEC: IP or IP:PORT");
  init->add_option("--run-as", o->run_as, "the user the server becomes; cas when left out");
  init->add_option("--config", o->config, "the configuration file to make; /etc/cas/cas.toml when left out");
  init->add_option("--root", o->root, "make everything below this folder, and have the configuration point there");
  init->add_flag("--yes", o->yes, "take what is usual instead of asking");
  init->add_flag("--dry-run", o->dry_run, "show what would be made, make nothing");
  init->callback([&line, o] { line.action = [o] { return init_site(*o); }; });
}

void add_doctor_command(CLI::App& app, Line& line) {
  const auto o = std::make_shared<DoctorOptions>();
  auto* doctor = app.add_subcommand("doctor", "What is wrong with this machine's set-up, and how to mend it");
  doctor->add_option("--config", o->config, "the configuration file")->capture_default_str();
  doctor->add_option("--outbound", o->outbound, "see whether mail gets out: to an MX of DOMAIN, or to HOST:PORT");
  doctor->add_option("--signed-name", o->signed_name, "a name that DNSSEC signs, to see whether that is validated")
      ->capture_default_str();
  doctor->add_flag("--deep", o->deep, "look through all of the store, however long it takes");
  doctor->add_flag("--all", o->all, "show what is fine too");
  doctor->add_flag("--json", o->json, "JSON instead of lines");
  doctor->callback([&line, o] { line.action = [o] { return run_doctor(*o); }; });
}

}  // namespace cas::cmd
