// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas intent make` and `cas intent inspect`.
#include <sysexits.h>

#include <boost/json.hpp>

#include "auth/dkim_key.hpp"
#include "auth/public_suffix.hpp"
#include "base/encoding.hpp"
#include "cmd/commands.hpp"
#include "cmd/intent_request.hpp"
#include "cmd/intent_text.hpp"
#include "cmd/key_file.hpp"
#include "cmd/message_file.hpp"
#include "cmd/terminal.hpp"
#include "net/system.hpp"

namespace cas::cmd {

namespace {

namespace json = boost::json;

std::string command_line_of(const confirm::SignedIntent& intent, const IntentMakeOptions& options) {
  return (options.command ? "CONFIRM " : "") + intent.line;
}

std::string json_of(const std::vector<confirm::SignedIntent>& intents, const IntentMakeOptions& options) {
  json::array list;
  for (const auto& intent : intents) {
    json::array recipients;
    for (const auto& recipient : intent.recipients) recipients.emplace_back(recipient.wire());
    json::object object;
    object["line"] = command_line_of(intent, options);
    object["recipients"] = std::move(recipients);
    list.push_back(std::move(object));
  }
  json::object object;
  object["intents"] = std::move(list);
  return json::serialize(object) + "\n";
}

/// The receiver's own judges over what was made: whatever went unnoticed before is refused here.
Or<void> check_made(const confirm::SignedIntent& made, const confirm::IntentRequest& request,
                    const crypto::PrivateKey& key, const std::optional<confirm::MessageFacts>& message) {
  const auto refuse = [](confirm::Reason reason) {
    return std::unexpected(Refusal{EX_DATAERR, "a receiver would answer " + confirm::reply_for(reason).summary()});
  };
  const auto intent = confirm::parse_intent(made.line);
  if (!intent) {
    const auto fault = confirm::explain(made.line);
    return std::unexpected(
        Refusal{EX_DATAERR, fault ? fault->tag + ": " + fault->what + "; " + fault->mend : "this makes no intent"});
  }
  const confirm::StatementFacts facts{
      .now = request.now,
      .mail_from = request.envelope_from,
      .recipient_domain_is_local = true,
      .signing_domain_is_public_suffix = auth::is_public_suffix(request.signing_domain)};
  if (const auto stated = confirm::check_statement(*intent, facts); !stated) return refuse(stated.error());
  dns::Answer answer;
  answer.status = dns::Status::Ok;
  answer.records.emplace_back(dns::Txt{auth::format_dkim_key(key)});
  if (const auto verdict = confirm::check_key(*intent, made.line, answer); !verdict) return refuse(verdict.error());
  if (!message || request.preflight) return {};
  const auto checked = confirm::check_message(*intent, *message);
  if (checked) return {};
  if (checked.error() == confirm::Reason::Class) {
    return std::unexpected(Refusal{EX_DATAERR, "the message shows itself as " +
                                                   std::string(class_name(message->klass.klass)) +
                                                   " and the intent says " + std::string(class_name(intent->klass)) +
                                                   "; leave --class out, or change List-Id or Auto-Submitted"});
  }
  return refuse(checked.error());
}

Or<std::string> make(const IntentMakeOptions& options) {
  CAS_TRY(crypto::PrivateKey key, read_key_file(options.key));
  CAS_TRY(std::optional<confirm::MessageFacts> message, read_message_facts(options.message));
  confirm::IntentId drawn{};
  net::SystemRandom().fill(drawn);
  CAS_TRY(confirm::IntentRequest request, request_of(options, message, drawn, to_unix(net::SystemClock().now())));
  const auto intents = confirm::make_intents(request, key);
  if (!intents) return std::unexpected(Refusal{EX_DATAERR, intents.error().private_reason});
  for (const auto& intent : *intents) CAS_CHECK(check_made(intent, request, key, message));
  if (options.json) return json_of(*intents, options);
  std::string out;
  for (const auto& intent : *intents) out += command_line_of(intent, options) + "\n";
  return out;
}

// ---- Inspecting ----

json::object json_of(const confirm::Fault& fault) {
  json::object object;
  object["intent"] = false;
  object["reply"] = confirm::reply_for(fault.reason).summary();
  object["tag"] = fault.tag;
  object["octet"] = fault.at + 1;
  object["what"] = fault.what;
  object["mend"] = fault.mend;
  return object;
}

json::object json_of(const std::vector<TagText>& tags) {
  json::array list;
  for (const auto& row : tags) {
    json::object tag;
    tag["tag"] = row.tag;
    tag["name"] = row.name;
    tag["value"] = row.value;
    list.push_back(std::move(tag));
  }
  json::object object;
  object["intent"] = true;
  object["tags"] = std::move(list);
  return object;
}

std::string inspect(const std::string& line, UnixTime now, bool as_json) {
  const auto intent = confirm::parse_intent(line);
  if (!intent) {
    const auto fault = confirm::explain(line).value_or(
        confirm::Fault{.reason = intent.error(), .tag = {}, .at = 0, .what = "this is no intent", .mend = {}});
    if (as_json) return json::serialize(json_of(fault)) + "\n";
    return fault_text(line, fault) + "  a receiver would answer " + confirm::reply_for(fault.reason).summary() + "\n";
  }
  const auto tags = describe_intent(*intent, now);
  if (as_json) return json::serialize(json_of(tags)) + "\n";
  std::vector<std::vector<std::string>> rows;
  for (const auto& row : tags) rows.push_back({row.tag, row.name, row.value});
  return table(rows);
}

}  // namespace

int make_intent(const IntentMakeOptions& options) {
  const auto made = make(options);
  if (!made) return complain(made.error().code, made.error().text);
  return print(*made) ? EX_OK : complain(EX_IOERR, "standard output cannot be written");
}

int inspect_intent(const IntentInspectOptions& options) {
  std::string text = options.line;
  if (text == "-") {
    auto input = read_input("-");
    if (!input) return complain(EX_NOINPUT, "standard input: " + input.error().private_reason);
    text = *std::move(input);
  }
  const auto lines = intent_lines(text);
  if (lines.empty()) return complain(EX_DATAERR, "there is no line; give an intent, v=CAS1;i=...");
  const UnixTime now = to_unix(net::SystemClock().now());
  bool all = true;
  for (const auto& line : lines) {
    all = all && confirm::parse_intent(line).has_value();
    if (!print((&line == &lines.front() || options.json ? "" : "\n") + inspect(line, now, options.json))) {
      return complain(EX_IOERR, "standard output cannot be written");
    }
  }
  return all ? EX_OK : EX_DATAERR;
}

}  // namespace cas::cmd
