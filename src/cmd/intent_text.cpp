// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Tags in people's words.
#include "cmd/intent_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "auth/dkim_key.hpp"
#include "base/encoding.hpp"

namespace cas::cmd {

namespace {

constexpr UnixTime year_10000{seconds(253402300800)};

std::string duration_words(std::chrono::seconds duration) {
  constexpr std::array<std::pair<std::int64_t, const char*>, 4> units{
      {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}}};
  std::int64_t rest = duration.count();
  std::string out;
  int shown = 0;
  for (const auto& [size, unit] : units) {
    const std::int64_t n = rest / size;
    rest %= size;
    if (n == 0 || shown == 2) continue;
    out += (shown == 0 ? "" : " ") + std::to_string(n) + ' ' + unit;
    ++shown;
  }
  return out;
}

std::string time_text(UnixTime time, UnixTime now) {
  return date_text(time) + ", " + relative_time(time, now);
}

// Local parts hold no control characters (message/address.hpp): what stands in an intent can be shown as it is.
std::string recipients_text(const confirm::Intent& intent) {
  std::string out;
  for (const LocalPart& local : intent.recipients) out += (out.empty() ? "" : ", ") + local.wire();
  return out;
}

std::string algorithm_text(confirm::Algorithm algorithm) {
  return algorithm == confirm::Algorithm::RsaSha256 ? "RSA with SHA-256 (rsa-sha256)"
                                                    : "Ed25519 with SHA-256 (ed25519-sha256)";
}

}  // namespace

std::string date_text(UnixTime time) {
  if (time >= year_10000) return std::to_string(time.time_since_epoch().count()) + " s after 1970";
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

std::string relative_time(UnixTime time, UnixTime now) {
  if (time == now) return "now";
  return time < now ? duration_words(now - time) + " ago" : "in " + duration_words(time - now);
}

std::string_view class_name(confirm::Class klass) {
  switch (klass) {
    case confirm::Class::Personal: return "personal";
    case confirm::Class::Transactional: return "transactional";
    case confirm::Class::Bulk: return "bulk";
    case confirm::Class::Automatic: return "automatic";
  }
  std::unreachable();
}

std::string sender_text(const std::optional<Mailbox>& sender) {
  return sender ? sender->wire() : "<>";
}

std::vector<TagText> describe_intent(const confirm::Intent& intent, UnixTime now) {
  const std::size_t count = intent.recipients.size();
  std::vector<TagText> rows{
      {"i", "identifier", hex(intent.id)},
      {"d", "signing domain", intent.signing_domain.text()},
      {"s", "selector",
       intent.selector + ", the key stands at " + auth::dkim_key_name(intent.selector, intent.signing_domain)},
      {"a", "algorithm", algorithm_text(intent.algorithm)},
      {"t", "issued", time_text(intent.issued, now)},
      {"x", "expires", time_text(intent.expires, now)},
      {"f", "envelope sender", sender_text(intent.envelope_from)},
      {"q", "recipient domain", intent.recipient_domain.text()},
      {"r", count == 1 ? "recipient" : std::to_string(count) + " recipients", recipients_text(intent)},
      {"o", "author", intent.author.wire()},
      {"k", "class", std::string(class_name(intent.klass))}};
  if (intent.list_id) rows.push_back({"l", "list", printable(*intent.list_id)});
  if (intent.forwarded) rows.push_back({"w", "hop", "forwarded: the signer passes on somebody else's message"});
  rows.push_back({"m", "digest", intent.digest ? "c1 " + hex(*intent.digest) : "none: for a preflight"});
  rows.push_back({"b", "signature", std::to_string(intent.signature.size()) + " octets"});
  return rows;
}

std::string fault_text(std::string_view line, const confirm::Fault& fault) {
  constexpr std::size_t before = 30, behind = 40;
  const std::size_t at = std::min(fault.at, line.size());
  const std::string left =
      (at > before ? "..." : "") + printable(line.substr(at - std::min(at, before), std::min(at, before)));
  const std::string right = printable(line.substr(at, behind)) + (line.size() - at > behind ? "..." : "");
  const auto columns = std::ranges::count_if(left, [](char c) { return (c & 0xc0) != 0x80; });
  std::string out =
      (fault.tag.empty() ? "" : fault.tag + ": ") + fault.what + " (octet " + std::to_string(at + 1) + ")\n";
  out += "  " + left + right + "\n  " + std::string(static_cast<std::size_t>(columns), ' ') + "^\n";
  return out + "  " + fault.mend + "\n";
}

}  // namespace cas::cmd
