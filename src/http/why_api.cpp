// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// GET /v1/why: a decision taken apart.
#include "http/admin_answers.hpp"
#include "http/admin_api.hpp"
#include "http/json_text.hpp"

namespace cas::http {

namespace {

namespace json = boost::json;

std::string_view word(policy::MailboxStatus status) {
  switch (status) {
    case policy::MailboxStatus::Exists: return "exists";
    case policy::MailboxStatus::Unknown: return "unknown";
    case policy::MailboxStatus::LookupFailed: break;
  }
  return "cannot be looked up";
}

std::string_view word(confirm::Mode mode) {
  switch (mode) {
    case confirm::Mode::Off: return "off";
    case confirm::Mode::Optional: return "optional";
    case confirm::Mode::Required: break;
  }
  return "required";
}

json::object entry_object(const policy::ExceptionOpinion& opinion) {
  json::object object;
  object["id"] = opinion.match.id;
  object["action"] = text(policy::to_string(opinion.match.action));
  object["pattern"] = text(printable(opinion.match.pattern, max_value));
  object["scope"] = text(printable(opinion.match.scope, max_value));
  object["proof"] = text(policy::to_string(opinion.match.proof));
  object["decides"] = opinion.decides;
  object["expired"] = opinion.expired;
  object["missing"] = text(opinion.missing);
  return object;
}

json::object why_object(const policy::Why& why) {
  json::object object;
  object["recipient"] = text(printable(why.facts.recipient.wire(), max_value));
  if (why.facts.owner) object["owner"] = text(printable(why.facts.owner->wire(), max_value));
  object["local"] = why.facts.domain_is_local;
  object["mailbox"] = text(word(why.facts.mailbox.value_or(policy::MailboxStatus::Unknown)));
  object["found"] = text(printable(why.found, max_value));
  object["mode"] = text(word(why.facts.mode));
  object["observe"] = why.facts.observe;
  object["screener"] = text(policy::to_string(why.facts.screening));
  if (why.relation_key) object["sender"] = text(printable(*why.relation_key, max_value));
  if (why.facts.relation) {
    object["standing"] = text(policy::to_string(why.facts.relation->standing));
    object["expected"] = why.facts.relation->expected;
  }
  json::array entries;
  for (const auto& entry : why.entries) entries.push_back(entry_object(entry));
  object["entries"] = std::move(entries);
  json::array steps;
  for (const auto& step : why.steps) {
    json::object one;
    one["rule"] = text(step.rule);
    one["when"] = text(step.when);
    one["applies"] = step.applies;
    steps.push_back(std::move(one));
  }
  object["steps"] = std::move(steps);
  object["rule"] = text(why.verdict.rule);
  object["observed"] = text(why.verdict.observed);
  object["admission"] = text(policy::to_string(why.verdict.admission));
  object["reply"] = text(why.verdict.reply.summary());
  json::array mends;
  for (const auto& mend : why.mends) mends.push_back(text(printable(mend, max_value)));
  object["mends"] = std::move(mends);
  return object;
}

/// What is wrong with the question; empty: nothing.
std::string read_question(const Request& request, policy::WhyQuestion& question) {
  auto& sender = question.sender;
  const std::string from = parameter(request, "from");
  if (!from.empty() && from != "<>") {
    auto author = Mailbox::parse(from);
    if (!author) return "\"" + printable(from, 80) + "\" is no address";
    sender.author = *author;
    sender.envelope = ReversePath(*std::move(author));
  }
  const std::string envelope = parameter(request, "envelope");
  if (envelope == "<>" || from == "<>") sender.envelope = ReversePath();
  if (!envelope.empty() && envelope != "<>") {
    auto path = Mailbox::parse(envelope);
    if (!path) return "\"" + printable(envelope, 80) + "\" is no address";
    sender.envelope = ReversePath(*std::move(path));
  }
  const std::string client = parameter(request, "client");
  sender.client = IpAddress::parse(client);
  if (!client.empty() && !sender.client) return "\"" + printable(client, 80) + "\" is no IP address";
  sender.author_proven = !parameter(request, "signed").empty();
  sender.spf_pass = !parameter(request, "spf").empty();
  sender.list_id = to_lower(parameter(request, "list"));
  sender.list_proven = !parameter(request, "list_proven").empty();
  if (!parameter(request, "intent").empty()) {
    question.intent = policy::IntentStatus::Valid;
    sender.author_proven = true;
    if (sender.author && sender.author->domain()) sender.signer = sender.author->domain();
  }
  const auto klass = confirm::read_class(parameter(request, "class"));
  question.klass = klass.value_or(sender.list_id.empty() ? confirm::Class::Personal : confirm::Class::Bulk);
  return {};
}

}  // namespace

net::Task<Response> AdminApi::why(Request request) {
  if (request.method != "GET") co_return refuse(405, "method", "use GET here");
  auto recipient = Mailbox::parse(parameter(request, "to"));
  if (!recipient) co_return refuse(400, "to", "\"" + printable(parameter(request, "to"), 80) + "\" is no address");
  policy::WhyQuestion question{.sender = {}, .recipient = *std::move(recipient)};
  const std::string fault = read_question(request, question);
  if (!fault.empty()) co_return refuse(400, "from", fault);
  const auto why = co_await services_.why(std::move(question));
  co_return ok(json::serialize(why_object(why)));
}

}  // namespace cas::http
