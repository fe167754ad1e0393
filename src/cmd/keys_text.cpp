// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Records, lists, refusals.
#include "cmd/keys_text.hpp"

#include <fmt/format.h>
#include <sysexits.h>

#include <algorithm>
#include <boost/json.hpp>

#include "auth/dkim_key.hpp"
#include "base/encoding.hpp"
#include "cmd/dns_text.hpp"
#include "cmd/terminal.hpp"
#include "setup/records.hpp"

namespace cas::cmd {

namespace {

namespace json = boost::json;

std::string line_of(const std::string& selector, const Domain& domain, const std::string& record) {
  return auth::dkim_key_name(selector, domain) + ". IN TXT " + txt_strings(record) + "\n";
}

// Several TXT records one below the other.
std::string found_text(const dns::Answer& answer) {
  constexpr std::size_t longest = 1024;
  std::string out;
  for (const auto& record : answer.records) {
    if (const auto* txt = std::get_if<dns::Txt>(&record)) out += "  found:    " + printable(txt->text, longest) + "\n";
  }
  return out.empty() ? "  found:    nothing\n" : out;
}

std::string dns_text(const KeyRow& row) {
  if (!row.dns) return "not asked";
  const std::string state(to_string(row.dns->state));
  return row.dns->state == app::Publication::Published ? state : state + ": " + row.dns->why;
}

bool is_in_use(const KeyRow& row) {
  return row.state == to_string(app::KeyState::Active) || row.state == configured;
}

}  // namespace

std::string published_record(const crypto::PrivateKey& key) {
  return setup::dkim_text(key.type(), key.dkim_public_key());
}

std::string record_line(const std::string& selector, const Domain& domain, const crypto::PrivateKey& key) {
  return line_of(selector, domain, published_record(key));
}

std::string revocation_line(const std::string& selector, const Domain& domain) {
  return line_of(selector, domain, "v=DKIM1; p=");
}

std::string day_text(std::chrono::sys_days day) {
  const std::chrono::year_month_day date(day);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

// ---- list ----

std::string list_text(std::span<const KeyRow> rows) {
  const bool asked = std::ranges::any_of(rows, [](const KeyRow& row) { return row.dns.has_value(); });
  std::vector<std::vector<std::string>> cells{{"DOMAIN", "SELECTOR", "TYPE", "STATE", "CREATED"}};
  for (const auto& row : rows) {
    cells.push_back({printable(row.domain), printable(row.selector), row.type, row.state, row.created});
  }
  for (std::size_t n = 0; n < cells.size(); ++n) {
    if (asked) cells[n].push_back(n == 0 ? "DNS" : dns_text(rows[n - 1]));
    cells[n].push_back(n == 0 ? "RECORD" : rows[n - 1].record);
  }
  return table(cells);
}

std::string list_json(std::span<const KeyRow> rows) {
  json::array keys;
  for (const auto& row : rows) {
    json::object object;
    object["domain"] = printable(row.domain);
    object["selector"] = printable(row.selector);
    object["type"] = row.type;
    object["state"] = row.state;
    object["created"] = row.created;
    object["record"] = row.record;
    if (row.dns) {
      json::object dns;
      dns["state"] = std::string(to_string(row.dns->state));
      dns["why"] = row.dns->why;
      object["dns"] = std::move(dns);
    }
    keys.push_back(std::move(object));
  }
  json::object object;
  object["keys"] = std::move(keys);
  return json::serialize(object) + "\n";
}

int list_status(std::span<const KeyRow> rows) {
  int status = EX_OK;
  for (const auto& row : rows) {
    if (!row.dns || !is_in_use(row) || row.dns->state == app::Publication::Published) continue;
    if (row.dns->state != app::Publication::Unknown) return 1;
    status = EX_TEMPFAIL;
  }
  return status;
}

// ---- rotate ----

bool all_published(std::span<const CheckedKey> keys) {
  return std::ranges::all_of(keys, [](const auto& key) { return key.judged.state == app::Publication::Published; });
}

std::string check_text(std::span<const CheckedKey> keys) {
  std::string out;
  for (const auto& key : keys) {
    out += key.name + ": " + std::string(to_string(key.judged.state)) + ": " + key.judged.why + "\n";
    if (key.judged.state == app::Publication::Published) continue;
    // Where the DNS failed nothing is known: not even that there is nothing.
    if (key.judged.state != app::Publication::Unknown) out += found_text(key.answer);
    out += "  expected: " + key.expected + "\n";
  }
  return out;
}

std::string refusal_text(std::span<const CheckedKey> keys) {
  const bool failed = refusal_status(keys) == EX_TEMPFAIL;
  const std::string text = failed ? "the DNS does not say whether the keys are published:\n"
                                  : "the DNS does not have the keys that are to be used:\n";
  return text + check_text(keys) + "Nothing was changed. " +
         (failed ? "Try again later."
                 : "Publish what is expected and nothing else, and try again when it can be seen.");
}

int refusal_status(std::span<const CheckedKey> keys) {
  const auto known_and_wrong = [](const CheckedKey& key) {
    return key.judged.state != app::Publication::Published && key.judged.state != app::Publication::Unknown;
  };
  return std::ranges::any_of(keys, known_and_wrong) ? 1 : EX_TEMPFAIL;
}

}  // namespace cas::cmd
