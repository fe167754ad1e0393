// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See why.hpp.
#include "cmd/why.hpp"

#include <sysexits.h>
#include <unistd.h>

#include <array>
#include <set>

#include "base/encoding.hpp"
#include "cmd/admin_client.hpp"
#include "cmd/identify.hpp"
#include "cmd/terminal.hpp"

namespace cas::cmd {

namespace {

namespace json = boost::json;

/// What is assumed of the message that is asked about.
struct Assumed {
  std::string name;  // for people
  std::string author, envelope, client, list_id;
  bool intent = false, is_signed = false, spf = false, list_proven = false;
  std::string klass;
};

http::Request request_for(const WhyOptions& options, const Assumed& assumed) {
  http::Request request{.path = "/v1/why", .query = {{"to", options.to}}};
  const auto set = [&](const char* name, const std::string& value) {
    if (!value.empty()) request.query[name] = value;
  };
  const auto flag = [&](const char* name, bool value) {
    if (value) request.query[name] = "1";
  };
  set("from", assumed.author);
  set("envelope", assumed.envelope);
  set("client", assumed.client);
  set("list", assumed.list_id);
  set("class", assumed.klass);
  flag("intent", assumed.intent);
  flag("signed", assumed.is_signed);
  flag("spf", assumed.spf);
  flag("list_proven", assumed.list_proven);
  return request;
}

bool is_true(const json::object& object, const char* key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_bool() && value->as_bool();
}

std::string line(const char* name, const std::string& value) {
  std::string text = "  ";
  text += name;
  text.append(text.size() < 12 ? 12 - text.size() : 1, ' ');
  return text + value + "\n";
}

std::string entries_text(const json::object& why) {
  std::string text;
  for (const auto& value : array_of(why, "entries")) {
    const auto& entry = object_of(value);
    const std::string scope = text_of(entry, "scope");
    std::string one = std::to_string(number_of(entry, "id")) + " " + text_of(entry, "action") + " " +
                      text_of(entry, "pattern") + (scope.empty() ? "" : " for " + scope) + ": ";
    const std::string missing = text_of(entry, "missing");
    if (is_true(entry, "decides")) {
      one += "decides";
    } else if (is_true(entry, "expired")) {
      one += "has expired";
    } else {
      one += missing.empty() ? "outweighed" : missing;
    }
    if (text_of(entry, "proof") == "none" && text_of(entry, "action") != "block") one += ", UNAUTHENTICATED";
    text += line(text.empty() ? "entries" : "", one);
  }
  return text.empty() ? line("entries", "none matches") : text;
}

std::string verdict_text(const json::object& why) {
  const std::string observed = text_of(why, "observed");
  std::string text = text_of(why, "admission") + ", rule " + text_of(why, "rule") + ": " + text_of(why, "reply");
  if (!observed.empty()) text += "; observing: " + observed + " would have decided";
  return text;
}

/// All of it, step by step.
std::string whole_text(const json::object& why) {
  std::string text;
  const std::string owner = text_of(why, "owner");
  const std::string found = text_of(why, "found");
  text += line("mailbox", text_of(why, "mailbox") + (found.empty() ? "" : " (" + found + ")") +
                              (owner.empty() || owner == text_of(why, "recipient") ? "" : ", that of " + owner));
  text += line("domain", std::string(is_true(why, "local") ? "ours" : "not ours") + ", mode " + text_of(why, "mode") +
                             ", screener " + text_of(why, "screener") + (is_true(why, "observe") ? ", observes" : ""));
  text += entries_text(why);
  const std::string sender = text_of(why, "sender");
  if (!sender.empty() && text_of(why, "screener") != "off") {
    text += line("relation", sender + " is " + text_of(why, "standing") +
                                 (is_true(why, "expected") ? ", and mail is expected just now" : ""));
  }
  text += "\n";
  for (const auto& value : array_of(why, "steps")) {
    const auto& step = object_of(value);
    const bool applies = is_true(step, "applies");
    text += std::string(applies ? "  yes  " : "  no   ") + text_of(step, "rule") + ": " + text_of(step, "when") + "\n";
  }
  text += "\n" + line("so", verdict_text(why));
  bool first = true;
  for (const auto& mend : array_of(why, "mends")) {
    text += line(first ? "to change" : "",
                 printable(std::string_view(mend.as_string().data(), mend.as_string().size()), 1024));
    first = false;
  }
  return text;
}

const json::object& fields_of(const json::object& event) {
  const auto* inside = event.if_contains("fields");
  return inside == nullptr ? event : object_of(*inside);
}

/// The one recipient of it.
Or<std::string> recipient_in(const json::array& events) {
  std::set<std::string> all;
  for (const auto& value : events) {
    const auto& event = object_of(value);
    if (text_of(event, "event") == "rcpt") all.insert(to_lower(text_of(fields_of(event), "to")));
  }
  if (all.size() == 1) return *all.begin();
  if (all.empty()) return leave(EX_DATAERR, "no recipient was named in that trace");
  std::string names;
  for (const auto& one : all) names += (names.empty() ? "" : ", ") + printable(one, 320);
  return leave(EX_USAGE, "that trace has several recipients: name FROM and one of " + names);
}

/// "info 7c08 - rcpt to=... rule=...": as the trace has them. Who wrote and to whom is taken from there where
/// `options` do not say.
Or<std::string> recorded(WhyOptions& options, Assumed& assumed) {
  const auto trace = ask(options.admin, http::Request{.path = "/v1/trace/" + options.trace});
  if (!trace) return std::unexpected(trace.error());
  const auto& events = array_of(*trace, "events");
  if (options.to.empty()) {
    auto only = recipient_in(events);
    if (!only) return std::unexpected(only.error());
    options.to = *std::move(only);
  }
  std::string text;
  for (const auto& value : events) {
    const auto& event = object_of(value);
    const std::string name = text_of(event, "event");
    const auto& fields = fields_of(event);
    if (name == "confirm" && text_of(fields, "result") == "ok") {
      assumed.intent = true;
      assumed.author = text_of(fields, "author");
    }
    if (name == "authentication") {
      assumed.is_signed = !text_of(fields, "identity").empty();
      assumed.spf = text_of(fields, "spf") == "pass";
    }
    if (name != "rcpt" || to_lower(text_of(fields, "to")) != to_lower(options.to)) continue;
    const std::string client = text_of(fields, "client");
    assumed.client = client.substr(0, client.rfind(':'));
    assumed.envelope = text_of(fields, "from");
    text += line("was",
                 text_of(fields, "admission") + ", rule " + text_of(fields, "rule") + ": " + text_of(fields, "reply"));
  }
  if (text.empty()) return leave(EX_DATAERR, "no recipient " + printable(options.to, 255) + " in that trace");
  if (assumed.envelope.size() > 2) assumed.envelope = assumed.envelope.substr(1, assumed.envelope.size() - 2);
  if (assumed.author.empty() && assumed.envelope != "<>") assumed.author = assumed.envelope;
  if (assumed.author.empty()) return leave(EX_USAGE, "that trace does not say who wrote: name FROM and TO");
  options.from = assumed.author;
  return text;
}

int explain(const WhyOptions& options, const Assumed& assumed, const std::string& before) {
  const auto why = ask(options.admin, request_for(options, assumed));
  if (!why) return why.error().code;
  if (options.admin.json) return finish(print(json::serialize(*why) + "\n"));
  return finish(print(printable(options.from, 320) + " to " + printable(options.to, 320) + ", " + assumed.name + ":\n" +
                      before + whole_text(*why)));
}

/// One line for each way in which such a message can come.
int compare(const WhyOptions& options, const Assumed& usual) {
  std::array<Assumed, 3> ways{usual, usual, usual};
  ways[0].name = "with an intent (CAS)";
  ways[0].intent = true;
  ways[1].name = "signed (DKIM) for the author";
  ways[1].is_signed = true;
  ways[2].name = "with nothing proven";
  json::array all;
  std::string text;
  for (const auto& way : ways) {
    auto why = ask(options.admin, request_for(options, way));
    if (!why) return why.error().code;
    text += way.name + ":\n" + entries_text(*why) + line("so", verdict_text(*why));
    (*why)["assumed"] = way.name;
    all.push_back(*std::move(why));
  }
  if (options.admin.json) {
    json::object object;
    object["ways"] = std::move(all);
    return finish(print(json::serialize(object) + "\n"));
  }
  return finish(print(text + "\nStep by step: say --intent, --signed, --unproven, --message FILE or --trace ID.\n"));
}

}  // namespace

int explain_decision(const WhyOptions& given) {
  auto options = given;
  if (options.trace.empty() && (options.from.empty() || options.to.empty())) {
    return complain(EX_USAGE, "name FROM and TO, or a message that came with --trace ID");
  }
  Assumed assumed{.name = "with nothing proven",
                  .author = options.from,
                  .envelope = options.mail_from,
                  .client = options.client,
                  .list_id = options.list_id,
                  .klass = {}};
  if (!options.message.empty()) {
    CheckAuthOptions check{.ip = options.client.empty() ? "192.0.2.1" : options.client,
                           .helo = "unknown.invalid",
                           .mail_from = options.mail_from.empty() ? options.from : options.mail_from,
                           .message = options.message,
                           .resolver = options.resolver,
                           .receiver = {},
                           .config = options.admin.config};
    const auto found = identify_message(check);
    if (!found.fault.empty()) return complain(found.exit_code, found.fault);
    assumed.name = "as in " + printable(options.message, 255);
    if (!found.author.empty()) assumed.author = found.author;
    if (assumed.envelope.empty()) assumed.envelope = options.from;
    assumed.is_signed = found.author_proven;
    assumed.spf = found.spf_pass && !options.client.empty();
    assumed.list_id = found.list_id;
    assumed.list_proven = found.list_proven;
    assumed.klass = confirm::letter(found.klass);
    return explain(
        options, assumed,
        line("author", printable(assumed.author, 320) + (assumed.is_signed ? ", signed for" : ", not proven")));
  }
  if (!options.trace.empty()) {
    assumed.name = "as in that trace";
    const auto was = recorded(options, assumed);
    if (!was) return was.error().code;
    return explain(options, assumed, *was);
  }
  assumed.intent = options.intent;
  assumed.is_signed = options.is_signed;
  if (options.intent) assumed.name = "with an intent (CAS)";
  if (options.is_signed) assumed.name = "signed (DKIM) for the author";
  if (options.intent || options.is_signed || options.unproven) return explain(options, assumed, {});
  return compare(options, assumed);
}

}  // namespace cas::cmd
