// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Configuration text. Values come from the demo itself: nothing here needs quoting beyond TOML's literal strings.
#include "cmd/demo_config.hpp"

#include <fmt/format.h>

namespace cas::cmd {
namespace {

std::string common(std::string_view host, std::string_view name, const ConfigFacts& facts) {
  return fmt::format(R"(host = "{host}"
state_dir = "{name}"
admin_socket = "{name}/admin.sock"
run_as = "{user}"
threads = 1

[tls]
certificate = "{name}/tls.pem"
key = "{name}/tls.key"

[outbound]
idle_timeout = "0s"
port = {port}

[log]
level = "debug"

)",
                     fmt::arg("host", host), fmt::arg("name", name), fmt::arg("user", facts.run_as),
                     fmt::arg("port", facts.addresses.north_mx.port));
}

std::string listener(const net::Endpoint& at, std::string_view role, std::string_view tls) {
  return fmt::format("[[listen]]\naddress = \"{}\"\nrole = \"{}\"\ntls = \"{}\"\n\n", at.text(), role, tls);
}

std::string domain(std::string_view name, std::string_view mode, std::string_view mailboxes) {
  return fmt::format("[[domain]]\nname = \"{0}\"\nmode = \"{1}\"\nmaildir = \"mail/{0}\"\nmailboxes = [{2}]\n", name,
                     mode, mailboxes);
}

std::string user(std::string_view address, const std::string& hash) {
  return fmt::format("[[user]]\nname = \"{0}\"\npassword = '{1}'\nsend_as = [\"{0}\"]\n\n", address, hash);
}

/// Every name of the demo; nothing is asked of any server.
std::string dns(const ConfigFacts& facts) {
  const Addresses& a = facts.addresses;
  std::string out = R"([dns]
trust_anchor_file = "none"
local_zones = ["example."]
local_data = [
)";
  const auto add = [&](const std::string& record) { out += "  '" + record + "',\n"; };
  add("north.example. 60 IN MX 10 mx.north.example.");
  add("quiet.example. 60 IN MX 10 mx.north.example.");
  add("mx.north.example. 60 IN A " + a.north_mx.address);
  add("cas1._domainkey.north.example. 60 IN TXT \"" + facts.north_key_record + "\"");
  add("north.example. 60 IN TXT \"v=spf1 ip4:127.0.0.0/8 -all\"");
  add("quiet.example. 60 IN TXT \"v=spf1 ip4:127.0.0.0/8 -all\"");
  add("_dmarc.north.example. 60 IN TXT \"v=DMARC1; p=reject\"");
  add("cas1._domainkey.evil.example. 60 IN TXT \"" + facts.evil_key_record + "\"");
  add("south.example. 60 IN MX 10 mx.south.example.");
  add("strict.south.example. 60 IN MX 10 mx.south.example.");
  add("mx.south.example. 60 IN A " + a.south_tap.address);
  add("_cas.south.example. 60 IN TXT \"v=CAS1; m=optional\"");
  add("_cas.strict.south.example. 60 IN TXT \"v=CAS1; m=required\"");
  add("west.example. 60 IN MX 10 mx.west.example.");
  add("mx.west.example. 60 IN A " + a.west_tap.address);
  return out + "]\n";
}

}  // namespace

std::string north_config(const ConfigFacts& facts) {
  std::string out = common("mx.north.example", "north", facts);
  out += listener(facts.addresses.north_mx, "mx", "starttls");
  out += listener(facts.addresses.submission, "submission", "starttls");
  out += domain("north.example", "optional", R"("joe")");
  out += "[domain.signing]\nselector = \"cas1\"\nkey = \"north/signing.pem\"\n\n";
  out += domain("quiet.example", "optional", R"("ann")") + "\n";
  out += user(joe, facts.password_hash) + user(ann, facts.password_hash);
  return out + dns(facts);
}

std::string south_config(const ConfigFacts& facts) {
  std::string out = common("mx.south.example", "south", facts);
  out += listener(facts.addresses.south_mx, "mx", "starttls");
  out += listener(facts.addresses.west_mx, "mx", "off");
  out += domain("south.example", "optional", R"("suzie", "kim", "pat")") + "authentication = \"act\"\n\n";
  out += domain("strict.south.example", "required", R"("olga", "otto")") + "\n";
  out += domain("west.example", "off", R"("walter")") + "\n";
  return out + dns(facts);
}

}  // namespace cas::cmd
