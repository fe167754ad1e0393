// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Selectors, records, and the words for them.
#include "conformance/target.hpp"

#include <algorithm>
#include <array>

namespace cas::conformance {
namespace {

struct Helper {
  Need need;
  std::string_view suffix;
};
constexpr std::array helpers{Helper{Need::revoked, "-revoked"}, Helper{Need::testing, "-testing"},
                             Helper{Need::strict, "-strict"},   Helper{Need::service, "-service"},
                             Helper{Need::several, "-several"}, Helper{Need::rsa, "-rsa"}};

std::string key_record(const crypto::PrivateKey& key, std::string_view tags) {
  return std::string("v=DKIM1; k=") + (key.type() == crypto::KeyType::Rsa ? "rsa; " : "ed25519; ") + std::string(tags) +
         "p=" + key.dkim_public_key();
}

// Character-strings of at most 255 octets (RFC 1035 §3.3.14).
std::string quoted(std::string_view value) {
  constexpr std::size_t longest = 255;
  std::string out;
  for (std::size_t n = 0; n < value.size(); n += longest) {
    out.append(n == 0 ? "\"" : " \"").append(value.substr(n, longest)).append("\"");
  }
  return value.size() > longest ? "( " + out + " )" : out;
}

std::string recipient_line(std::string_view option, const std::optional<Mailbox>& mailbox, std::string_view what) {
  const std::string who = mailbox ? mailbox->wire() : "(not given: --" + std::string(option) + ")";
  return "  " + who + "\n      " + std::string(what) + "\n";
}

}  // namespace

std::string selector_for(const Target& target, Need need) {
  const auto* const helper = std::ranges::find(helpers, need, &Helper::need);
  return helper == helpers.end() ? target.selector : target.selector + std::string(helper->suffix);
}

std::string missing_selector(const Target& target) {
  return target.selector + "-missing";
}

std::vector<Record> records(const Target& target) {
  std::vector<Record> out;
  const auto add = [&](Need need, std::vector<std::string> values) {
    out.push_back({need, selector_for(target, need) + "._domainkey." + target.domain.text(), std::move(values)});
  };
  const std::string good = key_record(target.key, "");
  const std::string kind = target.key.type() == crypto::KeyType::Rsa ? "rsa" : "ed25519";
  add(Need::nothing, {good});
  if (target.rsa_key) add(Need::rsa, {key_record(*target.rsa_key, "")});
  add(Need::revoked, {"v=DKIM1; k=" + kind + "; p="});
  add(Need::testing, {key_record(target.key, "t=y; ")});
  add(Need::strict, {key_record(target.key, "t=s; ")});
  add(Need::service, {key_record(target.key, "s=web; ")});
  add(Need::several, {good, good + "; n=again"});
  return out;
}

bool is_published(const Record& record, std::vector<std::string> found) {
  auto wanted = record.values;
  for (auto* const texts : {&wanted, &found}) {
    for (auto& text : *texts) std::erase(text, ' ');
    std::ranges::sort(*texts);
  }
  return wanted == found;
}

std::string why_not(const Target& target, Need missing) {
  switch (missing) {
    case Need::second: return "give --second";
    case Need::required: return "give --required-recipient";
    case Need::off: return "give --off-recipient";
    case Need::chunking: return "the target does not offer CHUNKING";
    case Need::rsa:
      if (!target.rsa_key) return "give --rsa-key";
      break;
    default: break;
  }
  return "publish " + selector_for(target, missing) + "._domainkey." + target.domain.text();
}

std::string setup_text(const Target& target, std::string_view endpoint) {
  const std::string domain = target.recipient.domain()->text();
  std::string out = "The target, " + std::string(endpoint) + ", must see these records in the DNS:\n\n";
  for (const auto& record : records(target)) {
    for (const auto& value : record.values) out += record.name + ". 300 IN TXT " + quoted(value) + "\n";
  }
  out += "\nNothing may be published at " + missing_selector(target) + "._domainkey." + target.domain.text() +
         ".\nOnly the first is a must; checks whose record is missing are not run.\n\nIt must take mail for these:\n\n";
  out += recipient_line("recipient", target.recipient, "a mailbox; " + domain + " receives with m=optional");
  out += recipient_line("second", target.second, "another mailbox in " + domain);
  out += recipient_line("required-recipient", target.required, "a mailbox in a domain with m=required");
  out += recipient_line("off-recipient", target.off, "a mailbox in a domain with m=off");
  out += recipient_line("unknown", target.unknown, "no mailbox: it must not exist");
  out +=
      "\nReal messages with the subject \"CAS conformance ...\" will be delivered to these mailboxes, about 50 of "
      "them.\n"
      "Nothing is sent to anybody else; " +
      target.author.wire() + " is shown as their author and sender.\n";
  return out;
}

}  // namespace cas::conformance
