// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A kept connection where there is one, else a new one; three commands.
#include "outbound/callout.hpp"

#include <boost/asio/this_coro.hpp>

#include "outbound/attempt.hpp"
#include "outbound/dialer.hpp"
#include "outbound/route.hpp"

namespace cas::outbound {

namespace {

constexpr std::string_view unanswered = "the mailbox cannot be looked up now";

recipients::Answer no_answer(const NextHop& hop, const std::string& why, bool down) {
  return {.lookup = transient(std::string(unanswered), hop.text() + ": " + why), .down = down};
}

// The reply to RCPT; that to MAIL where it was refused. An error: the connection is of no use.
net::Task<Result<smtp::Reply>> ask_on(Connection& connection, const Mailbox& mailbox) {
  std::string mail = "MAIL FROM:<>";
  if (!mailbox.is_ascii()) mail += " SMTPUTF8";
  CAS_CO_TRY(smtp::Reply reply, co_await connection.exchange(std::move(mail)));
  if (reply.positive()) {
    std::string rcpt = "RCPT TO:<" + mailbox.wire() + ">";
    CAS_CO_TRY(reply, co_await connection.exchange(std::move(rcpt)));
  } else {
    reply.code = 451;  // it says nothing of the mailbox
  }
  const auto reset = co_await connection.exchange("RSET");
  if (connection.usable() && (!reset || !reset->positive())) co_await connection.quit();
  co_return reply;
}

recipients::Answer answer_of(const NextHop& hop, const smtp::Reply& reply, bool enhanced_codes) {
  recipients::Answer answer;
  switch (judge_callout(reply, enhanced_codes)) {
    case MailboxWord::There: answer.lookup = recipients::Found{.mailbox = true, .rule = "callout"}; break;
    case MailboxWord::NotThere: answer.lookup = std::nullopt; break;
    case MailboxWord::Nothing: return no_answer(hop, reply.shortened(200).summary(), false);
  }
  return answer;
}

}  // namespace

MailboxWord judge_callout(const smtp::Reply& rcpt, bool enhanced_codes) {
  if (rcpt.code >= 200 && rcpt.code < 300) return MailboxWord::There;
  // OpenSMTPD, of a name that its virtual tables do not have.
  if (rcpt.code == 524 && rcpt.enhanced == smtp::EnhancedCode{5, 2, 4}) return MailboxWord::NotThere;
  if (rcpt.code != 550 && rcpt.code != 551 && rcpt.code != 553) return MailboxWord::Nothing;
  // OpenSMTPD again, where it announces enhanced codes: of a user that is not there it says it without one.
  const bool says_so = rcpt.lines.front().starts_with("Invalid recipient: ");
  if (rcpt.enhanced.klass == 0) return enhanced_codes && !says_so ? MailboxWord::Nothing : MailboxWord::NotThere;
  return rcpt.enhanced.subject == 1 ? MailboxWord::NotThere : MailboxWord::Nothing;
}

struct Callout::Asking {
  Asking(const net::Executor& executor, milliseconds time) : bell(executor), timeout(time) {}
  net::Bell bell;
  milliseconds timeout;
  std::optional<recipients::Answer> answer;
};

Callout::Callout(RelayServices services, RelayOptions options)
    : services_(std::move(services)), options_(std::move(options)) {}

net::Task<recipients::Answer> Callout::ask(NextHop hop, Mailbox mailbox, milliseconds timeout) const {
  const net::Executor executor = co_await boost::asio::this_coro::executor;
  const auto asking = std::make_shared<Asking>(executor, timeout);
  net::TaskGroup group(executor);
  group.spawn(run(asking, hop, std::move(mailbox)));
  const bool in_time = co_await asking->bell.wait(timeout);
  co_await group.finish();
  if (in_time && asking->answer) co_return *std::move(asking->answer);
  // Whoever asked may have gone: that says nothing of the server.
  const bool gone = co_await net::is_cancelled();
  co_return no_answer(hop, gone ? "whoever asked has gone" : "no answer in time", !gone);
}

net::Task<void> Callout::run(std::shared_ptr<Asking> asking, NextHop hop, Mailbox mailbox) const {
  auto& pool = services_.pools.of(co_await boost::asio::this_coro::executor);
  auto connection = pool.take(hop);
  while (true) {
    const bool kept = connection != nullptr;
    if (!kept) {
      auto made = co_await connect(hop, asking->timeout);
      if (!made) {
        asking->answer = no_answer(hop, made.error(), true);
        break;
      }
      connection = *std::move(made);
    }
    const bool enhanced = connection->features().enhanced_codes;
    // RFC 6531: it has no mailbox whose name it cannot read.
    if (!mailbox.is_ascii() && !connection->features().smtputf8) {
      asking->answer = recipients::Answer{.lookup = std::nullopt};
    } else {
      const auto reply = co_await ask_on(*connection, mailbox);
      if (reply && reply->code != 421) {
        asking->answer = answer_of(hop, *reply, enhanced);
      } else if (!kept) {
        asking->answer = no_answer(hop, reply ? reply->summary() : reply.error().private_reason, true);
      }
    }
    pool.give(hop, std::move(connection));
    connection = nullptr;
    if (asking->answer) break;
    // The server had gone without a word: once more, on a connection of its own.
  }
  asking->bell.ring();
}

net::Task<std::expected<std::unique_ptr<Connection>, std::string>> Callout::connect(NextHop hop,
                                                                                    milliseconds timeout) const {
  auto options = options_;
  options.connect_timeout = options.command_timeout = timeout;
  if (!hop.unix_path.empty()) {
    auto connection = std::make_unique<Connection>(connection_options(services_, options, hop, place_of(hop, "")));
    const auto opened = co_await connection->open_unix(hop.unix_path);
    if (!opened) co_return std::unexpected(opened.error().reply.summary());
    co_return connection;
  }
  Addresses addresses = std::vector<std::string>{hop.host};
  if (!hop.is_address) addresses = co_await find_addresses(services_.resolver, hop.host);
  if (!addresses) co_return std::unexpected(addresses.error().summary());
  std::vector<net::Endpoint> endpoints;
  for (auto& address : *addresses) {
    if (endpoints.size() == options.max_addresses) break;
    endpoints.push_back(net::Endpoint{.address = std::move(address), .port = hop.port});
  }
  DialOptions dial;
  dial.timeout = timeout;
  Dialer dialer(std::move(endpoints), dial);
  auto dialed = co_await dialer.next();
  if (!dialed.line) {
    const std::string why = dialed.failures.empty() ? "no address" : dialed.failures.front().error.private_reason;
    co_return std::unexpected(why);
  }
  const std::string place = place_of(hop, dialed.line->endpoint.address);
  auto connection = std::make_unique<Connection>(connection_options(services_, options, hop, place));
  const auto opened = co_await connection->open(dialed.line->endpoint, std::move(dialed.line->stream));
  if (!opened) co_return std::unexpected(opened.error().reply.summary());
  co_return connection;
}

}  // namespace cas::outbound
