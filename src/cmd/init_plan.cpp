// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The answers: from the options, from the machine, from whoever sits before it.
#include <sysexits.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "app/privileges.hpp"
#include "base/encoding.hpp"
#include "cmd/doctor.hpp"
#include "cmd/forwarder.hpp"
#include "cmd/init.hpp"
#include "cmd/machine.hpp"
#include "cmd/password_input.hpp"
#include "crypto/password.hpp"
#include "net/interfaces.hpp"
#include "net/system.hpp"
#include "net/tls.hpp"
#include "outbound/next_hop.hpp"
#include "registry/sasl.hpp"
#include "setup/machine.hpp"

namespace cas::cmd {

namespace {

using setup::Role;

void say(const std::string& text) {
  std::fputs((text + "\n").c_str(), stderr);
}

std::string in_quotes(const std::string& text) {
  return "\"" + printable(text, 200) + "\"";
}

std::unexpected<Exit> wrong(const std::string& option, const std::string& value, const std::string& mend) {
  return leave(EX_USAGE, option + ": " + in_quotes(value) + " " + mend);
}

// ---- Questions ----

/// One line from the terminal; none when interrupted or at its end.
std::optional<std::string> read_answer() {
  std::string line;
  while (true) {
    char c = 0;
    if (!Interruptible::wait_for_input(STDIN_FILENO)) return std::nullopt;
    if (::read(STDIN_FILENO, &c, 1) <= 0) return std::nullopt;
    if (c == '\n') return std::string(trim_wsp(line));
    if (line.size() < 1000 && c != '\r') line += c;
  }
}

/// What is still to be known, and how it is asked.
struct Asker {
  const InitOptions& options;
  bool terminal = stdin_is_terminal();
  std::vector<std::string> missing{};  // options that would have answered

  /// The option's value, the default with --yes, or what is typed. `fault`: what is wrong with an answer, or "".
  Or<std::string> ask(const std::string& option, const std::string& given, const std::string& question,
                      const std::string& usual, const std::function<std::string(const std::string&)>& fault) {
    if (!given.empty()) {
      if (const auto why = fault(given); !why.empty()) return wrong(option, given, why);
      return given;
    }
    if (options.yes && !usual.empty()) return usual;
    if (options.yes || !terminal) {
      missing.push_back(option);
      return usual;
    }
    for (int tries = 0; tries < 5; ++tries) {
      std::fprintf(stderr, "%s%s: ", question.c_str(), usual.empty() ? "" : (" [" + usual + "]").c_str());
      auto answer = read_answer();
      if (!answer) return leave(exit_interrupted, "\ninterrupted; nothing was made");
      if (answer->empty()) answer = usual;
      const auto why = fault(*answer);
      if (why.empty()) return *answer;
      say("  " + in_quotes(*answer) + " " + why);
    }
    return leave(EX_USAGE, option + " says it without a question");
  }

