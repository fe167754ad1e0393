// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Octets out, replies in.
#include "conformance/client.hpp"

#include <algorithm>

#include "base/encoding.hpp"

namespace cas::conformance {

using smtp::Reply;

namespace {

constexpr std::size_t max_reply_line = 4096;
constexpr std::size_t shown_octets = 200;
constexpr std::size_t max_dialog_lines = 2000;
constexpr std::size_t max_advice = 20;
constexpr milliseconds quit_timeout{2000};

std::unexpected<Fault> lost(std::string text) {
  return std::unexpected(Fault{.kind = Fault::Kind::Lost, .text = std::move(text)});
}

std::string_view first_line(std::string_view octets) {
  return octets.substr(0, octets.find("\r\n"));
}

}  // namespace

void Dialog::note(std::string line) {
  if (lines.size() < max_dialog_lines) lines.push_back(std::move(line));
}

void Dialog::advise(const std::string& about) {
  if (advice.size() < max_advice && std::ranges::find(advice, about) == advice.end()) advice.push_back(about);
}

Client::Client(ClientOptions options, Dialog& dialog) : options_(std::move(options)), dialog_(dialog) {
  buffer_.resize(16384);
}

net::Task<Outcome> Client::open(bool tls) {
  dialog_.note("(a new connection)");
  net::Endpoint endpoint = options_.endpoint;
  auto stream = co_await net::connect(std::move(endpoint), options_.timeout);
  if (!stream) co_return lost("no connection: " + stream.error().private_reason);
  stream_ = std::move(*stream);
  usable_ = true;
  CAS_CO_TRY(const Reply greeting, co_await hear());
  if (greeting.code != 220) co_return lost("the target greets with " + shown(greeting));
  CAS_CO_TRY(hello_, co_await ask("EHLO " + options_.helo));
  if (hello_.code != 250) co_return lost("EHLO is answered " + shown(hello_));
  if (tls) CAS_CO_CHECK(co_await upgrade());
  co_return Outcome();
}

net::Task<Outcome> Client::upgrade() {
  if (!offers("STARTTLS")) co_return fails("STARTTLS is not offered, and CAS is spoken inside TLS only");
  CAS_CO_TRY(const Reply ready, co_await ask("STARTTLS"));
  if (ready.code != 220) co_return lost("STARTTLS is answered " + shown(ready));
  reader_.clear();  // RFC 3207 §4.2
  net::TlsContext context = options_.tls;
  const auto up = co_await stream_.start_tls_client(std::move(context), options_.server_name, options_.timeout);
  if (!up) {
    usable_ = false;
    co_return lost("the TLS handshake failed: " + up.error().private_reason);
  }
  dialog_.note("(" + stream_.tls_description() + ")");
  CAS_CO_TRY(hello_, co_await ask("EHLO " + options_.helo));
  if (hello_.code != 250) co_return lost("EHLO inside TLS is answered " + shown(hello_));
  co_return Outcome();
}

net::Task<Checked<Reply>> Client::ask(std::string line) {
  CAS_CO_CHECK(co_await say(line + "\r\n"));
  CAS_CO_TRY(const Reply reply, co_await hear());
  note(line, reply);
  co_return reply;
}

net::Task<Checked<std::vector<Reply>>> Client::group(std::vector<std::string> lines) {
  std::string octets;
  for (const auto& line : lines) {
    octets.append(line).append("\r\n");
    dialog_.note("C: " + printable(line, shown_octets));
  }
  const auto written = co_await stream_.write(octets, options_.timeout);
  if (!written) {
    usable_ = false;
    co_return lost("the connection broke: " + written.error().private_reason);
  }
  std::vector<Reply> replies;
  for (const auto& line : lines) {
    CAS_CO_TRY(Reply reply, co_await hear());
    note(line, reply);
    replies.push_back(std::move(reply));
  }
  co_return replies;
}

net::Task<Outcome> Client::say(std::string octets) {
  const auto more = octets.size() > first_line(octets).size() + 2;
  dialog_.note("C: " + printable(first_line(octets), shown_octets) + (more ? " ..." : ""));
  const auto written = co_await stream_.write(octets, options_.timeout);
  if (written) co_return Outcome();
  usable_ = false;
  co_return lost("the connection broke: " + written.error().private_reason);
}

net::Task<Checked<Reply>> Client::hear() {
  smtp::ReplyParser parser;
  const auto deadline = std::chrono::steady_clock::now() + options_.timeout;  // of the whole reply, not of an octet
  while (true) {
    const auto found = reader_.next(max_reply_line);
    if (const auto* line = std::get_if<smtp::Line>(&found)) {
      dialog_.note("S: " + printable(line->text, shown_octets));
      auto reply = parser.on_line(line->text);
      if (!reply) usable_ = false;
      if (!reply) co_return lost("what came is no reply: " + printable(line->text, shown_octets));
      if (!*reply) continue;
      if (!text_is_well_formed(**reply)) dialog_.advise("not of the form of CAS §15.1: " + shown(**reply));
      if ((*reply)->code == 421) usable_ = false;
      co_return std::move(**reply);
    }
    if (!std::holds_alternative<smtp::NeedMore>(found)) {
      usable_ = false;
      co_return lost("what came is no reply line");
    }
    const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
    const auto received = co_await stream_.read_some(buffer_, std::max(left, milliseconds(1)));
    if (!received || *received == 0) {
      note_end(received);
      co_return lost(received ? "the target closed the connection instead of replying"
                              : "no reply came: " + received.error().private_reason);
    }
    reader_.feed(std::string_view(buffer_).substr(0, *received));
  }
}

net::Task<bool> Client::is_closed() {
  if (!reader_.pending().empty()) co_return false;
  const auto received = co_await stream_.read_some(buffer_, options_.timeout);
  if (received && *received > 0) co_return false;
  note_end(received);
  co_return hung_up_;
}

net::Task<void> Client::quit() {
  if (usable_) {
    options_.timeout = std::min(options_.timeout, quit_timeout);
    const auto bye = co_await ask("QUIT");
    (void)bye;
    usable_ = false;
  }
  co_await stream_.close();
}

void Client::abandon() {
  usable_ = false;
  stream_.abort();
}

bool Client::offers(std::string_view keyword) const {
  const auto blank = keyword.find(' ');
  const std::string parameter = blank == std::string_view::npos ? "" : std::string(keyword.substr(blank)) + " ";
  return std::ranges::any_of(hello_.lines.begin() + 1, hello_.lines.end(), [&](const std::string& line) {
    const auto end = std::min(line.find(' '), line.size());
    return iequals(line.substr(0, end), keyword.substr(0, blank)) &&
           (line.substr(end) + " ").find(parameter) != std::string::npos;
  });
}

// A connection that is reset, or cut without close_notify, is closed too; one that waits in silence is not.
void Client::note_end(const Result<std::size_t>& received) {
  usable_ = false;
  hung_up_ = received || received.error().public_text != "connection timed out";
  dialog_.note(hung_up_ ? "(the target closed the connection)" : "(nothing came in time)");
}

void Client::note(std::string_view line, const Reply& reply) {
  if (reply.code < 400) return;
  if (line.starts_with("CONFIRM")) {
    ++failed_confirms_;
    const bool has_own_text = reply.code == 421 || reply.code == 502 || reply.code == 530;
    if (!has_own_text && !has_word(reply)) dialog_.advise("no [CAS:word] in the reply to CONFIRM: " + shown(reply));
  } else if (reply.permanent()) {
    ++refusals_;
  }
}

}  // namespace cas::conformance
