// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The Screener over the admin API.
#include "auth/public_suffix.hpp"
#include "http/admin_answers.hpp"
#include "http/admin_api.hpp"
#include "http/json_text.hpp"
#include "net/completion.hpp"

namespace cas::http {

namespace {

namespace json = boost::json;
using registry::Relationships;

constexpr std::size_t max_page = 1000;
constexpr std::size_t max_seeded = 1000;  // in one request
constexpr std::int64_t longest_window = 7L * 24 * 3600;
constexpr std::string_view path = "/v1/screener";

/// As relationships know it; empty: no address.
std::string mailbox_in(const Request& request) {
  const auto mailbox = Mailbox::parse(parameter(request, "mailbox"));
  return mailbox ? policy::relation_mailbox(*mailbox) : std::string();
}

Response no_mailbox() {
  return refuse(400, "mailbox", "name the mailbox: suzie@south.example");
}

Response of_error(const Error& error) {
  return error.lasting == Lasting::Permanent ? refuse(409, "refused", error.public_text) : unavailable(error);
}

Response nobody(const std::string& who) {
  return refuse(400, "sender",
                "\"" + printable(who, 80) +
                    "\" means nobody: name an address, a domain that is no public provider, or list:LIST-ID");
}

Response changed(std::size_t count) {
  json::object object;
  object["changed"] = count;
  return ok(json::serialize(object));
}

json::object relation_object(const Relationships::Row& row) {
  const auto& relation = row.relation;
  json::object object;
  object["mailbox"] = text(printable(relation.mailbox, max_value));
  object["sender"] = text(printable(relation.key, max_value));
  object["author"] = text(printable(relation.author, max_value));
  object["standing"] = text(policy::to_string(relation.standing));
  object["proven"] = relation.proven;
  object["since"] = text(timestamp(TimePoint(relation.since)));
  object["by"] = text(printable(relation.by, max_value));
  object["via"] = text(relation.via);
  object["held"] = row.held;
  return object;
}

json::object held_object(const registry::HeldRow& row) {
  json::object object;
  object["id"] = text(row.id);
  object["sender"] = text(printable(row.key, max_value));
  object["author"] = text(printable(row.author, max_value));
  object["recipient"] = text(printable(row.recipient.wire(), max_value));
  object["subject"] = text(printable(row.subject, max_value));
  object["arrived"] = text(timestamp(TimePoint(row.arrived)));
  object["size"] = row.size;
  object["silent"] = row.silent;
  object["place"] = row.in_queue ? "queue" : "folder";
  return object;
}

/// {"authors":["a@b.example"]}
std::expected<std::vector<Mailbox>, std::string> read_authors(const std::string& body) {
  json::error_code fault;
  const auto value = json::parse(body, fault);
  const auto* object = fault ? nullptr : value.if_object();
  const auto* list = object == nullptr ? nullptr : object->if_contains("authors");
  if (list == nullptr || !list->is_array() || list->as_array().size() > max_seeded) {
    return std::unexpected("the body is {\"authors\":[...]}, at most 1000 of them");
  }
  std::vector<Mailbox> authors;
  for (const auto& one : list->as_array()) {
    const auto* word = one.if_string();
    auto author = word == nullptr ? Result<Mailbox>(permanent("no address"))
                                  : Mailbox::parse(std::string_view(word->data(), word->size()));
    if (!author) return std::unexpected("one of the authors is no address");
    authors.push_back(*std::move(author));
  }
  return authors;
}

}  // namespace

net::Task<Response> AdminApi::screener(Request request) {
  const std::string what = request.path.size() > path.size() ? request.path.substr(path.size() + 1) : std::string();
  const bool reads = what.empty() || what == "held";
  if (request.method != (reads ? "GET" : "POST"))
    co_return refuse(405, "method", reads ? "use GET here" : "use POST here");
  const bool looks_back = reads || what == "undo" || what == "clear";  // a domain may have been ours
  if (const auto mailbox = mailbox_in(request); !looks_back && !mailbox.empty()) {
    const std::string domain = mailbox.substr(mailbox.rfind('@') + 1);
    if (!services_.is_ours(domain)) co_return refuse(400, "mailbox", domain + " is none of this server's domains");
  }
  if (what.empty()) co_return co_await list_screener(std::move(request));
  if (what == "held") co_return co_await list_held(std::move(request));
  if (what == "approve") co_return co_await decide(std::move(request), policy::Standing::Approved);
  if (what == "block") co_return co_await decide(std::move(request), policy::Standing::Blocked);
  if (what == "undo") co_return co_await undo_decision(std::move(request));
  if (what == "clear") co_return co_await clear_screener(std::move(request));
  if (what == "seed") co_return co_await seed(std::move(request));
  if (what == "expect") co_return co_await expect(std::move(request));
  if (what == "mode") co_return co_await set_screening(std::move(request));
  co_return refuse(404, "not-found", "there is nothing at " + request.path);
}

net::Task<Response> AdminApi::list_screener(Request request) {
  const std::string mailbox = mailbox_in(request);
  if (mailbox.empty() && !parameter(request, "mailbox").empty()) co_return no_mailbox();
  const auto limit = number_in<std::size_t>(request, "limit", 100, 1, max_page);
  if (!limit) co_return refuse(400, "limit", "limit is a number from 1 to 1000");
  const bool pending = parameter(request, "decided").empty();
  const std::string behind = parameter(request, "after_mailbox");
  std::string after = behind.empty() ? std::string() : registry::row_name(behind, parameter(request, "after_sender"));
  // One more than asked for tells whether there are more.
  auto start = [&](auto done) { services_.relationships.list(pending, mailbox, after, *limit + 1, std::move(done)); };
  auto rows = co_await net::completion<Result<std::vector<Relationships::Row>>>(std::move(start));
  if (!rows) co_return unavailable(rows.error());
  json::object object;
  object["next_mailbox"] = object["next_sender"] = nullptr;
  if (rows->size() > *limit) {
    rows->resize(*limit);
    object["next_mailbox"] = text(rows->back().relation.mailbox);
    object["next_sender"] = text(rows->back().relation.key);
  }
  json::array array;
  for (const auto& row : *rows) array.push_back(relation_object(row));
  object["senders"] = std::move(array);
  co_return ok(json::serialize(object));
}

net::Task<Response> AdminApi::list_held(Request request) {
  const std::string mailbox = mailbox_in(request);
  if (mailbox.empty()) co_return no_mailbox();
  auto start = [&](auto done) {
    services_.relationships.held(mailbox, parameter(request, "sender"), max_page, std::move(done));
  };
  const auto rows = co_await net::completion<Result<std::vector<registry::HeldRow>>>(std::move(start));
  if (!rows) co_return unavailable(rows.error());
  json::array array;
  for (const auto& row : *rows) array.push_back(held_object(row));
  json::object object;
  object["held"] = std::move(array);
  co_return ok(json::serialize(object));
}

net::Task<Response> AdminApi::decide(Request request, policy::Standing standing) {
  const std::string mailbox = mailbox_in(request);
  if (mailbox.empty()) co_return no_mailbox();
  const bool blocks = standing == policy::Standing::Blocked;
  const bool unauthenticated = !parameter(request, "unauthenticated").empty();
  const std::string who = parameter(request, "sender");
  const auto keys = policy::keys_meant(who, unauthenticated || blocks);
  if (keys.empty()) co_return nobody(who);
  std::vector<Relationships::Decision> decisions;
  for (const auto& key : keys) {
    decisions.push_back({.mailbox = mailbox, .key = key, .standing = standing, .unauthenticated = unauthenticated});
  }
  auto start = [&](auto done) {
    services_.relationships.decide(std::move(decisions), change_of(request, services_.clock), "screener",
                                   std::move(done));
  };
  const auto count = co_await net::completion<Result<std::size_t>>(std::move(start));
  if (!count) co_return of_error(count.error());
  services_.screener_decided();
  co_return changed(*count);
}

net::Task<Response> AdminApi::undo_decision(Request request) {
  const std::string mailbox = mailbox_in(request);
  if (mailbox.empty()) co_return no_mailbox();
  const std::string who = parameter(request, "sender");
  std::size_t undone = 0;
  for (const auto& key : policy::keys_meant(who, true)) {
    auto start = [&](auto done) {
      services_.relationships.undo(mailbox, key, change_of(request, services_.clock), std::move(done));
    };
    const auto one = co_await net::completion<Result<bool>>(std::move(start));
    if (!one) co_return of_error(one.error());
    if (*one) ++undone;
  }
  if (undone == 0) co_return refuse(404, "not-found", "nothing was decided about " + printable(who, 80));
  co_return changed(undone);
}

net::Task<Response> AdminApi::clear_screener(Request request) {
  const std::string mailbox = mailbox_in(request);
  if (mailbox.empty()) co_return no_mailbox();
  const std::string who = parameter(request, "sender");
  std::vector<std::string> keys{std::string()};
  if (!who.empty()) keys = policy::keys_meant(who, true);
  if (keys.empty()) co_return nobody(who);
  std::size_t cleared = 0;
  for (const auto& key : keys) {
    auto start = [&](auto done) {
      services_.relationships.clear(mailbox, key, change_of(request, services_.clock), std::move(done));
    };
    const auto some = co_await net::completion<Result<std::size_t>>(std::move(start));
    if (!some) co_return of_error(some.error());
    cleared += *some;
  }
  services_.screener_decided();
  co_return changed(cleared);
}

net::Task<Response> AdminApi::seed(Request request) {
  const std::string mailbox = mailbox_in(request);
  if (mailbox.empty()) co_return no_mailbox();
  const auto authors = read_authors(request.body);
  if (!authors) co_return refuse(400, "authors", authors.error());
  std::vector<Relationships::Decision> decisions;
  for (const auto& author : *authors) {
    for (auto& key : policy::keys_meant(author.wire(), false)) {
      decisions.push_back({.mailbox = mailbox, .key = std::move(key)});
    }
  }
  auto start = [&](auto done) {
    services_.relationships.decide(std::move(decisions), change_of(request, services_.clock), "seed", std::move(done));
  };
  const auto count = co_await net::completion<Result<std::size_t>>(std::move(start));
  if (!count) co_return of_error(count.error());
  services_.screener_decided();
  co_return changed(*count);
}

net::Task<Response> AdminApi::expect(Request request) {
  const std::string mailbox = mailbox_in(request);
  if (mailbox.empty()) co_return no_mailbox();
  const auto span = number_in<std::int64_t>(parameter(request, "seconds"), 0, longest_window);
  if (!span) co_return refuse(400, "seconds", "a window is open for seven days at most; 0 closes it");
  std::string domain = parameter(request, "domain");
  if (!domain.empty()) {
    const auto parsed = Domain::parse(domain);
    if (!parsed) co_return refuse(400, "domain", "\"" + printable(domain, 80) + "\" is no domain name");
    if (auth::is_public_suffix(*parsed)) {
      co_return refuse(400, "domain",
                       "anybody can register below " + parsed->text() + ": leave the domain out, or name one");
    }
    domain = parsed->text();
  }
  const auto until = to_unix(services_.clock.now()) + seconds(*span);
  auto start = [&](auto done) {
    services_.relationships.expect(mailbox, domain, until, change_of(request, services_.clock), std::move(done));
  };
  const auto open = co_await net::completion<Result<std::monostate>>(std::move(start));
  if (!open) co_return of_error(open.error());
  json::object object;
  object["until"] = text(timestamp(TimePoint(until)));
  co_return ok(json::serialize(object));
}

net::Task<Response> AdminApi::set_screening(Request request) {
  const std::string mailbox = mailbox_in(request);
  if (mailbox.empty()) co_return no_mailbox();
  const std::string word = parameter(request, "mode");
  const auto screening = policy::parse_screening(word);
  if (!screening && word != "default") co_return refuse(400, "mode", "a mode is off, hold, defer or default");
  auto start = [&](auto done) {
    services_.relationships.set_screening(mailbox, screening, change_of(request, services_.clock), std::move(done));
  };
  const auto set = co_await net::completion<Result<std::monostate>>(std::move(start));
  if (!set) co_return of_error(set.error());
  co_return changed(1);
}

}  // namespace cas::http