  /// Refuses where something is still missing.
  Or<void> complete() const {
    if (missing.empty()) return {};
    std::string names;
    for (const auto& name : missing) names += (names.empty() ? "" : ", ") + name;
    if (options.yes) return leave(EX_USAGE, "there is no usual answer for: " + names);
    return leave(EX_USAGE, "standard input is no terminal: give " + names + ", or --yes to take what is usual");
  }
};

std::string fault_of_host(const std::string& text) {
  if (setup::is_public_name(text)) return {};
  return "is no name that others can look up; write one like mx.north.example";
}

std::string fault_of_address(const std::string& text) {
  return IpAddress::parse(text) ? std::string() : "is no address; write 192.0.2.1 or 2001:db8::1";
}

std::string fault_of_deliver(const std::string& text) {
  if (outbound::NextHop::parse_backend(text)) return {};
  return "names no server; write smtp:10.0.0.5:25, lmtp:127.0.0.1:24 or lmtp:unix:/run/dovecot/lmtp";
}

std::string fault_of_account(const std::string& text) {
  const bool plain = !text.empty() && text.size() <= 64 &&
                     std::ranges::all_of(text, [](char c) { return is_alnum(c) || c == '.' || c == '-' || c == '_'; });
  return plain && Mailbox::parse(text + "@a.example") ? std::string()
                                                      : "is no name for a mailbox; write what stands before the @: joe";
}

std::string fault_of_trusted(const std::string& text) {
  const auto network = IpNetwork::parse(text);
  if (!network) return "is no network; write 10.0.0.5 or 10.0.0.0/24";
  const bool too_wide = network->bits < (network->address.is_v4() ? 8U : 16U);
  return too_wide ? "would let strangers relay; name networks of your own" : "";
}

std::string fault_of_role(const std::string& text) {
  return setup::parse_role(text) ? std::string() : "is not known; use all-in-one, gateway or smarthost";
}

// ---- The machine ----

const setup::PortFacts* held(const std::vector<setup::PortFacts>& ports) {
  const auto found =
      std::ranges::find_if(ports, [](const auto& port) { return port.holder != setup::PortFacts::Holder::Nobody; });
  return found == ports.end() ? nullptr : &*found;
}

std::string holder_text(const setup::PortFacts& port) {
  if (port.program.empty()) return "a program of another user";
  return port.program + " (process " + std::to_string(port.pid) + ")";
}

/// Says who has the ports of mail; whether somebody has 25.
bool tell_ports() {
  bool smtp_taken = false;
  for (const auto port : {std::uint16_t{25}, std::uint16_t{465}, std::uint16_t{587}}) {
    const auto facts = holders_of({{.address = "0.0.0.0", .port = port}}, 0);
    const auto* holder = held(facts);
    if (holder == nullptr) continue;
    smtp_taken = smtp_taken || port == 25;
    say("Port " + std::to_string(port) + " is held by " + holder_text(*holder) + ".");
  }
  return smtp_taken;
}

void tell_addresses(const std::vector<IpAddress>& all) {
  std::string global, others;
  for (const auto& address : all) {
    auto& list = setup::is_global(address) ? global : others;
    list += (list.empty() ? "" : ", ") + address.text();
  }
  if (!global.empty()) say("Addresses: " + global + ".");
  if (global.empty())
    say("No address of this machine is reachable from elsewhere (it has " + (others.empty() ? "none" : others) +
        "): NAT, or no network.");
}

void tell_resolver(const InitOptions& options) {
  net::ResolverOptions dns;
  if (!options.resolver.empty()) {
    dns.forwarders = {forwarder_of(options.resolver)};
    dns.trust_anchor_file = "none";
  }
  dns.timeout = std::chrono::seconds(3);
  const auto facts = look_at_resolver(dns, "org");
  if (!facts.answered) {
    say("DNS: " + facts.who + " did not answer within 3 seconds; `cas doctor` says more.");
  } else if (facts.validates && facts.secure) {
    say("DNS: CAS asks " + facts.who + " and validates DNSSEC itself.");
  } else {
    say("DNS: " + facts.who + " answers, without DNSSEC: mail is sent without DANE.");
  }
}

std::string usual_host(const Domain& domain) {
  const std::string own = own_host_name();
  return setup::is_public_name(own) ? Domain::parse(own)->text() : "mx." + domain.text();
}

std::string usual_account() {
  const std::string name = to_lower(who());
  return name == "root" || !fault_of_account(name).empty() ? "postmaster" : name;
}

// ---- The account ----

std::string made_up_password() {
  // No letter that looks like another; 100 bits.
  constexpr std::string_view letters = "abcdefghijkmnpqrstuvwxyz23456789";
  static_assert(letters.size() == 32);
  std::array<std::uint8_t, 20> dice{};
  net::SystemRandom().fill(dice);
  std::string password;
  for (std::size_t n = 0; n < dice.size(); ++n) {
    if (n > 0 && n % 5 == 0) password += '-';
    password += letters[dice[n] % letters.size()];
  }
  return password;
}

Or<setup::Account> account_of(const InitOptions& options, const std::string& name, std::string& shown) {
  constexpr std::size_t longest = 255;
  std::string password = made_up_password();
  if (options.password_stdin) {
    auto given = read_password(longest);
    if (!given) return std::unexpected(given.error());
    password = *std::move(given);
  } else {
    shown = password;
  }
  const auto prepared = registry::prepare_password(password);
  if (!prepared || prepared->empty() || !is_utf8(password)) {
    return leave(EX_DATAERR, "the password is no UTF-8, or holds characters that no password may (RFC 4013)");
  }
  auto hash = crypto::hash_password(*prepared);
  if (!hash) return leave(EX_OSERR, hash.error().private_reason);
  return setup::Account{.name = name, .password_hash = *std::move(hash)};
}

// ---- Putting it together ----

Or<void> put_listeners(const InitOptions& options, setup::Plan& plan) {
  auto usual = setup::usual_listeners(plan.role, has_ipv6(), plan.trusted);
  plan.mx_listeners = options.mx_listeners.empty() ? std::move(usual.mx) : options.mx_listeners;
  plan.submission_listeners =
      options.submission_listeners.empty() ? std::move(usual.submission) : options.submission_listeners;
  if (plan.role == Role::Smarthost && !options.mx_listeners.empty()) {
    return leave(EX_USAGE, "--listen: a smarthost takes no mail from outside; use --role gateway");
  }
  for (const auto* list : {&plan.mx_listeners, &plan.submission_listeners}) {
    for (const auto& address : *list) {
      if (!net::Endpoint::parse(address)) return wrong("--listen", address, "is no address with a port: 0.0.0.0:25");
    }
  }
  return {};
}

Or<void> put_certificate(const InitOptions& options, setup::Plan& plan) {
  if (options.certificate.empty() != options.key.empty()) {
    return leave(EX_USAGE, "--certificate and --key go together");
  }
  plan.self_signed = options.certificate.empty();
  if (plan.self_signed) {
    const std::string stem = plan.layout.config_dir + "/tls/" + plan.host.text();
    plan.certificate = stem + ".crt";
    plan.key = stem + ".key";
    return {};
  }
  plan.certificate = std::filesystem::absolute(options.certificate).lexically_normal();
  plan.key = std::filesystem::absolute(options.key).lexically_normal();
  if (const auto context = net::TlsContext::server(plan.certificate, plan.key); !context) {
    return leave(EX_NOINPUT, "--certificate, --key: " + printable(context.error().private_reason));
  }
  return {};
}

Or<void> put_user(const InitOptions& options, setup::Plan& plan) {
  if (::geteuid() != 0) {
    if (!options.run_as.empty() && options.run_as != who()) {
      return leave(EX_USAGE, "--run-as: only root can become another user");
    }
    return {};
  }
  plan.run_as = options.run_as.empty() ? "cas" : options.run_as;
  if (app::find_user(plan.run_as)) return {};
  return leave(EX_CONFIG, "there is no user " + in_quotes(plan.run_as) +
                              " for the server to become: adduser --system --group cas, or name another with --run-as");
}

Or<void> put_networks(const InitOptions& options, setup::Plan& plan) {
  for (const auto& text : options.trusted) {
    if (const auto why = fault_of_trusted(text); !why.empty()) return wrong("--trust", text, why);
    plan.trusted.push_back(*IpNetwork::parse(text));
  }
  if (plan.trusted.empty()) plan.trusted = setup::usual_trusted(plan.deliver);
  return {};
}

Or<void> put_account(const InitOptions& options, const std::string& account, Planned& planned) {
  if (account.empty()) return {};
  auto made = account_of(options, account, planned.password);
  if (!made) return std::unexpected(made.error());
  planned.plan.account = *std::move(made);
  return {};
}

std::string new_sts_id() {
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(net::SystemClock().now()));
  std::array<char, 16> id{};
  std::snprintf(id.data(), id.size(), "%04d%02u%02uT1", static_cast<int>(day.year()),
                static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
  return id.data();
}

Or<std::string> ask_account(const InitOptions& options, Asker& asker) {
  auto name = asker.ask("--account", options.account, "The first account, which reads postmaster's mail",
                        usual_account(), fault_of_account);
  if (name) *name = to_lower(*name);
  return name;
}

Or<std::string> ask_deliver(const InitOptions& options, Asker& asker, const std::string& usual) {
  return asker.ask("--deliver", options.deliver, "The server that has the mailboxes (smtp:HOST:PORT, lmtp:...)", usual,
                   fault_of_deliver);
}

Or<void> ask_by_role(const InitOptions& options, bool smtp_taken, setup::Plan& plan, Asker& asker,
                     std::string& account) {
  if (plan.role == Role::AllInOne) {
    auto name = ask_account(options, asker);
    if (!name) return std::unexpected(name.error());
    account = *std::move(name);
    return {};
  }
  const std::string here = plan.role == Role::Smarthost && smtp_taken ? "smtp:127.0.0.1:25" : "";
  auto deliver = ask_deliver(options, asker, here);
  if (!deliver) return std::unexpected(deliver.error());
  plan.deliver = *std::move(deliver);
  if (auto put = put_networks(options, plan); !put) return put;
  if (plan.role != Role::Smarthost || !plan.trusted.empty()) return {};
  auto trusted = asker.ask("--trust", "", "From which network it hands over what it sends", "", fault_of_trusted);
  if (!trusted) return std::unexpected(trusted.error());
  if (!trusted->empty()) plan.trusted.push_back(*IpNetwork::parse(*trusted));
  return {};
}

Or<void> ask_address(const InitOptions& options, Asker& asker, setup::Plan& plan) {
  auto found = addresses_for(options);
  if (!found) return std::unexpected(found.error());
  plan.addresses = *std::move(found);
  if (!plan.addresses.empty()) return {};
  auto address = asker.ask("--address", "", "The address by which others reach it", "", fault_of_address);
  if (!address) return std::unexpected(address.error());
  if (const auto parsed = IpAddress::parse(*address)) plan.addresses.push_back(*parsed);
  return {};
}

}  // namespace

Or<std::vector<IpAddress>> addresses_for(const InitOptions& options) {
  std::vector<IpAddress> addresses;
  for (const auto& text : options.addresses) {
    if (const auto why = fault_of_address(text); !why.empty()) return wrong("--address", text, why);
    addresses.push_back(*IpAddress::parse(text));
    if (!setup::is_global(addresses.back())) {
      say("Note: " + addresses.back().text() + " cannot be reached from elsewhere; records will name it all the same.");
    }
  }
  if (!addresses.empty()) return addresses;
  for (const auto& address : outer_addresses()) {
    if (setup::is_global(address)) addresses.push_back(address);
  }
  return addresses;
}

Or<Planned> make_plan(const InitOptions& options, const Domain& domain, const setup::Layout& layout) {
  Asker asker{.options = options};
  const bool smtp_taken = tell_ports();
  if (options.addresses.empty()) tell_addresses(outer_addresses());
  const bool asked_for = !options.yes && !asker.terminal;
  if (!asked_for) tell_resolver(options);

  auto role = asker.ask("--role", options.role, "What is this server? all-in-one, gateway or smarthost",
                        smtp_taken ? "smarthost" : "all-in-one", fault_of_role);
  if (!role) return std::unexpected(role.error());
  auto host = asker.ask("--host", options.host, "Its name, as the MX record has it", usual_host(domain), fault_of_host);
  if (!host) return std::unexpected(host.error());

  Planned planned{.plan = {.role = *setup::parse_role(*role),
                           .domain = domain,
                           .host = *Domain::parse(*host),
                           .addresses = {},
                           .layout = layout},
                  .password = {}};
  auto& plan = planned.plan;
  std::string account;
  if (auto asked = ask_address(options, asker, plan); !asked) return std::unexpected(asked.error());
  if (auto asked = ask_by_role(options, smtp_taken, plan, asker, account); !asked) {
    return std::unexpected(asked.error());
  }
  if (auto complete = asker.complete(); !complete) return std::unexpected(complete.error());
  std::ranges::sort(plan.addresses);
  plan.names_addresses = plan.addresses != net::public_addresses();
  if (auto put = put_user(options, plan); !put) return std::unexpected(put.error());
  if (auto put = put_listeners(options, plan); !put) return std::unexpected(put.error());
  if (auto put = put_certificate(options, plan); !put) return std::unexpected(put.error());
  if (!options.resolver.empty()) plan.forwarder = forwarder_of(options.resolver);
  if (!plan.forwarder.empty() && !app::is_forwarder(plan.forwarder)) {
    return wrong("--resolver", options.resolver, "is no address; write 192.0.2.53 or 127.0.0.1:5353");
  }
  if (options.mta_sts) plan.sts_id = new_sts_id();
  if (auto put = put_account(options, account, planned); !put) return std::unexpected(put.error());
  return planned;
}

Or<Planned> plan_beside(const InitOptions& options, const setup::Plan& first, const Domain& domain) {
  Asker asker{.options = options};
  Planned planned{.plan = first, .password = {}};
  auto& plan = planned.plan;
  plan.domain = domain;
  plan.beside = true;
  if (!options.role.empty()) {
    if (const auto why = fault_of_role(options.role); !why.empty()) return wrong("--role", options.role, why);
    plan.role = *setup::parse_role(options.role);
  }
  std::string account;
  if (plan.role == Role::AllInOne) {
    plan.deliver.clear();
    auto name = ask_account(options, asker);
    if (!name) return std::unexpected(name.error());
    account = *std::move(name);
  } else {
    auto deliver = ask_deliver(options, asker, first.deliver);
    if (!deliver) return std::unexpected(deliver.error());
    plan.deliver = *std::move(deliver);
  }
  if (auto complete = asker.complete(); !complete) return std::unexpected(complete.error());
  if (options.mta_sts) plan.sts_id = new_sts_id();
  if (auto put = put_account(options, account, planned); !put) return std::unexpected(put.error());
  return planned;
}

}  // namespace cas::cmd
