// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Intents: whatever is accepted prints back as the same octets and passes through the receiver's checks without harm;
// whatever is refused is explained, with the same reason, in text that a terminal may show. Raw, folded into the
// grammar's alphabet, and spliced into a valid line at one of its tags.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/encoding.hpp"
#include "confirm/explain.hpp"
#include "confirm/ledger.hpp"
#include "confirm/receiver.hpp"

namespace {

using namespace cas;

constexpr std::string_view vector_line =
    "v=CAS1;i=AAECAwQFBgcICQoLDA0ODw;d=football.example.com;s=brisbane;a=ed25519-sha256;t=1795460400;x=1795546800;"
    "f=joe@football.example.com;q=shopping.example.net;r=suzie;o=joe@football.example.com;k=p;"
    "m=c1:a_XHkNAHBRi5EwVVJLppltFIoF_VuobkMu-PuI04wXI;"
    "b=Ex5txsnmiYbfX8kmZvdtWmHYsFaalilIi_HrRJf58a3otlreKAFIrjIhGKpaz0mRm254dqXWj6-USj91hKanAQ";

void require(bool holds) {
  if (!holds) std::abort();
}

std::string folded(std::string_view text) {
  constexpr std::string_view alphabet = "vidsatxfqroklwmb=;,.@-_%:0123456789ACEFcpAa/ ";
  std::string out;
  for (const char c : text) out += alphabet[static_cast<unsigned char>(c) % alphabet.size()];
  return out;
}

/// The vector with the value of one tag replaced by the input.
std::string spliced(std::string_view text) {
  if (text.empty()) return std::string(vector_line);
  constexpr std::string_view tags = "idsatxfqrokmb";
  const char tag = tags[static_cast<unsigned char>(text.front()) % tags.size()];
  const auto begin = vector_line.find(std::string(";") + tag + "=") + 3;
  const auto end = std::min(vector_line.find(';', begin), vector_line.size());
  return std::string(vector_line.substr(0, begin)) + std::string(text.substr(1)) + std::string(vector_line.substr(end));
}

/// A fault is found exactly when the parser refuses.
void check_explanation(std::string_view line, const std::expected<confirm::Intent, confirm::Reason>& intent) {
  const auto fault = confirm::explain(line);
  require(fault.has_value() != intent.has_value());
  if (!fault) return;
  require(fault->reason == intent.error() && fault->at <= line.size());
  require(!fault->what.empty() && !fault->mend.empty());
  for (const std::string& text : {fault->tag, fault->what, fault->mend}) {
    require(is_utf8(text) && std::ranges::none_of(text, [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; }));
  }
}

void check(std::string_view line) {
  const auto intent = confirm::parse_intent(line);
  check_explanation(line, intent);
  if (!intent) return;
  require(line.size() + 10 <= confirm::max_confirm_line);
  require(confirm::print_intent(*intent) == line);
  require(!intent->recipients.empty() && intent->recipients.size() <= confirm::max_intent_recipients);
  confirm::Intent sorted = *intent;
  confirm::sort_recipients(sorted);
  require(sorted == *intent);
  for (const auto& local : intent->recipients) {
    require(intent->lists(Mailbox(local, intent->recipient_domain)));
    require(!confirm::ledger_key(*intent, local).recipient.empty());
  }
  confirm::StatementFacts facts;
  facts.now = intent->issued;
  facts.recipient_domain_is_local = true;
  if (intent->envelope_from) facts.mail_from = ReversePath(*intent->envelope_from);
  (void)confirm::check_statement(*intent, facts);

  dns::Answer answer;
  answer.status = dns::Status::Ok;
  answer.records.emplace_back(dns::Txt{"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="});
  const auto verdict = confirm::check_key(*intent, line, answer);
  require(!verdict || line == vector_line);  // nothing else was ever signed with that key
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(text);
  check(folded(text));
  check(spliced(text));
  return 0;
}
