// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The suppression list over the admin API.
#include <boost/json.hpp>

#include "base/encoding.hpp"
#include "http/admin_answers.hpp"
#include "http/admin_api.hpp"
#include "http/json.hpp"
#include "net/completion.hpp"

namespace cas::http {

namespace {

namespace json = boost::json;

constexpr std::size_t max_page = 1000;
constexpr std::size_t max_entered = 1000;  // in one request
constexpr std::size_t max_shown = 1024;

std::string time_text(UnixTime time) {
  return timestamp(TimePoint(time));
}

json::object row_object(const queue::Suppression& row) {
  json::object object;
  object["address"] = printable(row.address, max_shown);
  object["since"] = time_text(row.since);
  object["last"] = time_text(row.last);
  object["until"] = time_text(row.until);
  object["bounces"] = row.count;
  object["reply"] = printable(row.reply, max_shown);
  return object;
}

/// {"addresses":["a@b.example"],"reason":"..."}
struct Entered {
  std::vector<Mailbox> addresses;
  std::string reason;
};
std::expected<Entered, std::string> read_entered(const std::string& body) {
  json::error_code fault;
  const auto value = json::parse(body, fault);
  const auto* object = fault ? nullptr : value.if_object();
  const auto* list = object == nullptr ? nullptr : object->if_contains("addresses");
  if (list == nullptr || !list->is_array()) return std::unexpected("the body is {\"addresses\":[...],\"reason\"}");
  if (list->as_array().size() > max_entered) return std::unexpected("at most 1000 addresses at once");
  Entered entered;
  for (const auto& one : list->as_array()) {
    const auto* text = one.if_string();
    const auto address = text == nullptr ? Result<Mailbox>(permanent("no address"))
                                         : Mailbox::parse(std::string_view(text->data(), text->size()));
    if (!address) {
      return std::unexpected(text == nullptr ? "an address is a string"
                                             : "\"" + printable(std::string_view(text->data(), text->size()), 80) +
                                                   "\" is no address");
    }
    entered.addresses.push_back(*address);
  }
  const auto* reason = object->if_contains("reason");
  if (reason != nullptr && reason->is_string()) entered.reason = std::string(reason->as_string().c_str());
  return entered;
}

}  // namespace

net::Task<Response> AdminApi::suppression(Request request) {
  if (request.method == "GET") co_return co_await list_suppressions(std::move(request));
  if (request.method == "POST") co_return co_await add_suppressions(std::move(request));
  if (request.method == "DELETE") co_return co_await remove_suppression(std::move(request));
  co_return refuse(405, "method", "use GET, POST or DELETE here");
}

net::Task<Response> AdminApi::list_suppressions(Request request) {
  const auto limit = number_in<std::size_t>(request, "limit", 100, 1, max_page);
  if (!limit) co_return refuse(400, "limit", "limit is a number from 1 to 1000");
  std::string after = parameter(request, "after");
  // One more than asked for tells whether there are more.
  auto start = [&](auto done) { services_.suppressions.list(after, *limit + 1, std::move(done)); };
  auto rows = co_await net::completion<Result<std::vector<queue::Suppression>>>(std::move(start));
  if (!rows) co_return unavailable(rows.error());
  json::object object;
  object["next"] = nullptr;
  if (rows->size() > *limit) {
    rows->resize(*limit);
    object["next"] = printable(rows->back().address, max_shown);
  }
  json::array array;
  for (const auto& row : *rows) array.push_back(row_object(row));
  object["suppressed"] = std::move(array);
  object["enabled"] = services_.suppressions.enabled();
  co_return Response{.status = 200, .body = json::serialize(object)};
}

net::Task<Response> AdminApi::add_suppressions(Request request) {
  auto entered = read_entered(request.body);
  if (!entered) co_return refuse(400, "addresses", entered.error());
  if (!services_.suppressions.enabled()) {
    co_return refuse(400, "disabled", "nothing is suppressed: [queue] suppression is false");
  }
  const std::size_t count = entered->addresses.size();
  auto start = [&](auto done) {
    services_.suppressions.add(std::move(entered->addresses), std::move(entered->reason), std::move(done));
  };
  const auto fresh = co_await net::completion<Result<std::size_t>>(std::move(start));
  if (!fresh) co_return unavailable(fresh.error());
  json::object object;
  object["entered"] = count;
  object["new"] = *fresh;
  co_return Response{.status = 200, .body = json::serialize(object)};
}

net::Task<Response> AdminApi::remove_suppression(Request request) {
  const auto address = Mailbox::parse(parameter(request, "address"));
  if (!address) co_return refuse(400, "address", "address is none");
  auto start = [&](auto done) { services_.suppressions.remove(*address, std::move(done)); };
  const auto removed = co_await net::completion<Result<bool>>(std::move(start));
  if (!removed) co_return unavailable(removed.error());
  if (!*removed) co_return refuse(404, "not-found", address->wire() + " is not suppressed");
  co_return Response{.status = 200, .body = "{\"removed\":1}"};
}

}  // namespace cas::http
