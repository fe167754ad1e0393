// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What a reload replaces, as one value: who began with it keeps it to his end.
#pragma once

#include <memory>

#include "app/config.hpp"
#include "app/key_material.hpp"
#include "app/recipients.hpp"
#include "inbound/acceptor.hpp"
#include "inbound/local_delivery.hpp"
#include "milter/transaction.hpp"
#include "outbound/callout.hpp"
#include "outbound/destinations.hpp"
#include "outbound/relay.hpp"

namespace cas::app {

struct Live {
  Config config;
  KeyMaterial keys;
  std::shared_ptr<const inbound::Directory> directory;         // of domains that are served here
  std::shared_ptr<const inbound::Directory> milter_directory;  // and of those whose MTA asks by milter
  RecipientFiles recipient_files;
  std::shared_ptr<const outbound::Callout> callout;
  std::shared_ptr<const recipients::Recipients> recipients;
  std::unique_ptr<const milter::FilterClient> filters;  // null: there are none
  std::unique_ptr<const inbound::Services> services;
  std::unique_ptr<const inbound::Services> milter_services;  // the same with milter_directory
  std::unique_ptr<inbound::LocalDelivery> local;
  std::unique_ptr<outbound::Relay> relay;
  std::unique_ptr<outbound::Relay> backends;  // of domains whose mailboxes are elsewhere
};

/// How the queue paces what leaves (outbound::describe).
struct Paces {
  outbound::Routes routes;  // without passwords
  outbound::DestinationRules rules;
  queue::PaceLimits usual;
};
[[nodiscard]] std::shared_ptr<const Paces> paces_of(const Config& config);
/// The same for what stays: a domain whose mailboxes are elsewhere may have to rest.
[[nodiscard]] queue::PaceLimits local_pace(const Config& config);

/// Whether the mailboxes of this domain are elsewhere.
[[nodiscard]] bool is_backend_domain(const Config& config, const Domain& domain);
/// Without those, or with, whose mailboxes an MTA has that asks by milter.
enum class Domains { ServedHere, All };
[[nodiscard]] std::shared_ptr<const inbound::Directory> directory_of(const Config& config,
                                                                     Domains which = Domains::ServedHere);
[[nodiscard]] std::vector<registry::Account> accounts_of(const Config& config);
[[nodiscard]] milter::ServerOptions milter_options(const Config& config, const ListenConfig& listen);
[[nodiscard]] inbound::AcceptorOptions acceptor_options(const Live& live, const ListenConfig& listen);
/// The keys of the file whose new values only a restart brings into force.
[[nodiscard]] std::vector<std::string> needs_restart(const Config& running, const Config& fresh);
/// How many connections the limit of open files leaves room for, at most as many as are configured.
[[nodiscard]] std::size_t connections_that_fit(const Config& config);

}  // namespace cas::app
