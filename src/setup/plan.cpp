// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See plan.hpp.
#include "setup/plan.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/shell_text.hpp"

namespace cas::setup {

namespace {

constexpr std::array<std::pair<Role, std::string_view>, 3> roles{
    {{Role::AllInOne, "all-in-one"}, {Role::Gateway, "gateway"}, {Role::Smarthost, "smarthost"}}};

bool is_here(const IpNetwork& network) {
  return is_loopback(network.address) && network.bits >= (network.address.is_v4() ? 8U : 128U);
}

/// A basic string of TOML.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string list_of(const std::vector<std::string>& words) {
  std::string out = "[";
  for (const auto& word : words) out += (out.size() == 1 ? "" : ", ") + quoted(word);
  return out + "]";
}

/// "name = value", and why behind it.
std::string line(std::string_view name, const std::string& value, std::string_view why = {}) {
  std::string out = std::string(name) + " = " + value;
  if (!why.empty()) out += std::string(out.size() < 42 ? 42 - out.size() : 2, ' ') + "# " + std::string(why);
  return out + "\n";
}

std::string_view what_it_is(Role role) {
  switch (role) {
    case Role::AllInOne: return "takes its mail, keeps its mailboxes and sends for its users";
    case Role::Gateway: return "stands before the server that has its mailboxes";
    case Role::Smarthost: return "sends for its mail server, which goes on to take the domain's mail itself";
  }
  std::unreachable();
}

std::string top(const Plan& plan) {
  std::string out =
      "# CAS for " + plan.domain.text() + ": it " + std::string(what_it_is(plan.role)) +
      ".\n# Made by `cas init`; yours from now on. Only what this site needs is here: every other key has "
      "a default.\n# After a change: cas config check && kill -HUP the server (systemctl reload cas).\n\n";
  out += line("host", quoted(plan.host.text()), "our name, as the MX record, the PTR and the certificate have it");
  out += line("state_dir", quoted(plan.layout.state_dir), "the queue and the signing keys: back it up");
  out += line("admin_socket", quoted(plan.layout.runtime_dir + "/admin.sock"), "`cas queue` and others ask there");
  if (!plan.run_as.empty())
    out += line("run_as", quoted(plan.run_as), "who the server becomes once its ports are open");
  return out;
}

std::string tls(const Plan& plan) {
  std::string out = "\n[tls]  # for STARTTLS, passwords and CAS\n";
  if (plan.self_signed) {
    out +=
        "# Made by `cas init`, signed by nobody. Servers take it; mail programs and MTA-STS want one of a known "
        "authority.\n";
  }
  out += line("certificate", quoted(plan.certificate));
  return out + line("key", quoted(plan.key));
}

std::string listener(const std::string& address, std::string_view role, std::string_view tls) {
  return "\n[[listen]]\n" + line("address", quoted(address)) + line("role", quoted(role)) + line("tls", quoted(tls));
}

bool is_implicit(std::string_view address) {
  return address.ends_with(":465");
}

std::string listeners(const Plan& plan) {
  std::string out;
  if (!plan.mx_listeners.empty()) out += "\n# Mail from outside, to our domains alone.";
  for (const auto& address : plan.mx_listeners) out += listener(address, "mx", "starttls");
  const bool relays = plan.role != Role::AllInOne;
  if (!plan.submission_listeners.empty()) {
    out += relays ? "\n# What our own mail server sends: it comes from a network named here and needs no password."
                  : "\n# What our users send; they log in.";
  }
  std::vector<std::string> networks;
  for (const auto& network : plan.trusted) networks.push_back(network.text());
  for (const auto& address : plan.submission_listeners) {
    const bool inside = relays && std::ranges::all_of(plan.trusted, is_here);
    out += listener(address, "submission", is_implicit(address) ? "implicit" : inside ? "off" : "starttls");
    if (relays) out += line("trusted_networks", list_of(networks));
  }
  return out;
}

std::string domain_table(const Plan& plan) {
  std::string out = "\n[[domain]]\n" + line("name", quoted(plan.domain.text()));
  if (plan.role == Role::Smarthost) {
    out += line("mode", quoted("off"), "its mail comes in elsewhere; what it sends is confirmed all the same");
  } else {
    out += line("mode", quoted("optional"), "unconfirmed mail is taken too; \"required\" once your partners confirm");
    out += line("authentication", quoted("observe"), "say what SPF, DKIM and DMARC find; \"act\" refuses what fails");
  }
  if (plan.role != Role::AllInOne) {
    out += line("deliver", quoted(plan.deliver), "the server that has the mailboxes");
    return out + line("recipients", quoted("callout"), "it is asked which of them there are");
  }
  out += line("maildir", quoted(plan.layout.state_dir + "/mail/" + plan.domain.text()), "a Maildir for each mailbox");
  const std::string name = plan.account ? plan.account->name : "postmaster";
  out += line("mailboxes", list_of({name}), "all that there are; add yours");
  if (name != "postmaster") out += line("postmaster", quoted(name), "who reads what is sent to postmaster");
  return out;
}

std::string user(const Plan& plan) {
  if (!plan.account) return {};
  const std::string address = plan.account->name + "@" + plan.domain.text();
  return "\n# The first account. Others: cas user add NAME. Another password for this one: cas password prints the "
         "string.\n[[user]]\n" +
         line("name", quoted(address)) + line("password", quoted(plan.account->password_hash)) +
         line("send_as", list_of({address}), "the sender and From must be among these");
}

std::string dns(const Plan& plan) {
  std::string out;
  if (!plan.forwarder.empty()) {
    out += line("forwarders", list_of({plan.forwarder}), "the only resolver that is asked") +
           line("trust_anchor_file", quoted("none"),
                "believed without DNSSEC, so no DANE: remove this where it validates");
  }
  if (plan.names_addresses) {
    std::vector<std::string> addresses;
    for (const auto& address : plan.addresses) addresses.push_back(address.text());
    out += line("addresses", list_of(addresses), "as others see this server: its records name them");
  }
  if (plan.role != Role::Smarthost) {
    out += line("report_to", quoted("postmaster@" + plan.domain.text()), "who is told when our records change");
  }
  return out.empty() ? out : "\n[dns]\n" + out;
}

std::vector<std::string> addresses_of(std::span<const std::string> hosts, bool with_v6, std::string_view port) {
  std::vector<std::string> out;
  for (const auto& host : hosts) {
    if (host.starts_with('[') && !with_v6) continue;
    out.push_back(host + ":" + std::string(port));
  }
  return out;
}

/// The address in "smtp:10.0.0.5:25" and "lmtp:[::1]:24"; none for a name.
std::optional<IpAddress> address_in(std::string_view deliver) {
  const auto first = deliver.find(':');
  const auto last = deliver.rfind(':');
  if (first == std::string_view::npos || last == first) return std::nullopt;
  std::string_view host = deliver.substr(first + 1, last - first - 1);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return IpAddress::parse(host);
}

}  // namespace

