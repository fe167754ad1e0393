// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See users_api.hpp.
#include "http/users_api.hpp"

#include <boost/json.hpp>

#include "http/admin_answers.hpp"
#include "http/json_text.hpp"
#include "net/completion.hpp"

namespace cas::http {

namespace {

namespace json = boost::json;
using registry::AccountPtr;

constexpr std::size_t max_page = 1000;

json::object user_object(const registry::Account& account) {
  json::object object;
  object["name"] = text(printable(account.name, max_value));
  json::array rights;
  for (const auto& right : account.send_as) rights.emplace_back(text(printable(right.text(), max_value)));
  object["send_as"] = std::move(rights);
  object["scram"] = account.secret.scram.has_value();
  object["disabled"] = account.disabled;
  object["configured"] = account.configured;
  if (!account.configured) {
    object["created"] = text(timestamp(account.created));
    object["by"] = text(printable(account.by, max_value));
  }
  return object;
}

/// What a request may say; what it leaves out is empty.
struct Asked {
  std::string name;
  registry::Secret secret;
  std::optional<std::vector<policy::SendAs>> send_as;
  std::vector<policy::SendAs> added, removed;
};
using Fault = std::unexpected<std::string>;

std::expected<std::string, std::string> string_in(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr) return std::string();
  if (!value->is_string()) return Fault("\"" + std::string(key) + "\" is a string");
  return std::string(value->as_string());
}

std::expected<std::vector<policy::SendAs>, std::string> rights_in(const json::object& object, std::string_view key) {
  std::vector<policy::SendAs> rights;
  const auto* list = object.if_contains(key);
  if (list == nullptr) return rights;
  if (!list->is_array()) return Fault("\"" + std::string(key) + "\" is a list of addresses");
  for (const auto& one : list->as_array()) {
    if (!one.is_string()) return Fault("an address is a string");
    auto right = policy::SendAs::parse(std::string_view(one.as_string()));
    if (!right) {
      return Fault("\"" + printable(std::string_view(one.as_string()), 80) + "\": " + right.error().public_text);
    }
    rights.push_back(*std::move(right));
  }
  return rights;
}

std::expected<Asked, std::string> read_asked(const std::string& body) {
  json::error_code fault;
  const auto value = json::parse(body, fault);
  if (fault || !value.is_object()) return Fault("the body is a JSON object with a \"name\"");
  const auto& object = value.as_object();
  Asked asked;
  for (auto [key, target] : {std::pair("name", &asked.name), std::pair("password", &asked.secret.password)}) {
    auto read = string_in(object, key);
    if (!read) return Fault(read.error());
    *target = *std::move(read);
  }
  if (asked.name.empty()) return Fault("\"name\" is missing");
  const auto scram = string_in(object, "scram");
  if (!scram) return Fault(scram.error());
  if (!scram->empty()) {
    auto verifier = crypto::ScramVerifier::parse(*scram);
    if (!verifier) return Fault(verifier.error().public_text);
    asked.secret.scram = *std::move(verifier);
  }
  auto send_as = rights_in(object, "send_as");
  auto added = rights_in(object, "add");
  auto removed = rights_in(object, "remove");
  for (const auto* list : {&send_as, &added, &removed}) {
    if (!*list) return Fault(list->error());
  }
  if (object.contains("send_as")) asked.send_as = *std::move(send_as);
  asked.added = *std::move(added);
  asked.removed = *std::move(removed);
  return asked;
}

Response told(const Result<AccountPtr>& account) {
  if (account) return ok(json::serialize(user_object(**account)));
  if (account.error().lasting == Lasting::Transient) return unavailable(account.error());
  return refuse(400, "user", account.error().public_text);
}

/// Runs a change that ends with `done`.
template <class Start>
net::Task<Response> changed(Start start) {
  const auto account = co_await net::completion<Result<AccountPtr>>(std::move(start));
  co_return told(account);
}

}  // namespace

net::Task<Response> UsersApi::answer(Request request) {
  if (request.path == path) {
    if (request.method == "GET") co_return list(request);
    if (request.method == "POST") co_return co_await add(std::move(request));
    if (request.method == "DELETE") co_return co_await remove(std::move(request));
    co_return refuse(405, "method", "use GET, POST or DELETE here");
  }
  const std::string what = request.path.substr(path.size());
  const bool known = what == "/password" || what == "/send-as" || what == "/enable" || what == "/disable";
  if (!known) co_return refuse(404, "not-found", "there is nothing at " + printable(request.path, max_value));
  if (request.method != "POST") co_return refuse(405, "method", "use POST here");
  if (what == "/password") co_return co_await set_password(std::move(request));
  if (what == "/send-as") co_return co_await change_send_as(std::move(request));
  const bool disabled = what == "/disable";
  co_return co_await set_disabled(std::move(request), disabled);
}

Response UsersApi::list(const Request& request) const {
  const auto limit = number_in<std::size_t>(request, "limit", 100, 1, max_page);
  if (!limit) return refuse(400, "limit", "limit is a number from 1 to 1000");
  // One more than asked for tells whether there are more.
  auto accounts = accounts_.list(parameter(request, "after"), *limit + 1);
  json::object object;
  object["next"] = nullptr;
  if (accounts.size() > *limit) {
    accounts.resize(*limit);
    object["next"] = text(accounts.back()->name);
  }
  json::array users;
  for (const auto& account : accounts) users.push_back(user_object(*account));
  object["users"] = std::move(users);
  return ok(json::serialize(object));
}

net::Task<Response> UsersApi::add(Request request) {
  auto asked = read_asked(request.body);
  if (!asked) co_return refuse(400, "request", asked.error());
  if (!asked->send_as) {
    auto own = policy::SendAs::parse(asked->name);
    if (!own) co_return refuse(400, "send-as", "the name is no address: say as whom this user may send");
    asked->send_as = std::vector{*std::move(own)};
  }
  registry::Account account{
      .name = std::move(asked->name), .secret = std::move(asked->secret), .send_as = *std::move(asked->send_as)};
  auto start = [&](auto done) { accounts_.add(std::move(account), change_of(request, clock_), std::move(done)); };
  co_return co_await changed(std::move(start));
}

net::Task<Response> UsersApi::set_password(Request request) {
  auto asked = read_asked(request.body);
  if (!asked) co_return refuse(400, "request", asked.error());
  auto start = [&](auto done) {
    accounts_.set_secret(std::move(asked->name), std::move(asked->secret), change_of(request, clock_), std::move(done));
  };
  co_return co_await changed(std::move(start));
}

net::Task<Response> UsersApi::change_send_as(Request request) {
  auto asked = read_asked(request.body);
  if (!asked) co_return refuse(400, "request", asked.error());
  auto start = [&](auto done) {
    accounts_.change_send_as(std::move(asked->name), std::move(asked->added), std::move(asked->removed),
                             change_of(request, clock_), std::move(done));
  };
  co_return co_await changed(std::move(start));
}

net::Task<Response> UsersApi::set_disabled(Request request, bool disabled) {
  auto asked = read_asked(request.body);
  if (!asked) co_return refuse(400, "request", asked.error());
  auto start = [&](auto done) {
    accounts_.set_disabled(std::move(asked->name), disabled, change_of(request, clock_), std::move(done));
  };
  co_return co_await changed(std::move(start));
}

net::Task<Response> UsersApi::remove(Request request) {
  auto start = [&](auto done) {
    accounts_.remove(parameter(request, "name"), change_of(request, clock_), std::move(done));
  };
  co_return co_await changed(std::move(start));
}

}  // namespace cas::http
