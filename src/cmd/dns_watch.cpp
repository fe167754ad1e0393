// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas dns watch`: what the running server's daily check found.
#include <sysexits.h>

#include "base/utc.hpp"
#include "cmd/admin_client.hpp"
#include "cmd/dns.hpp"
#include "cmd/terminal.hpp"

namespace cas::cmd {

namespace {

namespace json = boost::json;

std::string watch_text(const json::object& answer) {
  const UnixTime checked{seconds(number_of(answer, "checked"))};
  const auto* busy = answer.if_contains("busy");
  const bool under_way = busy != nullptr && busy->is_bool() && busy->as_bool();
  std::string text = checked == UnixTime() ? "Nothing was checked yet.\n" : "Checked at " + utc_text(checked) + ".\n";
  if (under_way) text += "A check is under way.\n";
  std::vector<std::vector<std::string>> rows{{"DOMAIN", "SEVERITY", "ID", "WHAT"}};
  for (const auto& one : array_of(answer, "domains")) {
    const auto& domain = object_of(one);
    for (const auto& each : array_of(domain, "findings")) {
      const auto& finding = object_of(each);
      rows.push_back({text_of(domain, "domain"), text_of(finding, "severity"), text_of(finding, "id"),
                      text_of(finding, "problem")});
    }
  }
  if (rows.size() > 1) text += table(rows) + "What to do: cas dns check\n";
  return text;
}

}  // namespace

int show_dns_watch(const DnsWatchOptions& options) {
  if (options.now) {
    const auto begun = ask(options.admin, http::Request{.method = "POST", .path = "/v1/dns/check"});
    if (!begun) return begun.error().code;
    return finish(print("The check begins; `cas dns watch` shows what it finds.\n"));
  }
  const auto answer = ask(options.admin, http::Request{.path = "/v1/dns"});
  if (!answer) return answer.error().code;
  return finish(print(options.admin.json ? json::serialize(*answer) + "\n" : watch_text(*answer)));
}

}  // namespace cas::cmd