std::string_view to_string(Role role) {
  return std::ranges::find(roles, role, &std::pair<Role, std::string_view>::first)->second;
}

std::optional<Role> parse_role(std::string_view text) {
  const auto* const found = std::ranges::find(roles, text, &std::pair<Role, std::string_view>::second);
  return found == roles.end() ? std::nullopt : std::optional(found->first);
}

Layout layout_below(std::string_view root) {
  Layout layout;
  while (root.ends_with('/')) root.remove_suffix(1);
  for (auto* path : {&layout.config_file, &layout.config_dir, &layout.state_dir, &layout.runtime_dir}) {
    path->insert(0, root);
  }
  return layout;
}

Listeners usual_listeners(Role role, bool with_v6, std::span<const IpNetwork> trusted) {
  static const std::vector<std::string> everywhere{"0.0.0.0", "[::]"}, here{"127.0.0.1"};
  Listeners listeners;
  if (role != Role::Smarthost) listeners.mx = addresses_of(everywhere, with_v6, "25");
  if (role == Role::AllInOne) {
    listeners.submission = addresses_of(everywhere, with_v6, "465");
    for (auto& address : addresses_of(everywhere, with_v6, "587")) listeners.submission.push_back(std::move(address));
  } else if (!trusted.empty()) {
    const bool inside = std::ranges::all_of(trusted, is_here);
    listeners.submission = inside ? addresses_of(here, with_v6, "10025") : addresses_of(everywhere, with_v6, "587");
  }
  return listeners;
}

std::vector<IpNetwork> usual_trusted(std::string_view deliver) {
  const auto address = address_in(deliver);
  const bool by_name_here = deliver.contains(":unix:") || deliver.contains(":localhost:");
  if (by_name_here || (address && is_loopback(*address))) {
    return {*IpNetwork::parse("127.0.0.0/8"), *IpNetwork::parse("::1")};
  }
  if (!address) return {};
  return {IpNetwork{.address = *address, .bits = address->is_v4() ? 32U : 128U}};
}

std::string config_text(const Plan& plan) {
  return top(plan) + tls(plan) + listeners(plan) + domain_table(plan) + user(plan) + dns(plan);
}

std::string domain_file_text(const Plan& plan) {
  return "# " + plan.domain.text() + ": CAS " + std::string(what_it_is(plan.role)) +
         ".\n# Made by `cas init`; yours from now on. Read together with " + plan.layout.config_file + ".\n" +
         domain_table(plan) + user(plan);
}

std::string next_steps(const Plan& plan, std::string_view zone_file) {
  const std::string domain = plan.domain.text();
  const bool elsewhere = plan.layout.config_file != Layout{}.config_file;
  const std::string config = elsewhere ? " --config " + shell_word(plan.layout.config_file) : "";
  const std::string who = plan.account ? plan.account->name + "@" + domain : "one of its users";
  std::string test = "as " + who + ", write to a mailbox elsewhere and have it answer";
  if (plan.role != Role::AllInOne) {
    test = "have the mail server hand its mail to " +
           (plan.submission_listeners.empty() ? "this one" : plan.submission_listeners.front()) +
           ", and write to a mailbox elsewhere";
  }
  std::string start =
      "3. start    " + (elsewhere ? "cas serve" + config : std::string("systemctl enable --now cas, or: cas serve"));
  if (plan.beside) start = "3. load     " + std::string(elsewhere ? "kill -HUP the server" : "systemctl reload cas");
  return "Next:\n  1. publish  the records in " + std::string(zone_file) +
         " (where the domain has some already, merge them)\n  2. sign     cas keys rotate " + domain + config +
         "  (refused until the DNS has the keys)\n  " + start + "\n  4. check    cas doctor" + config +
         "; cas dns check " + domain + config + "\n  5. test     " + test + "\n";
}

}  // namespace cas::setup
