// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See why.hpp.
#include "policy/why.hpp"

#include <algorithm>

#include "base/shell_text.hpp"

namespace cas::policy {
namespace {

std::string sender_of(const WhyQuestion& question) {
  const auto& sender = question.sender;
  if (sender.author) return sender.author->wire();
  if (sender.envelope.mailbox()) return sender.envelope.mailbox()->wire();
  return sender.client ? sender.client->text() : std::string();
}

std::string exempt_command(const Why& why, const WhyQuestion& question) {
  return "cas exempt add " + shell_word(sender_of(question)) + " --for " + shell_word(why.facts.recipient.wire());
}

std::string approve_command(const Why& why, const WhyQuestion& question) {
  const std::string mailbox = shell_word(why.facts.owner.value_or(why.facts.recipient).wire());
  const bool anybody = why.relation_key && why.relation_key->starts_with(relation_mark::unproven);
  return "cas screener approve " + mailbox + " " + shell_word(why.relation_key.value_or(sender_of(question))) +
         (anybody ? " --unauthenticated" : "");
}

std::string entry_command(const ExceptionMatch& entry, std::string_view action) {
  return "cas " + std::string(to_string(entry.action)) + " " + std::string(action) + " " + std::to_string(entry.id);
}

/// Of the row that decided: a domain's, where the sender has none of his own.
std::string decided_key(const Why& why) {
  const auto& relation = why.facts.relation;
  return shell_word(relation && !relation->by.empty() ? relation->by : why.relation_key.value_or(""));
}

/// By the rule that decided, or would have. Names of strangers are quoted: people paste these lines.
std::vector<std::string> mends_of(const Why& why, const WhyQuestion& question, std::string_view rule) {
  const auto& decided = why.facts.exceptions.decided;
  const std::string mailbox = shell_word(why.facts.owner.value_or(why.facts.recipient).wire());
  const std::string domain = why.facts.recipient.domain() ? why.facts.recipient.domain()->text() : std::string();
  if (rule == "relay-denied") return {"[[domain]] name = \"" + domain + "\", if it is yours"};
  if (rule == "required") {
    return {"the sender's server speaks CAS and signs an intent", exempt_command(why, question),
            "[[domain]] mode = \"optional\" for " + domain};
  }
  if (rule == "blocked" && decided) return {entry_command(*decided, "remove")};
  if (rule == "blocked-by-owner") return {"cas screener undo " + mailbox + " " + decided_key(why)};
  if (rule == "mailbox-unknown") return {"add the mailbox where this domain's recipients are kept"};
  if (rule == "mailbox-lookup-failed") return {"see what the log says of lookup-failed; the sender tries again"};
  if (rule == "consent" || rule == "pending" || rule == "held" || rule == "screener-full") {
    std::vector<std::string> mends{approve_command(why, question)};
    if (rule != "consent") mends.push_back("cas expect " + mailbox + " --for 15m");
    mends.push_back("cas screener mode " + mailbox + " off");
    return mends;
  }
  if (rule == "held-silently") return {approve_command(why, question)};
  if (rule == "not-listed") return {"the sender's intent lists the recipient"};
  if ((rule == "exempt" || rule == "allowed") && decided) return {entry_command(*decided, "remove")};
  if (rule == "approved") return {"cas screener block " + mailbox + " " + decided_key(why)};
  return {"cas block add " + shell_word(sender_of(question)) + " --for " + mailbox};
}

}  // namespace

void take_apart(Why& why, const WhyQuestion& question) {
  const auto texts = rules();
  for (const auto id : passed_rules(why.facts)) {
    const auto text = std::ranges::find(texts, id, &RuleText::id);
    why.steps.push_back({.rule = std::string(id),
                         .when = std::string(text->when),
                         .applies = !why.verdict.observed.empty() && id == why.verdict.observed});
  }
  const auto last = std::ranges::find(texts, why.verdict.rule, &RuleText::id);
  if (last != texts.end()) {
    why.steps.push_back({.rule = why.verdict.rule, .when = std::string(last->when), .applies = true});
  }
  why.mends = mends_of(why, question, why.verdict.observed.empty() ? why.verdict.rule : why.verdict.observed);
  // An entry that only lacks its proof is what people look for.
  for (const auto& entry : why.entries) {
    if (entry.missing.empty() || entry.expired) continue;
    why.mends.push_back("entry " + std::to_string(entry.match.id) + " (" + std::string(to_string(entry.match.action)) +
                        ") would hold if its proof were there: " + entry.missing);
  }
}

}  // namespace cas::policy
