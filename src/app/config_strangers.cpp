// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What is asked of strangers: lists of clients in the DNS, and to come again.
#include <algorithm>

#include "app/config_reader.hpp"

namespace cas::app {

namespace {

constexpr std::int64_t most_weight = 1000;
constexpr std::size_t most_lists = 20;  // each is a question for each stranger

std::vector<IpNetwork> read_answers(Section& section, Findings& findings) {
  static const IpNetwork codes = *IpNetwork::parse("127.0.0.0/8");
  std::vector<IpNetwork> answers;
  for (const auto& text : section.texts("answers").value_or(std::vector<ConfigText>{})) {
    const auto network = IpNetwork::parse(text.value);
    if (network && codes.contains(network->address) && network->bits >= codes.bits) {
      answers.push_back(*network);
    } else {
      findings.add_at(text.key, in_quotes(text.value) + " is no answer of a list",
                      "lists answer in 127.0.0.0/8 (RFC 5782 section 2.1): write \"127.0.0.2\" or \"127.0.0.4/30\"");
    }
  }
  return answers;
}

void read_dns_list(Section section, Config& config, Findings& findings) {
  policy::DnsList list{.zone = config.host, .name = {}};
  if (const auto text = section.text("zone")) {
    if (auto zone = domain_of(*text, findings)) list.zone = *std::move(zone);
    const auto& lists = config.strangers.lists;
    if (std::ranges::find(lists, list.zone, &policy::DnsList::zone) != lists.end()) {
      section.fail("zone", in_quotes(text->value) + " is asked already", "remove one of the two [[dnsbl]]");
    }
  } else if (!section.has("zone")) {
    section.missing("zone", "write the zone of the list: zone = \"bl.example\"");
  }
  list.name = list.zone.text();
  if (const auto name = section.text("name")) {
    list.name = name->value;
    // It stands in replies.
    const bool is_shown = !list.name.empty() && list.name.size() <= 64 &&
                          std::ranges::all_of(list.name, [](char c) { return c > ' ' && c < '\x7f'; });
    if (!is_shown) {
      section.fail("name", in_quotes(name->value) + " cannot stand in a reply",
                   "write 1 to 64 characters of ASCII without blanks, such as \"bl.example\"");
    }
  }
  list.answers = read_answers(section, findings);
  if (const auto weight = section.integer("weight", -most_weight, most_weight)) list.weight = static_cast<int>(*weight);
  if (list.weight == 0) section.fail("weight", "is 0: the list is asked and never counts", "write another number");
  section.finish();
  config.strangers.lists.push_back(std::move(list));
}

}  // namespace

void read_strangers(Section& root, Config& config, Findings& findings) {
  auto section = root.section("strangers");
  auto& strangers = config.strangers;
  if (const auto score = section.integer("dnsbl_score", 1, most_weight)) {
    strangers.dnsbl_score = static_cast<int>(*score);
  }
  if (const auto wait = section.duration("greylist", std::chrono::seconds{0}, std::chrono::hours{6})) {
    strangers.greylist = *wait;
  }
  section.finish();
  for (auto& list : root.sections("dnsbl")) read_dns_list(std::move(list), config, findings);
  int reachable = 0;
  for (const auto& list : strangers.lists) reachable += std::max(list.weight, 0);
  if (!strangers.lists.empty() && reachable < strangers.dnsbl_score) {
    findings.add_at(
        "strangers.dnsbl_score",
        "is " + std::to_string(strangers.dnsbl_score) + ", and all lists together weigh " + std::to_string(reachable),
        "lower it, or raise a weight: nothing would ever be refused");
  }
  if (strangers.lists.size() > most_lists) {
    findings.add_at("dnsbl[" + std::to_string(most_lists) + "].zone", "is one list too many",
                    "name " + std::to_string(most_lists) + " at most: each is asked about each stranger");
  }
}

}  // namespace cas::app
