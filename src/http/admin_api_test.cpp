// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The admin API as the tools see it: a server on a Unix socket, the client, a queue on the memory store.
#include "http/admin_api.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <atomic>
#include <boost/json.hpp>
#include <filesystem>
#include <future>

#include "base/guarded.hpp"
#include "http/client.hpp"
#include "http/json.hpp"
#include "http/server.hpp"
#include "net/runtime.hpp"
#include "store/memory.hpp"
#include "testing/fake_clock.hpp"
#include "testing/fake_random.hpp"

namespace cas::http {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using ::testing::HasSubstr;

class Ignore : public EventSink {
 public:
  void emit(Event event) override {
    names_.with([&](auto& names) { names.emplace_back(event.name); });
  }
  std::vector<std::string> names() {
    return names_.with([](auto& names) { return names; });
  }

 private:
  Guarded<std::vector<std::string>> names_;
};

Mailbox address(std::string_view text) {
  return *Mailbox::parse(text);
}

class AdminApiTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "cas-admin-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    queue_ = std::make_unique<queue::Queue>(*store_, clock_, random_, events_, options_);
    ASSERT_TRUE(queue_->recover());
    AdminApi::Services services{.queue = *queue_,
                                .suppressions = suppressions_,
                                .relationships = relationships_,
                                .clock = clock_,
                                .trace = [](std::string_view id) { return events_of(id); },
                                .status = [] { return status(); },
                                .about_to_retry = [this] { ++retries_; }};
    api_ = std::make_unique<AdminApi>(std::move(services));
    listen(ServerOptions{});
  }
  void TearDown() override {
    server_->stop();
    runtime_.stop();
    server_.reset();
    fs::remove_all(folder_);
  }

  void listen(ServerOptions options) {
    auto listener = net::Listener::unix_socket(runtime_.executor(0), socket().string());
    ASSERT_TRUE(listener) << listener.error().private_reason;
    auto answer = [this](Request request) -> net::Task<Response> {
      if (request.path == "/throws") throw std::runtime_error("a bug");
      return api_->answer(std::move(request));
    };
    server_ = std::make_unique<Server>(runtime_.executor(0), *std::move(listener), options, events_, answer);
    runtime_.start();
    server_->start();
  }

  [[nodiscard]] fs::path socket() const { return folder_ / "admin.sock"; }

  static ServerStatus status() {
    return ServerStatus{.version = "1",
                        .host = "mx.north.example",
                        .pid = 7,
                        .started = TimePoint(seconds(1795460400)),
                        .listening = {"127.0.0.1:25 mx"},
                        .next_local = {},
                        .next_remote = {}};
  }

  static std::vector<RecordedEvent> events_of(std::string_view id) {
    if (id != "0123456789abcdef") return {};
    Event event{.level = Level::Info, .trace = std::string(id), .queue_id = {}, .name = "rcpt", .fields = {}};
    event.fields.emplace_back("to", "<joe@b.example>\x1b[2J");
    return {RecordedEvent{.at = TimePoint(seconds(1795460400)), .event = std::move(event)}};
  }

  Response get(const std::string& path, std::map<std::string, std::string> query = {}, std::string method = "GET") {
    Request request;
    request.method = std::move(method);
    request.path = path;
    request.query = std::move(query);
    auto response = fetch(socket(), std::move(request));
    EXPECT_TRUE(response) << (response ? "" : response.error().reason);
    return response ? *std::move(response) : Response{.status = 0};
  }

  store::QueueId enqueue(std::string_view to) {
    queue::NewMessage message;
    message.message.trace = "0123456789abcdef";
    message.message.arrived = clock_.now();
    message.message.sender = ReversePath(address("ann@north.example"));
    message.message.body_size = 4;
    message.small_body = "x\r\n\r\n";
    message.recipients.push_back(
        queue::NewRecipient{.address = address(to), .route = store::Route::Remote, .ledgers = {}});
    std::promise<store::QueueId> promise;
    queue_->commit(std::move(message),
                   [&](auto committed) { promise.set_value(committed ? committed->id : "failed"); });
    clock_.advance(milliseconds(1000));
    return promise.get_future().get();
  }

  fs::path folder_;
  testing::FakeClock clock_;
  testing::FakeRandom random_;
  Ignore events_;
  std::atomic<int> retries_ = 0;
  std::unique_ptr<store::Store> store_ = store::open_memory();
  queue::Suppressions suppressions_{*store_, clock_, {.enabled = true, .keep = std::chrono::hours(24)}};
  registry::Relationships relationships_{*store_, clock_};
  queue::Options options_{.host = *Domain::parse("mx.north.example")};
  std::unique_ptr<queue::Queue> queue_;
  std::unique_ptr<AdminApi> api_;
  net::Runtime runtime_{1};
  std::unique_ptr<Server> server_;
};

