// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// HTTP messages: what is read however it is cut, and what is refused.
#include "http/message.hpp"

#include <gtest/gtest.h>

namespace cas::http {
namespace {

constexpr std::string_view get = "GET /v1/queue?after=01J&limit=5 HTTP/1.1\r\nHost: cas\r\n\r\n";

TEST(RequestReader, reads_a_request_however_it_is_cut) {
  for (std::size_t cut = 0; cut <= get.size(); ++cut) {
    RequestReader reader;
    auto request = reader.feed(get.substr(0, cut));
    ASSERT_TRUE(request) << cut;
    if (cut < get.size()) {
      EXPECT_FALSE(*request);
      request = reader.feed(get.substr(cut));
    }
    ASSERT_TRUE(request && *request) << cut;
    EXPECT_EQ((*request)->method, "GET");
    EXPECT_EQ((*request)->path, "/v1/queue");
    EXPECT_EQ((*request)->query.at("after"), "01J");
    EXPECT_EQ((*request)->query.at("limit"), "5");
    EXPECT_TRUE((*request)->keep_alive);
    EXPECT_FALSE(reader.in_progress());
  }
}

TEST(RequestReader, keeps_what_follows_a_request) {
  RequestReader reader;
  const auto first =
      reader.feed(std::string(get) + "POST /v1/queue/retry HTTP/1.1\r\nHost: cas\r\nContent-Length: 2\r\n\r\nok");
  ASSERT_TRUE(first && *first);
  const auto second = reader.feed("");
  ASSERT_TRUE(second && *second);
  EXPECT_EQ((*second)->method, "POST");
  EXPECT_EQ((*second)->body, "ok");
}

TEST(RequestReader, knows_when_a_request_has_begun) {
  RequestReader reader;
  EXPECT_FALSE(reader.in_progress());
  ASSERT_TRUE(reader.feed("GET /"));
  EXPECT_TRUE(reader.in_progress());
}

int status_of(std::string_view octets, MessageLimits limits = {}) {
  RequestReader reader(limits);
  const auto request = reader.feed(octets);
  return request ? (*request ? 200 : 0) : request.error().status;
}

TEST(RequestReader, refuses_what_is_no_request) {
  EXPECT_EQ(status_of("EHLO mx.example\r\n\r\n"), 400);
  EXPECT_EQ(status_of(std::string("\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n", 15)), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), 400) << "RFC 9112 §3.2";
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\r\n"), 400) << "RFC 9112 §3.2";
  EXPECT_EQ(status_of("GET http://elsewhere/ HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(status_of("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"), 400)
      << "RFC 9112 §6.1: smuggling";
  EXPECT_EQ(status_of("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"), 400);
}

TEST(RequestReader, refuses_a_body_beyond_the_limit_before_it_comes) {
  EXPECT_EQ(status_of("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n"), 413);
  EXPECT_EQ(status_of("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n" + std::string(32, 'a') +
                          "\r\n0\r\n\r\n",
                      MessageLimits{.header = 8192, .body = 16}),
            413);
}

TEST(RequestReader, refuses_a_header_beyond_the_limit) {
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(9000, 'a') + "\r\n\r\n"), 431);
}

TEST(RequestReader, never_keeps_more_than_its_limits) {
  RequestReader reader(MessageLimits{.header = 1000, .body = 1000});
  std::size_t fed = 0;
  while (reader.feed(std::string(100, 'a')) && fed < 100000) fed += 100;
  EXPECT_LE(fed, 2100U);
}

TEST(Targets, read_what_was_written) {
  Request request;
  request.path = "/v1/trace/a b%c";
  request.query = {{"id", "x&y=z é"}, {"empty", ""}};
  Request again;
  ASSERT_TRUE(read_target(write_target(request), again));
  EXPECT_EQ(again.path, request.path);
  EXPECT_EQ(again.query, request.query);
}

TEST(Targets, refuse_control_characters_and_too_many_parameters) {
  Request request;
  EXPECT_FALSE(read_target("/a%0d%0aSet-Cookie:x", request));
  EXPECT_FALSE(read_target("/a%00", request));
  EXPECT_FALSE(read_target("/a%ff", request)) << "no UTF-8";
  EXPECT_FALSE(read_target("/a%4", request));
  EXPECT_FALSE(read_target("", request));
  std::string many = "/?a=1";
  for (int n = 0; n < 40; ++n) many += "&a" + std::to_string(n) + "=1";
  EXPECT_FALSE(read_target(many, request));
}

TEST(Messages, written_ones_are_read_back) {
  RequestReader requests;
  Request request;
  request.method = "POST";
  request.path = "/v1/queue/retry";
  request.body = "{}";
  request.keep_alive = false;
  const auto read = requests.feed(write_request(request, "cas"));
  ASSERT_TRUE(read && *read);
  EXPECT_EQ((*read)->method, "POST");
  EXPECT_EQ((*read)->body, "{}");
  EXPECT_FALSE((*read)->keep_alive);

  ResponseReader responses;
  const std::string octets = write_response(Response{.status = 404, .body = "{\"error\":1}"});
  for (std::size_t n = 0; n + 1 < octets.size(); ++n) {
    const auto more = responses.feed(std::string_view(octets).substr(n, 1));
    ASSERT_TRUE(more);
    ASSERT_FALSE(*more);
  }
  const auto response = responses.feed(std::string_view(octets).substr(octets.size() - 1));
  ASSERT_TRUE(response && *response);
  EXPECT_EQ((*response)->status, 404);
  EXPECT_EQ((*response)->body, "{\"error\":1}");
}

}  // namespace
}  // namespace cas::http
