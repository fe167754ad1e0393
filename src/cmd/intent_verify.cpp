// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas intent verify`: gathers what a receiver would know, and prints what it would find.
#include <sysexits.h>

#include <boost/json.hpp>
#include <future>

#include "base/encoding.hpp"
#include "cmd/commands.hpp"
#include "cmd/intent_request.hpp"
#include "cmd/intent_steps.hpp"
#include "cmd/message_file.hpp"
#include "cmd/resolver_options.hpp"
#include "cmd/terminal.hpp"
#include "net/system.hpp"

namespace cas::cmd {

namespace {

namespace json = boost::json;

Or<dns::Answer> ask(const IntentVerifyOptions& options, const std::string& name) {
  CAS_TRY(const auto resolver, make_resolver(options.resolver, options.config));
  std::promise<dns::Answer> promise;
  auto answer = promise.get_future();
  dns::Question question;
  question.name = name;
  question.type = dns::Type::TXT;
  resolver->ask(std::move(question), [&promise](dns::Answer found) { promise.set_value(std::move(found)); });
  return answer.get();
}

/// All but the key, which depends on the line.
Or<TransactionFacts> gather(const IntentVerifyOptions& options) {
  TransactionFacts facts;
  const TimePoint clock = net::SystemClock().now();
  CAS_TRY(facts.now, read_time("--now", options.now, to_unix(clock)));
  if (options.has_mail_from) {
    CAS_TRY(facts.mail_from, read_sender("--mail-from", options.mail_from));
  }
  for (const std::string& text : options.rcpt) {
    CAS_TRY(Mailbox recipient, read_mailbox("--rcpt", text));
    facts.recipients.push_back(std::move(recipient));
  }
  CAS_TRY(facts.message, read_message_facts(options.message));
  return facts;
}

Or<std::optional<dns::Answer>> find_key(const IntentVerifyOptions& options, const std::string& line) {
  const auto intent = confirm::read_intent(line);
  if (!intent) return std::nullopt;
  if (options.key_record.empty()) return ask(options, auth::dkim_key_name(intent->selector, intent->signing_domain));
  dns::Answer answer;
  answer.status = dns::Status::Ok;
  answer.records.emplace_back(dns::Txt{options.key_record});
  return answer;
}

std::string text_of(const Report& report) {
  std::vector<std::vector<std::string>> rows{{"STEP", "CHECK", "RESULT", "WHY"}};
  for (const Step& step : report.steps)
    rows.push_back({step.number, step.check, std::string(to_string(step.result)), step.why});
  std::string out = table(rows);
  for (const auto& answer : report.answers) out += answer.to + " is answered " + answer.reply.summary() + "\n";
  return out;
}

std::string json_of(const Report& report) {
  json::array steps;
  for (const Step& step : report.steps) {
    json::object object;
    object["step"] = step.number;
    object["check"] = step.check;
    object["result"] = std::string(to_string(step.result));
    object["why"] = step.why;
    steps.push_back(std::move(object));
  }
  json::array answers;
  for (const auto& answer : report.answers) {
    json::object object;
    object["to"] = answer.to;
    object["reply"] = answer.reply.summary();
    answers.push_back(std::move(object));
  }
  json::object object;
  object["holds"] = report.holds();
  object["steps"] = std::move(steps);
  object["answers"] = std::move(answers);
  return json::serialize(object) + "\n";
}

Or<std::vector<std::string>> lines_of(const IntentVerifyOptions& options) {
  if (options.line == "-" && options.message == "-") {
    return std::unexpected(
        Refusal{EX_USAGE, "LINE and --message cannot both be standard input; give one of them as a file or as it is"});
  }
  std::string text = options.line;
  if (text == "-") {
    auto input = read_input("-");
    if (!input) return std::unexpected(Refusal{EX_NOINPUT, "standard input: " + input.error().private_reason});
    text = *std::move(input);
  }
  auto lines = intent_lines(text);
  if (lines.empty()) return std::unexpected(Refusal{EX_DATAERR, "there is no line; give an intent, v=CAS1;i=..."});
  return lines;
}

/// 1 before 75 before 0.
int worse(int a, int b) {
  if (a == 1 || b == 1) return 1;
  return a == EX_OK ? b : a;
}

Or<int> verify(const IntentVerifyOptions& options) {
  CAS_TRY(std::vector<std::string> lines, lines_of(options));
  CAS_TRY(TransactionFacts facts, gather(options));
  int status = EX_OK;
  for (const auto& line : lines) {
    CAS_TRY(facts.key, find_key(options, line));
    const Report report = report_on(line, facts);
    const std::string gap = &line == &lines.front() || options.json ? "" : "\n";
    if (!print(gap + (options.json ? json_of(report) : text_of(report))))
      return std::unexpected(Refusal{EX_IOERR, "standard output cannot be written"});
    status = worse(status, report.key_lookup_failed ? EX_TEMPFAIL : report.holds() ? EX_OK : 1);
  }
  return status;
}

}  // namespace

int verify_intent(const IntentVerifyOptions& options) {
  const auto status = verify(options);
  return status ? *status : complain(status.error().code, status.error().text);
}

}  // namespace cas::cmd
