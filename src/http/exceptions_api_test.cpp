// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Exceptions over the admin API, on the memory store.
#include "http/exceptions_api.hpp"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "net/runtime.hpp"
#include "store/memory.hpp"
#include "testing/fake_clock.hpp"

namespace cas::http {
namespace {

namespace json = boost::json;
using ::testing::HasSubstr;

class Ignore final : public EventSink {
 public:
  void emit(Event) override {}
};

class ExceptionsApiTest : public ::testing::Test {
 protected:
  ExceptionsApiTest() { runtime_.start(); }
  ~ExceptionsApiTest() override { runtime_.stop(); }

  struct Answer {
    int status = 0;
    json::object body;
  };
  Answer ask(std::string method, std::string path, std::map<std::string, std::string> query = {},
             std::string body = {}) {
    Request request{
        .method = std::move(method), .path = std::move(path), .query = std::move(query), .body = std::move(body)};
    Response response;
    net::run_and_wait(runtime_.executor(0),
                      [&]() -> net::Task<void> { response = co_await api_.answer(std::move(request)); });
    return {.status = response.status, .body = json::parse(response.body).as_object()};
  }
  Answer enter(std::string body, std::map<std::string, std::string> query = {}) {
    return ask("POST", "/v1/exceptions", std::move(query), std::move(body));
  }
  static std::string fault(const Answer& answer) {
    return std::string(answer.body.at("error").as_object().at("message").as_string());
  }

  net::Runtime runtime_{1};
  testing::FakeClock clock_;
  Ignore events_;
  std::unique_ptr<store::Store> store_ = store::open_memory();
  std::unique_ptr<registry::Exceptions> exceptions_ = registry::Exceptions::load(*store_, clock_, events_, 1).value();
  ExceptionsApi api_{*exceptions_, *store_, clock_};
};

TEST_F(ExceptionsApiTest, EntersListsFindsAndRemoves) {
  const auto entered =
      enter(R"({"exceptions":[{"action":"exempt","pattern":"a.example","reason":"r","until":"2030-01-01T00:00:00Z"},
      {"action":"block","pattern":"/^x@/","for":"suzie@south.example"}]})",
            {{"by", "root"}});
  EXPECT_EQ(entered.status, 200);
  EXPECT_EQ(entered.body.at("new"), 2);
  const auto first = ask("GET", "/v1/exceptions", {{"limit", "1"}});
  EXPECT_EQ(first.body.at("next"), "1");
  const auto& row = first.body.at("exceptions").at(0).as_object();
  EXPECT_EQ(row.at("proof"), "dkim");
  EXPECT_EQ(row.at("until"), "2030-01-01T00:00:00Z");
  EXPECT_EQ(ask("GET", "/v1/exceptions", {{"limit", "1"}, {"after", "1"}}).body.at("exceptions").at(0).at("id"), 2);
  EXPECT_EQ(ask("GET", "/v1/exceptions", {{"action", "block"}, {"for", ""}}).body.at("exceptions").as_array().size(),
            0U);
  EXPECT_EQ(ask("GET", "/v1/exceptions/find", {{"what", "x@b.example"}}).body.at("exceptions").at(0).at("id"), 2);
  EXPECT_EQ(ask("DELETE", "/v1/exceptions", {{"action", "exempt"}, {"pattern", "A.example"}})
                .body.at("removed")
                .at(0)
                .at("id"),
            1);
  EXPECT_EQ(ask("DELETE", "/v1/exceptions", {{"ids", "1,2"}}).body.at("removed").as_array().size(), 1U);
  EXPECT_EQ(ask("DELETE", "/v1/exceptions", {{"ids", "2"}}).status, 404);
  const auto audit = ask("GET", "/v1/audit", {{"limit", "2"}});
  EXPECT_EQ(audit.body.at("audit").as_array().size(), 2U);
  EXPECT_EQ(ask("GET", "/v1/audit", {{"before", std::string(audit.body.at("next").as_string())}})
                .body.at("audit")
                .at(1)
                .at("by"),
            "root");
}

TEST_F(ExceptionsApiTest, SaysWhichOneIsRefusedAndEntersNone) {
  const auto refused =
      enter(R"({"exceptions":[{"action":"exempt","pattern":"a.example"},{"action":"exempt","pattern":"com"}]})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.body.at("error").at("index"), 1);
  EXPECT_THAT(fault(refused), HasSubstr("anybody can register"));
  EXPECT_EQ(exceptions_->size(), 0U);
  const std::pair<std::string, std::string> cases[] = {
      {"[]", "the body is"},
      {"{", "the body is"},
      {R"({"exceptions":[7]})", "is an object"},
      {R"({"exceptions":[{"action":"x","pattern":"a.example"}]})", "action"},
      {R"({"exceptions":[{"action":"block"}]})", "pattern is missing"},
      {R"({"exceptions":[{"action":"exempt","pattern":"a.example","proof":"x"}]})", "proof"},
      {R"({"exceptions":[{"action":"exempt","pattern":"a.example","proof":"none"}]})", "--unauthenticated"},
      {R"({"exceptions":[{"action":"exempt","pattern":"a.example","until":"soon"}]})", "until"},
      {R"({"exceptions":[{"action":"block","pattern":"a.example","for":"@"}]})", "no mailbox"}};
  for (const auto& [body, word] : cases) {
    const auto answer = enter(body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_THAT(fault(answer), HasSubstr(word)) << body;
  }
}

TEST_F(ExceptionsApiTest, ATrialTellsWhatItWas) {
  enter(R"({"exceptions":[{"action":"block","pattern":"a.example","reason":"old"}]})");
  const auto tried =
      enter(R"({"exceptions":[{"action":"block","pattern":"a.example","reason":"new"}]})", {{"dry_run", "1"}});
  EXPECT_EQ(tried.body.at("changed"), 1);
  EXPECT_EQ(tried.body.at("exceptions").at(0).at("before").at("reason"), "old");
  EXPECT_EQ(ask("GET", "/v1/exceptions").body.at("exceptions").at(0).at("reason"), "old");
}

TEST_F(ExceptionsApiTest, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(ask("PUT", "/v1/exceptions").status, 405);
  EXPECT_EQ(ask("DELETE", "/v1/audit").status, 405);  // nothing changes the audit log
  EXPECT_EQ(ask("POST", "/v1/audit").status, 405);
  for (const auto* limit : {"0", "1001", "x", "-1"})
    EXPECT_EQ(ask("GET", "/v1/exceptions", {{"limit", limit}}).status, 400);
  EXPECT_EQ(ask("GET", "/v1/exceptions", {{"action", "x"}}).status, 400);
  EXPECT_EQ(ask("GET", "/v1/exceptions/find", {{"what", ".a.example"}}).status, 400);
  EXPECT_EQ(ask("DELETE", "/v1/exceptions", {{"ids", "1,x"}}).status, 400);
  EXPECT_EQ(ask("DELETE", "/v1/exceptions").status, 404);
  EXPECT_FALSE(ExceptionsApi::answers("/v1/exceptionsx"));
}

}  // namespace
}  // namespace cas::http