TEST_F(AdminApiTest, queue_is_listed_in_pages) {
  std::vector<store::QueueId> ids;
  for (const auto* to : {"a@b.example", "b@b.example", "c@b.example"}) ids.push_back(enqueue(to));
  const auto first = json::parse(get("/v1/queue", {{"limit", "2"}}).body).as_object();
  ASSERT_EQ(first.at("messages").as_array().size(), 2U);
  EXPECT_EQ(first.at("next").as_string(), ids[1]);
  const auto& message = first.at("messages").as_array()[0].as_object();
  EXPECT_EQ(message.at("id").as_string(), ids[0]);
  EXPECT_EQ(message.at("sender").as_string(), "ann@north.example");
  const auto& recipient = message.at("recipients").as_array()[0].as_object();
  EXPECT_EQ(recipient.at("address").as_string(), "a@b.example");
  EXPECT_EQ(recipient.at("state").as_string(), "waiting");
  EXPECT_EQ(recipient.at("route").as_string(), "remote");

  const auto second = json::parse(get("/v1/queue", {{"limit", "2"}, {"after", ids[1]}}).body).as_object();
  ASSERT_EQ(second.at("messages").as_array().size(), 1U);
  EXPECT_TRUE(second.at("next").is_null());
}

TEST_F(AdminApiTest, retry_answers_how_many_recipients_are_due) {
  const auto id = enqueue("a@b.example");
  const auto one = get("/v1/queue/retry", {{"ids", id}}, "POST");
  EXPECT_EQ(one.status, 200);
  EXPECT_EQ(json::parse(one.body).at("changed").as_int64(), 1);
  EXPECT_EQ(retries_, 1);
  EXPECT_EQ(get("/v1/queue/retry", {{"dry_run", "1"}}, "POST").status, 200);
  EXPECT_EQ(get("/v1/queue/hold", {{"ids", id}}, "POST").status, 200);
  EXPECT_EQ(retries_, 1) << "nothing else wakes anybody";
  EXPECT_EQ(get("/v1/queue/retry", {}, "POST").status, 200);
  EXPECT_EQ(get("/v1/queue/retry", {{"ids", "NOSUCHMESSAGE"}}, "POST").status, 404);
}

TEST_F(AdminApiTest, actions_take_filters_and_dry_runs) {
  const auto id = enqueue("a@b.example");
  enqueue("c@d.example");
  const auto dry = json::parse(get("/v1/queue/remove", {{"domain", "b.example"}, {"dry_run", "1"}}, "POST").body);
  EXPECT_EQ(dry.at("changed").as_int64(), 1);
  EXPECT_EQ(dry.at("examples").as_array().at(0).at("id").as_string(), id);
  EXPECT_EQ(get("/v1/queue/message/" + id).status, 200) << "it was only a trial";
  EXPECT_EQ(get("/v1/queue/hold", {{"domain", "b.example"}, {"reason", "why"}, {"by", "me"}}, "POST").status, 200);
  const auto shown = json::parse(get("/v1/queue/message/" + id).body);
  EXPECT_EQ(shown.at("recipients").as_array().at(0).at("state").as_string(), "held");
  EXPECT_EQ(shown.at("recipients").as_array().at(0).at("note").as_string(), "why");
  EXPECT_EQ(get("/v1/queue/body/" + id, {{"chunk", "0"}}).body, "x\r\n\r\n");
  EXPECT_EQ(get("/v1/queue/body/" + id, {{"chunk", "1"}}).body, "");
  EXPECT_EQ(get("/v1/queue/remove", {{"ids", id}}, "POST").status, 200);
  EXPECT_EQ(get("/v1/queue/message/" + id).status, 404);
}

