// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas queue retry`, `hold`, `release`, `bounce`, `remove`: page by page, so that no queue is too long; `suspend`,
// `resume`, `pause`.
#include <sysexits.h>

#include "base/encoding.hpp"
#include "cmd/queue_words.hpp"
#include "cmd/terminal.hpp"

namespace cas::cmd {

namespace json = boost::json;

namespace {

/// What all pages add up to.
struct Sum {
  std::uint64_t matched = 0, changed = 0, in_flight = 0, untold = 0;
  json::array examples;
};

Or<Sum> run(const AdminClient& client, const QueueOptions& options, const std::string& action, bool dry_run) {
  auto request = queue_request(options, "/v1/queue/" + action);
  if (!request) return std::unexpected(request.error());
  request->method = "POST";
  request->query["by"] = who();
  if (!options.because.empty()) request->query["reason"] = options.because;
  if (dry_run) request->query["dry_run"] = "1";
  if (options.all) request->query["all"] = "1";
  Sum sum;
  std::string after;
  while (true) {
    if (!after.empty()) request->query["after"] = after;
    const auto page = client.ask(*request);
    if (!page) return std::unexpected(page.error());
    sum.matched += number_of(*page, "matched");
    sum.changed += number_of(*page, "changed");
    sum.in_flight += number_of(*page, "in_flight");
    sum.untold += number_of(*page, "untold");
    for (const auto& example : array_of(*page, "examples")) {
      if (sum.examples.size() < 10) sum.examples.push_back(example);
    }
    const std::string next = text_of(*page, "next");
    if (next.empty() || next <= after) return sum;
    after = next;
  }
}

std::string recipients(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " recipient" : " recipients");
}

std::string past(const std::string& action, std::uint64_t count) {
  const std::string is = count == 1 ? " is " : " are ";
  if (action == "retry") return is + "tried now";
  if (action == "hold") return is + "held";
  if (action == "release") return is + "released";
  if (action == "bounce") return is + "returned to the sender";
  return is + "removed";
}

std::string told(const Sum& sum, const std::string& action, bool dry_run) {
  std::string out = dry_run ? action + " would change " + recipients(sum.changed) + ".\n"
                            : recipients(sum.changed) + past(action, sum.changed) + ".\n";
  if (sum.in_flight > 0) out += recipients(sum.in_flight) + " left alone: being tried right now.\n";
  if (sum.untold > 0) out += recipients(sum.untold) + " left alone: nobody may be told (the sender is not verified).\n";
  if (!dry_run || sum.examples.empty()) return out;
  std::vector<std::vector<std::string>> rows{{"ID", "FROM", "TO"}};
  for (const auto& value : sum.examples) {
    const auto& each = object_of(value);
    rows.push_back({text_of(each, "id"), text_of(each, "sender"), "<" + text_of(each, "recipient") + ">"});
  }
  return out + table(rows) + (sum.changed > sum.examples.size() ? "and others\n" : "");
}

std::string told_json(const Sum& sum, bool dry_run) {
  json::object object;
  object["matched"] = sum.matched;
  object["changed"] = sum.changed;
  object["in_flight"] = sum.in_flight;
  object["untold"] = sum.untold;
  object["dry_run"] = dry_run;
  object["examples"] = sum.examples;
  return json::serialize(object) + "\n";
}

}  // namespace

int steer_queue(const QueueOptions& options, const std::string& action) {
  const bool grave = action == "hold" || action == "bounce" || action == "remove";
  if (grave && !has_filter(options) && !options.all) {
    return complain(EX_USAGE, "say what to " + action + ": IDs, a filter such as --domain, or --all");
  }
  const auto client = AdminClient::find(options.admin);
  if (!client) return client.error().code;
  const bool bulk = options.ids.empty() && action != "retry";
  const bool dry_run = options.dry_run || (bulk && !options.yes);
  const auto sum = run(*client, options, action, dry_run);
  if (!sum) return sum.error().code;
  if (!print(options.admin.json ? told_json(*sum, dry_run) : told(*sum, action, dry_run))) return finish(false);
  if (options.dry_run || !dry_run || sum->changed == 0) return finish(true);
  return complain(EX_USAGE, "nothing was changed: say --yes to do it, or --dry-run to look only");
}

int switch_queue(const QueueOptions& options, const std::string& what) {
  http::Request request{.method = "POST", .path = "/v1/queue/" + what};
  if (what == "resume" && options.domain.empty()) request.path = "/v1/queue/unpause";
  if (!options.domain.empty()) request.query["domain"] = options.domain;
  if (!options.because.empty()) request.query["reason"] = options.because;
  request.query["by"] = who();
  const auto answer = ask(options.admin, std::move(request));
  if (!answer) return answer.error().code;
  if (options.admin.json) return finish(print(json::serialize(*answer) + "\n"));
  const std::string domain = printable(options.domain, 255);
  if (what == "suspend") return finish(print("Nothing is tried for " + domain + " until it is resumed.\n"));
  if (what == "pause") return finish(print("Nothing is tried until `cas queue resume`; mail is taken in.\n"));
  return finish(print((domain.empty() ? "The queue" : domain) + " is tried again.\n"));
}

}  // namespace cas::cmd
