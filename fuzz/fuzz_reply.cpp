// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A hostile server: its octets through LineReader and ReplyParser into a ClientSession. No outcome is positive without
// a final reply, no body goes out after a refusal of all, what was parsed prints and parses again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "smtp/client_session.hpp"
#include "smtp/line_reader.hpp"
#include "smtp/reply.hpp"

namespace {

using namespace cas::smtp;

void require(bool condition) {
  if (!condition) std::abort();
}

void check_print(const Reply& reply) {
  ReplyParser parser;
  LineReader reader;
  reader.feed(reply.wire());
  std::optional<Reply> again;
  while (!again) {
    const auto event = reader.next(512);
    require(std::holds_alternative<Line>(event));
    auto parsed = parser.on_line(std::get<Line>(event).text);
    require(parsed.has_value());
    again = *std::move(parsed);
  }
  require(again->code == reply.code && again->lines.size() == reply.lines.size());
  require(reply.summary().find('\n') == std::string::npos);
}

Transaction sample(bool confirm) {
  Transaction transaction;
  transaction.to.push_back(cas::Mailbox::parse("suzie@b.example").value());
  transaction.to.push_back(cas::Mailbox::parse("bob@b.example").value());
  if (confirm) transaction.confirm = "v=CAS1;x";
  return transaction;
}

void check_result(const TransactionResult& result, bool body_sent) {
  for (std::size_t n = 0; n < 2; ++n) {
    const auto outcome = result.outcome(n);
    if (!outcome) continue;
    require(outcome->code >= 400 || (body_sent && result.final && *outcome == *result.final));
    require(outcome->code < 300 || outcome->code >= 400);
  }
}

/// Plays the driver. False: the session is over.
class Driver {
 public:
  explicit Driver(bool confirm) : confirm_(confirm) {}

  bool on_reply(const Reply& reply) {
    ClientStep step = session_.on_reply(reply);
    while (true) {
      if (std::holds_alternative<Send>(step) || std::holds_alternative<ReadReply>(step)) return true;
      if (std::holds_alternative<Unusable>(step) || std::holds_alternative<Bye>(step)) return false;
      if (std::holds_alternative<StartTls>(step)) {
        step = session_.on_tls();
      } else if (std::holds_alternative<SendBody>(step)) {
        body_sent_ = true;
        step = session_.on_body_sent();
      } else {
        if (const auto* done = std::get_if<TransactionDone>(&step)) {
          check_result(done->result, body_sent_);
          if (done->result.must_close) return false;
        }
        body_sent_ = false;
        step = session_.begin(sample(confirm_));
      }
    }
  }
  void on_disconnect() { check_result(session_.on_disconnect(), false); }

 private:
  bool confirm_;
  bool body_sent_ = false;
  ClientSession session_{ClientOptions{.helo = "a.example"}};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  LineReader reader;
  reader.feed(std::string_view(reinterpret_cast<const char*>(data), size));
  ReplyParser parser;
  Driver driver(size % 2 == 0);
  while (true) {
    const auto event = reader.next(2048);
    const auto* line = std::get_if<Line>(&event);
    if (line == nullptr) break;
    const auto reply = parser.on_line(line->text);
    if (!reply) break;
    if (!*reply) continue;
    check_print(**reply);
    if (!driver.on_reply(**reply)) return 0;
  }
  driver.on_disconnect();
  return 0;
}