TEST_F(AdminApiTest, the_whole_queue_must_be_meant) {
  enqueue("a@b.example");
  for (const auto* action : {"hold", "bounce", "remove"}) {
    EXPECT_EQ(get(std::string("/v1/queue/") + action, {}, "POST").status, 400) << action;
  }
  EXPECT_EQ(get("/v1/queue/remove", {{"all", "1"}}, "POST").status, 200);
}

TEST_F(AdminApiTest, domains_are_suspended_and_the_queue_is_paused) {
  EXPECT_EQ(get("/v1/queue/suspend", {{"domain", "b.example"}, {"reason", "they asked"}}, "POST").status, 200);
  EXPECT_EQ(get("/v1/queue/pause", {{"reason", "moving"}}, "POST").status, 200);
  const auto stats = json::parse(get("/v1/queue/stats").body);
  EXPECT_EQ(stats.at("suspended").as_array().at(0).at("domain").as_string(), "b.example");
  EXPECT_EQ(stats.at("paused").as_string(), "moving");
  for (const auto* path : {"/v1/queue/resume", "/v1/queue/unpause"}) {
    EXPECT_EQ(get(path, {{"domain", "b.example"}}, "POST").status, 200) << path;
    EXPECT_EQ(get(path, {{"domain", "b.example"}}, "POST").status, 404) << path;
  }
}

TEST_F(AdminApiTest, trace_gives_events_with_printable_values) {
  const auto response = get("/v1/trace/0123456789abcdef");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body.find('\x1b'), std::string::npos);
  const auto event = json::parse(response.body).at("events").as_array().at(0).as_object();
  EXPECT_EQ(event.at("event").as_string(), "rcpt");
  EXPECT_EQ(event.at("at").as_string(), "2026-11-23T19:00:00.000Z");
  EXPECT_EQ(get("/v1/trace/ffffffffffffffff").status, 404);
}

TEST_F(AdminApiTest, status_says_who_and_where) {
  const auto object = json::parse(get("/v1/status").body).as_object();
  EXPECT_EQ(object.at("host").as_string(), "mx.north.example");
  EXPECT_EQ(object.at("listening").as_array().at(0).as_string(), "127.0.0.1:25 mx");
  EXPECT_TRUE(object.at("next_remote").is_null());
}

TEST_F(AdminApiTest, suppressed_mailboxes_are_listed_entered_and_lifted) {
  const auto post = [&](std::string body) {
    return fetch(socket(), Request{.method = "POST", .path = "/v1/suppression", .body = std::move(body)}).value();
  };
  EXPECT_EQ(json::parse(get("/v1/suppression").body).at("suppressed").as_array().size(), 0U);
  const auto entered = post(R"({"addresses":["B@b.example","a@b.example"],"reason":"asked"})");
  EXPECT_EQ(entered.status, 200) << entered.body;
  EXPECT_EQ(json::parse(entered.body).at("new").as_int64(), 2);
  const auto page = json::parse(get("/v1/suppression", {{"limit", "1"}}).body).as_object();
  EXPECT_EQ(page.at("next").as_string(), "a@b.example");
  EXPECT_EQ(page.at("suppressed").at(0).at("reply").as_string(), "asked");
  const auto rest = json::parse(get("/v1/suppression", {{"limit", "1"}, {"after", "a@b.example"}}).body).as_object();
  EXPECT_EQ(rest.at("suppressed").at(0).at("address").as_string(), "b@b.example");
  EXPECT_TRUE(rest.at("next").is_null());
  EXPECT_EQ(get("/v1/suppression", {{"address", "b@b.example"}}, "DELETE").status, 200);
  EXPECT_EQ(get("/v1/suppression", {{"address", "b@b.example"}}, "DELETE").status, 404);
  for (const auto* body : {"", "[]", "{}", R"({"addresses":[1]})", R"({"addresses":["nonsense"]})"}) {
    EXPECT_EQ(post(body).status, 400) << body;
  }
  EXPECT_EQ(get("/v1/suppression", {{"address", "x"}}, "DELETE").status, 400);
  EXPECT_EQ(get("/v1/suppression", {{"limit", "0"}}).status, 400);
  EXPECT_EQ(get("/v1/suppression", {}, "PUT").status, 405);
}

