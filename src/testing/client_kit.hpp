// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What the tests of the client's session share: replies from text, small transactions, and a run of replies.
#pragma once

#include <gtest/gtest.h>

#include "smtp/client_session.hpp"

namespace cas::testing::client {

using namespace smtp;

inline Mailbox box(std::string_view text) {
  return Mailbox::parse(text).value();
}

inline Reply reply(std::string_view text) {
  ReplyParser parser;
  std::optional<Reply> whole;
  while (!whole) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    whole = parser.on_line(line).value();
  }
  return *whole;
}

inline Transaction transaction(std::vector<std::string> to = {"suzie@b.example"}) {
  Transaction transaction;
  transaction.from = ReversePath(box("joe@a.example"));
  for (const auto& recipient : to) transaction.to.push_back(box(recipient));
  return transaction;
}

inline Transaction confirmed(std::vector<std::string> to = {"suzie@b.example"}) {
  Transaction result = transaction(std::move(to));
  result.confirm = "v=CAS1;x";
  return result;
}

inline constexpr std::string_view pipelining =
    "250-b.example\n250-PIPELINING\n250-8BITMIME\n250-SIZE 1000\n250 SMTPUTF8";
inline constexpr std::string_view chunking = "250-b.example\n250-PIPELINING\n250-8BITMIME\n250-SIZE 1000\n250 CHUNKING";
inline constexpr std::string_view chunking_only = "250-b.example\n250 CHUNKING";
inline constexpr std::string_view bare = "250 b.example";

inline ClientSession ready(std::string_view ehlo, ClientOptions options = {.helo = "a.example"}) {
  ClientSession session(std::move(options));
  (void)session.on_reply(reply("220 hi"));
  EXPECT_TRUE(std::holds_alternative<Ready>(session.on_reply(reply(ehlo))));
  return session;
}

/// The same message where its size is known.
inline Transaction sized(Transaction transaction, std::uint64_t octets = 86) {
  transaction.chunk = octets;
  return transaction;
}

/// What a whole run of replies leads to: what was sent, and the last step.
struct Course {
  std::string sent;
  ClientStep last;
};

inline bool wants_body(const ClientStep& step) {
  return std::holds_alternative<SendBody>(step) || std::holds_alternative<SendChunk>(step);
}

inline void note(Course& run, ClientStep step) {
  if (const auto* send = std::get_if<Send>(&step)) run.sent += send->octets;
  if (const auto* chunk = std::get_if<SendChunk>(&step)) run.sent += chunk->command;
  if (wants_body(step)) run.sent += "BODY\n";
  run.last = std::move(step);
}

inline Course run(ClientSession& session, Transaction t, const std::vector<std::string>& replies) {
  Course run;
  note(run, session.begin(std::move(t)));
  for (const auto& text : replies) {
    note(run, session.on_reply(reply(text)));
    if (wants_body(run.last)) note(run, session.on_body_sent());
  }
  return run;
}

inline const TransactionResult& result_of(const Course& run) {
  return std::get<TransactionDone>(run.last).result;
}

inline int code_of(const std::optional<Reply>& reply) {
  return reply ? reply->code : 0;
}

}  // namespace cas::testing::client
