// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The demo's own SMTP client and the messages and intents it is given.
#include "cmd/demo_client.hpp"

#include <array>

#include "base/encoding.hpp"
#include "confirm/digest.hpp"
#include "message/date.hpp"
#include "net/runtime.hpp"
#include "smtp/command.hpp"

namespace cas::cmd {
namespace {

constexpr milliseconds step{20000};
constexpr std::size_t max_reply = 65536;
constexpr std::string_view selector = "cas1";

class Client {
 public:
  explicit Client(net::Stream stream) : stream_(std::move(stream)) {}

  net::Task<Result<void>> say(std::string octets) { co_return co_await stream_.write(octets, step); }
  net::Task<Result<Answer>> hear();
  net::Task<Result<Answer>> ask(std::string command);
  net::Task<Result<void>> start_tls(net::TlsContext context);
  net::Task<void> close() { co_await stream_.close(); }

 private:
  net::Task<Result<std::string>> line();

  net::Stream stream_;
  std::string received_;
};

net::Task<Result<std::string>> Client::line() {
  std::array<char, 4096> buffer;
  for (;;) {
    const std::size_t end = received_.find("\r\n");
    if (end != std::string::npos) {
      std::string out = received_.substr(0, end);
      received_.erase(0, end + 2);
      co_return out;
    }
    if (received_.size() > max_reply) co_return transient("the server's line has no end");
    CAS_CO_TRY(const std::size_t size, co_await stream_.read_some(buffer, step));
    if (size == 0) co_return transient("the server closed the connection");
    received_.append(buffer.data(), size);
  }
}

net::Task<Result<Answer>> Client::hear() {
  Answer answer;
  for (;;) {
    CAS_CO_TRY(const std::string text, co_await line());
    if (text.size() < 3 || !is_digit(text[0]) || !is_digit(text[1]) || !is_digit(text[2])) {
      co_return transient("no SMTP reply: " + printable(text));
    }
    answer.code = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
    answer.text += (answer.text.empty() ? "" : " ") + text;
    if (answer.text.size() > max_reply) co_return transient("the server's reply has no end");
    if (text.size() == 3 || text[3] == ' ') co_return answer;
  }
}

net::Task<Result<Answer>> Client::ask(std::string command) {
  CAS_CO_CHECK(co_await say(command + "\r\n"));
  co_return co_await hear();
}

net::Task<Result<void>> Client::start_tls(net::TlsContext context) {
  received_.clear();  // RFC 3207 §4.2
  co_return co_await stream_.start_tls_client(std::move(context), "", step);
}

/// An error unless the reply has that code.
Result<void> need(const Result<Answer>& answer, int code, std::string_view what) {
  if (!answer) return std::unexpected(answer.error());
  if (answer->code != code) return transient(std::string(what) + ": " + answer->text);
  return {};
}

std::string plain_response(const Login& login) {  // RFC 4616
  std::string secret;
  secret.append(1, '\0').append(login.user).append(1, '\0').append(login.password);
  return base64(as_octets(secret));
}

net::Task<Result<void>> greet(Client& client, const Script& script) {
  CAS_CO_CHECK(need(co_await client.hear(), 220, "greeting"));
  auto ehlo = co_await client.ask("EHLO " + script.helo);
  CAS_CO_CHECK(need(ehlo, 250, "EHLO"));
  if (ehlo->text.find("STARTTLS") != std::string::npos) {
    CAS_CO_TRY(auto context, net::TlsContext::client(false));
    CAS_CO_CHECK(need(co_await client.ask("STARTTLS"), 220, "STARTTLS"));
    CAS_CO_CHECK(co_await client.start_tls(std::move(context)));
    CAS_CO_CHECK(need(co_await client.ask("EHLO " + script.helo), 250, "EHLO after STARTTLS"));
  }
  if (script.login) {
    CAS_CO_CHECK(need(co_await client.ask("AUTH PLAIN " + plain_response(*script.login)), 235, "AUTH"));
  }
  co_return Result<void>();
}

net::Task<Result<std::vector<Answer>>> give_commands(Client& client, const Script& script) {
  std::vector<Answer> answers;
  if (script.pipelined) {
    std::string group;
    for (const std::string& command : script.commands) group += command + "\r\n";
    CAS_CO_CHECK(co_await client.say(group));
  }
  for (const std::string& command : script.commands) {
    if (!script.pipelined) CAS_CO_CHECK(co_await client.say(command + "\r\n"));
    CAS_CO_TRY(Answer answer, co_await client.hear());
    answers.push_back(std::move(answer));
  }
  co_return answers;
}

net::Task<Result<Played>> perform(Script script) {
  CAS_CO_TRY(auto stream, co_await net::connect(script.server, step));
  Client client(std::move(stream));
  CAS_CO_CHECK(co_await greet(client, script));
  Played played;
  std::string chunk;  // sent when the replies are in (CAS §5.6)
  if (!script.commands.empty() && smtp::parse_command(script.commands.back()).verb == smtp::Verb::Bdat) {
    chunk = script.commands.back() + "\r\n" + script.wire_body;
    script.commands.pop_back();
  }
  CAS_CO_TRY(played.answers, co_await give_commands(client, script));
  if (!chunk.empty()) {
    CAS_CO_CHECK(co_await client.say(chunk));
    CAS_CO_TRY(played.message, co_await client.hear());
  } else if (!played.answers.empty() && played.answers.back().code == 354) {
    CAS_CO_CHECK(co_await client.say(script.wire_body.empty() ? ".\r\n" : script.wire_body));
    CAS_CO_TRY(played.message, co_await client.hear());
  }
  const auto bye = co_await client.ask("QUIT");
  if (bye) co_await client.close();
  co_return played;
}

net::Task<void> perform_into(Script script, Result<Played>& out) {
  out = co_await perform(std::move(script));
}

}  // namespace

Result<Played> play(const net::Executor& executor, Script script) {
  Result<Played> out = transient("the dialog did not begin");
  net::run_and_wait(executor, [&] { return perform_into(std::move(script), out); });
  return out;
}

std::string compose(const Letter& letter, TimePoint now, Random& random) {
  std::array<std::uint8_t, 12> id{};
  random.fill(id);
  const std::string host = letter.from.substr(letter.from.find('@') + 1);
  std::string out = "From: <" + letter.from + ">\r\nTo: <" + letter.to + ">\r\nSubject: " + letter.subject;
  out += "\r\nDate: " + format_date(to_unix(now)) + "\r\nMessage-ID: <" + hex(id) + "@" + host + ">\r\n\r\n";
  return out + letter.text + "\r\n";
}

std::string to_wire(std::string_view message) {
  std::string out;
  bool line_start = true;
  for (const char c : message) {
    if (line_start && c == '.') out += '.';
    out += c;
    line_start = c == '\n';
  }
  return out + ".\r\n";
}

Result<std::string> confirm_command(const Claim& claim, std::string_view message, const crypto::PrivateKey& key,
                                    TimePoint now, Random& random) {
  CAS_TRY(auto signing_domain, Domain::parse(claim.signing_domain));
  CAS_TRY(auto author, Mailbox::parse(claim.author));
  CAS_TRY(auto envelope_from, Mailbox::parse(claim.envelope_from));
  CAS_TRY(auto recipient, Mailbox::parse(claim.recipient));
  const std::size_t header_end = message.find("\r\n\r\n");
  if (header_end == std::string_view::npos || !recipient.domain()) return permanent("no message to sign for");
  CAS_TRY(const auto fields, parse_header(message.substr(0, header_end + 2)));
  confirm::BodyHasher body;
  body.update(message.substr(header_end + 4));

  confirm::IntentId id{};
  random.fill(id);
  const confirm::MessageHashes hashes{.header = confirm::header_hash(fields), .body = body.finish()};
  confirm::Intent intent{.id = id,
                         .signing_domain = std::move(signing_domain),
                         .selector = std::string(selector),
                         .issued = to_unix(now),
                         .expires = to_unix(now) + seconds(3600),
                         .envelope_from = std::move(envelope_from),
                         .recipient_domain = *recipient.domain(),
                         .recipients = {recipient.local()},
                         .author = std::move(author),
                         .list_id = {},
                         .digest = confirm::digest_c1(id, hashes),
                         .signature = {}};
  CAS_CHECK(confirm::sign_intent(intent, key));
  return "CONFIRM " + confirm::print_intent(intent);
}

std::vector<std::string> transaction(const std::string& from, const std::string& confirm, const std::string& to) {
  std::vector<std::string> out = {"MAIL FROM:<" + from + ">"};
  if (!confirm.empty()) out.push_back(confirm);
  out.push_back("RCPT TO:<" + to + ">");
  out.push_back("DATA");
  return out;
}

}  // namespace cas::cmd