TEST_F(AdminApiTest, nonsense_is_refused_with_a_reason) {
  EXPECT_EQ(get("/").status, 404);
  EXPECT_EQ(get("/v1/queue/retry").status, 405);
  EXPECT_EQ(get("/v1/queue", {}, "DELETE").status, 405);
  EXPECT_EQ(get("/v1/trace/").status, 400);
  EXPECT_EQ(get("/v1/trace/../../etc/passwd").status, 400);
  EXPECT_EQ(get("/v1/queue", {{"after", "' OR 1=1"}}).status, 400);
  for (const auto* limit : {"0", "-1", "1001", "x", "5x", "99999999999999999999"}) {
    EXPECT_EQ(get("/v1/queue", {{"limit", limit}}).status, 400) << limit;
  }
  EXPECT_EQ(get("/v1/queue", {{"state", "asleep"}}).status, 400);
  EXPECT_EQ(get("/v1/queue/suspend", {{"domain", "a b"}}, "POST").status, 400);
  EXPECT_EQ(get("/v1/queue/hold", {{"all", "1"}, {"reason", "\xc3\xa9"}}, "POST").status, 400);
  EXPECT_EQ(get("/v1/queue/body/AB1", {{"chunk", "x"}}).status, 400);
  EXPECT_EQ(get("/v1/queue/nothing").status, 404);
  EXPECT_THAT(get("/v1/queue", {{"limit", "0"}}).body, HasSubstr("1 to 1000"));
}

TEST_F(AdminApiTest, handler_that_throws_is_answered_with_500_and_reported) {
  EXPECT_EQ(get("/throws").status, 500);
  EXPECT_THAT(events_.names(), ::testing::Contains("http-fault"));
  EXPECT_EQ(get("/v1/status").status, 200) << "and the server goes on";
}

TEST_F(AdminApiTest, socket_is_not_for_everybody) {
  struct stat status{};
  ASSERT_EQ(::stat(socket().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0660U);
}

TEST_F(AdminApiTest, octets_that_are_no_http_are_answered_with_400_and_the_end) {
  std::string said;
  bool ended = false;
  net::Runtime other(1);
  other.start();
  const std::string path = socket().string();
  net::run_and_wait(other.executor(0), [&]() -> net::Task<void> {
    auto stream = co_await net::connect_unix(path, milliseconds(10000));
    (void)co_await stream->write("EHLO mx.example\r\n\r\n", milliseconds(10000));
    std::array<char, 4096> buffer;
    while (true) {
      const auto got = co_await stream->read_some(buffer, milliseconds(10000));
      if (!got || *got == 0) {
        ended = got.has_value();
        break;
      }
      said.append(buffer.data(), *got);
    }
    co_await stream->close();
  });
  EXPECT_TRUE(ended);
  EXPECT_THAT(said, HasSubstr("HTTP/1.1 400"));
  EXPECT_THAT(said, HasSubstr("Connection: close"));
}

TEST(AdminClient, says_that_nobody_listens) {
  const auto response = fetch("/nonexistent/admin.sock", Request{});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ClientFault::Kind::NotRunning);
}

}  // namespace
}  // namespace cas::http
