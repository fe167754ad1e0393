// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See exceptions_api.hpp.
#include "http/exceptions_api.hpp"

#include <boost/json.hpp>

#include "base/utc.hpp"
#include "http/admin_answers.hpp"
#include "http/exceptions_json.hpp"
#include "http/json_text.hpp"
#include "net/completion.hpp"

namespace cas::http {

namespace {

namespace json = boost::json;
using policy::NewException;
using registry::EnteredException;
using registry::ExceptionRow;
using Rows = std::vector<ExceptionRow>;

constexpr std::string_view root = "/v1/exceptions";
constexpr std::size_t max_page = 1000;
constexpr std::size_t max_found = 1000;
constexpr std::size_t max_entered = 5000;  // in one request
constexpr std::size_t max_told = 100;      // of what was entered
constexpr std::size_t max_removed = 1000;

json::object row_object(const ExceptionRow& row) {
  json::object object = exception_object(row.entry);
  object["hits"] = row.hits;
  object["last_hit"] = row.last_hit ? json::value(utc_text(*row.last_hit)) : json::value(nullptr);
  return object;
}

json::array rows_array(const Rows& rows) {
  json::array array;
  for (const auto& row : rows) array.push_back(row_object(row));
  return array;
}

std::string_view word_of(EnteredException::Outcome outcome) {
  switch (outcome) {
    case EnteredException::Outcome::New: return "new";
    case EnteredException::Outcome::Changed: return "changed";
    case EnteredException::Outcome::Same: break;
  }
  return "same";
}

// ---- What is asked for ----

Response refuse_entry(std::size_t index, const std::string& message) {
  json::object error;
  error["code"] = "exception";
  error["message"] = message;
  error["index"] = index;
  json::object object;
  object["error"] = std::move(error);
  return Response{.status = 400, .body = json::serialize(object)};
}

std::expected<std::vector<NewException>, Response> read_entries(const std::string& body) {
  json::error_code fault;
  const auto value = json::parse(body, fault);
  const auto* object = fault ? nullptr : value.if_object();
  const auto* list = object == nullptr ? nullptr : object->if_contains("exceptions");
  if (list == nullptr || !list->is_array()) {
    return std::unexpected(refuse(400, "body", "the body is {\"exceptions\":[...]}"));
  }
  if (list->as_array().size() > max_entered) {
    return std::unexpected(refuse(400, "body", "at most " + std::to_string(max_entered) + " exceptions at once"));
  }
  std::vector<NewException> entries;
  entries.reserve(list->as_array().size());
  for (const auto& one : list->as_array()) {
    auto entry = exception_of(one);
    if (!entry) return std::unexpected(refuse_entry(entries.size(), entry.error().public_text));
    entries.push_back(*std::move(entry));
  }
  return entries;
}

/// An address, a domain, an IP address or "list:List-Id" as a sender that claims it.
Result<policy::SenderIdentity> claims_of(const std::string& what) {
  policy::SenderIdentity sender;
  if (const auto client = IpAddress::parse(what)) {
    sender.client = client->unmapped();
    return sender;
  }
  CAS_TRY(const auto pattern, policy::Pattern::parse(what));
  const std::string& name = pattern.text();
  using Kind = policy::Pattern::Kind;
  if (pattern.kind() == Kind::Address) {
    CAS_TRY(sender.author, Mailbox::parse(name));
  } else if (pattern.kind() == Kind::Domain) {
    CAS_TRY(sender.signer, Domain::parse(name));
  } else if (pattern.kind() == Kind::List) {
    sender.list_id = name.substr(name.find(':') + 1);
  } else {
    return permanent("what is looked for is an address, a domain, an IP address or list:List-Id");
  }
  return sender;
}

std::string entered_json(const std::vector<EnteredException>& entered) {
  json::object counts{{"new", 0}, {"changed", 0}, {"same", 0}};
  json::array told;
  for (std::size_t n = 0; n < entered.size(); ++n) {
    const auto word = word_of(entered[n].outcome);
    counts[word] = counts[word].as_int64() + 1;
    const bool is_same = entered[n].outcome == EnteredException::Outcome::Same;
    if (told.size() >= max_told || (is_same && entered.size() > 1)) continue;
    json::object one{{"index", n}, {"outcome", text(word)}, {"id", entered[n].id}};
    if (entered[n].before) one["before"] = exception_object(*entered[n].before);
    told.push_back(std::move(one));
  }
  counts["exceptions"] = std::move(told);
  return json::serialize(counts);
}

}  // namespace

bool ExceptionsApi::answers(std::string_view path) {
  return path == root || path == "/v1/exceptions/find" || path == "/v1/audit";
}

net::Task<Response> ExceptionsApi::answer(Request request) {
  const bool is_root = request.path == root;
  if (request.method == "GET" && is_root) co_return co_await list(std::move(request));
  if (request.method == "POST" && is_root) co_return co_await enter(std::move(request));
  if (request.method == "DELETE" && is_root) co_return co_await remove(std::move(request));
  if (request.method != "GET")
    co_return refuse(405, "method", is_root ? "use GET, POST or DELETE here" : "use GET here");
  if (request.path == "/v1/audit") co_return co_await audit(std::move(request));
  co_return co_await find(std::move(request));
}

net::Task<Response> ExceptionsApi::list(Request request) {
  const auto limit = number_in<std::size_t>(request, "limit", 100, 1, max_page);
  const auto after = number_in<std::int64_t>(request, "after", 0, 0, INT64_MAX);
  if (!limit || !after) co_return refuse(400, "limit", "limit is a number from 1 to 1000, after one of an exception");
  registry::ExceptionFilter filter;
  const std::string action = parameter(request, "action");
  filter.action = policy::exception_action(action);
  if (!action.empty() && !filter.action) co_return refuse(400, "action", "there is no action " + printable(action, 40));
  if (request.query.contains("for")) {
    auto scope = policy::Scope::parse(parameter(request, "for"));
    if (!scope) co_return refuse(400, "for", scope.error().public_text);
    filter.scope = *std::move(scope);
  }
  auto start = [&](auto done) { exceptions_.list(*after, *limit, std::move(filter), std::move(done)); };
  const auto page = co_await net::completion<Result<registry::ExceptionPage>>(std::move(start));
  if (!page) co_return unavailable(page.error());
  json::object object;
  object["next"] = page->next == 0 ? json::value(nullptr) : json::value(std::to_string(page->next));
  object["exceptions"] = rows_array(page->rows);
  co_return ok(json::serialize(object));
}

net::Task<Response> ExceptionsApi::find(Request request) {
  auto sender = claims_of(parameter(request, "what"));
  if (!sender) co_return refuse(400, "what", sender.error().public_text);
  std::optional<Mailbox> recipient;
  if (const std::string mailbox = parameter(request, "for"); !mailbox.empty()) {
    auto parsed = Mailbox::parse(mailbox);
    if (!parsed) co_return refuse(400, "for", "\"" + printable(mailbox, 80) + "\" is no mailbox");
    recipient = *std::move(parsed);
  }
  auto start = [&](auto done) {
    exceptions_.about(*std::move(sender), std::move(recipient), max_found, std::move(done));
  };
  const auto rows = co_await net::completion<Result<Rows>>(std::move(start));
  if (!rows) co_return unavailable(rows.error());
  json::object object;
  object["exceptions"] = rows_array(*rows);
  co_return ok(json::serialize(object));
}

net::Task<Response> ExceptionsApi::enter(Request request) {
  auto entries = read_entries(request.body);
  if (!entries) co_return std::move(entries).error();
  registry::EnterOptions options{.dry_run = parameter(request, "dry_run") == "1",
                                 .source = printable(parameter(request, "source"), 200)};
  auto start = [&](auto done) {
    exceptions_.enter(*std::move(entries), change_of(request, clock_), std::move(options), std::move(done));
  };
  const auto entered = co_await net::completion<Result<std::vector<EnteredException>>>(std::move(start));
  if (entered) co_return ok(entered_json(*entered));
  if (entered.error().lasting == Lasting::Transient) co_return unavailable(entered.error());
  const auto index = number_in<std::size_t>(entered.error().private_reason, 0, max_entered).value_or(0);
  co_return refuse_entry(index, entered.error().public_text);
}

net::Task<Response> ExceptionsApi::remove(Request request) {
  std::vector<std::int64_t> ids;
  std::string_view rest = request.query["ids"];
  while (!rest.empty()) {
    const std::string word(rest.substr(0, rest.find(',')));
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    const auto id = number_in<std::int64_t>(word, 1, INT64_MAX);
    if (!id || ids.size() >= max_removed) co_return refuse(400, "ids", "ids are at most 1000 numbers");
    ids.push_back(*id);
  }
  if (const std::string text = parameter(request, "pattern"); !text.empty()) {
    const auto action = policy::exception_action(parameter(request, "action"));
    const auto pattern = policy::Pattern::parse(text);
    const auto scope = policy::Scope::parse(parameter(request, "for"));
    if (!action) co_return refuse(400, "action", "action is exempt, allow, block or forward");
    if (!pattern) co_return refuse(400, "pattern", pattern.error().public_text);
    if (!scope) co_return refuse(400, "for", scope.error().public_text);
    if (const auto id = exceptions_.id_of(*action, *pattern, *scope)) ids.push_back(*id);
  }
  if (ids.empty()) co_return refuse(404, "not-found", "there is no such exception");
  auto start = [&](auto done) { exceptions_.remove(std::move(ids), change_of(request, clock_), std::move(done)); };
  const auto removed = co_await net::completion<Result<Rows>>(std::move(start));
  if (!removed) co_return unavailable(removed.error());
  if (removed->empty()) co_return refuse(404, "not-found", "there is no such exception");
  json::object object;
  object["removed"] = rows_array(*removed);
  co_return ok(json::serialize(object));
}

net::Task<Response> ExceptionsApi::audit(Request request) {
  const auto limit = number_in<std::size_t>(request, "limit", 100, 1, max_page);
  const auto before = number_in<std::int64_t>(request, "before", 0, 0, INT64_MAX);
  if (!limit || !before) co_return refuse(400, "limit", "limit is a number from 1 to 1000, before one of an entry");
  auto start = [&](auto done) { audit_.list(*before, *limit, std::move(done)); };
  const auto entries = co_await net::completion<Result<std::vector<store::AuditEntry>>>(std::move(start));
  if (!entries) co_return unavailable(entries.error());
  json::array array;
  for (const auto& entry : *entries) {
    array.push_back({{"number", entry.number},
                     {"at", timestamp(entry.at)},
                     {"by", entry.by},
                     {"action", entry.action},
                     {"subject", entry.subject},
                     {"detail", entry.detail}});
  }
  const bool more = entries->size() == *limit;
  json::object object;
  object["next"] = more ? json::value(std::to_string(entries->back().number)) : json::value(nullptr);
  object["audit"] = std::move(array);
  co_return ok(json::serialize(object));
}

}  // namespace cas::http
