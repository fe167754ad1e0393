// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Driving a client session.
#include "outbound/connection.hpp"

#include "smtp/data.hpp"

namespace cas::outbound {

using smtp::ClientStep;
using smtp::Reply;

namespace {

constexpr std::size_t max_reply_line = 4096;  // RFC 5321 §4.5.3.1.5 says 512; nothing is lost by listening longer
constexpr std::size_t max_reply = 64 * 1024;  // of all lines
constexpr std::size_t max_heard = 4096;       // of a reply within a transaction, which may hold a thousand of them
constexpr milliseconds quit_timeout{2000};

Reply no_connection(const std::string& relay, const Error& error) {
  return Reply(451, smtp::EnhancedCode{4, 4, 1}, relay + ": " + error.private_reason);
}

}  // namespace

std::string relay_text(const std::string& host_name, const net::Endpoint& endpoint) {
  return host_name + "[" + endpoint.address + "]:" + std::to_string(endpoint.port);
}

ConnectionFailure unreachable(const std::string& relay, const Error& error) {
  return ConnectionFailure{.reply = no_connection(relay, error), .unreachable = true};
}

Connection::Connection(ConnectionOptions options)
    : options_(std::move(options)), session_(options_.smtp), relay_(options_.host_name) {
  buffer_.resize(16 * 1024);
}

net::Task<std::expected<void, ConnectionFailure>> Connection::open(net::Endpoint endpoint, net::Stream stream) {
  relay_ = relay_text(options_.host_name, endpoint);
  co_return co_await begin(std::move(stream));
}

net::Task<std::expected<void, ConnectionFailure>> Connection::open_unix(std::string path) {
  relay_ = "unix:" + path;
  auto stream = co_await net::connect_unix(std::move(path), options_.connect_timeout);
  if (!stream) co_return std::unexpected(unreachable(relay_, stream.error()));
  co_return co_await begin(*std::move(stream));
}

net::Task<std::expected<void, ConnectionFailure>> Connection::begin(net::Stream stream) {
  ConnectionFailure failure;
  stream_ = std::move(stream);
  Result<ClientStep> step = smtp::ReadReply();
  if (options_.smtp.implicit_tls) {
    if (auto up = co_await start_tls(); !up) step = std::unexpected(std::move(up).error());
  }
  if (step) step = co_await advance(*std::move(step));
  if (!step) {
    failure.reply = no_connection(relay_, step.error());
    failure.tls_failed = tls_failed_;
    co_return std::unexpected(std::move(failure));
  }
  if (const auto* unusable = std::get_if<smtp::Unusable>(&*step)) {
    failure.reply = unusable->reply;
    co_await quit();
    co_return std::unexpected(std::move(failure));
  }
  usable_ = std::holds_alternative<smtp::Ready>(*step);
  if (!usable_) {
    failure.reply = Reply(451, smtp::EnhancedCode{4, 4, 2}, relay_ + ": the session ended early");
    co_return std::unexpected(std::move(failure));
  }
  co_return std::expected<void, ConnectionFailure>();
}

net::Task<smtp::TransactionResult> Connection::send(smtp::Transaction transaction, const store::Message& message,
                                                    queue::Queue& queue) {
  ended_data_ = refused_chunk_ = false;
  lost_why_ = "the connection was lost";
  ++transactions_;
  StoredMessage stored(message, queue);
  if (session_.features().chunking && options_.smtp.use_chunking) {
    const auto size = co_await measure(stored);
    if (!size) {
      lost_why_ = size.error().private_reason;
      usable_ = false;
      co_return session_.on_disconnect();
    }
    transaction.chunk = *size;
  }
  auto step = co_await advance(session_.begin(std::move(transaction)));
  const bool goes =
      step && (std::holds_alternative<smtp::SendBody>(*step) || std::holds_alternative<smtp::SendChunk>(*step));
  const bool chunked = step && std::holds_alternative<smtp::SendChunk>(*step);
  if (goes) {
    const auto sent = co_await send_message(*step, stored);
    if (!sent) {
      Error error = sent.error();
      step = co_await hear_out(std::move(error));
    } else {
      awaiting_final_ = true;
      step = co_await advance(session_.on_body_sent());
      awaiting_final_ = false;
    }
  }
  if (step) {
    if (auto* done = std::get_if<smtp::TransactionDone>(&*step)) {
      const auto& result = done->result;
      if (result.must_close) note_end();
      if (result.confirm && !result.confirm->positive()) ++failed_confirms_;
      refused_chunk_ = chunked && result.final && (result.final->code == 500 || result.final->code == 502);
      co_return std::move(done->result);
    }
  }
  if (!step) lost_why_ = step.error().private_reason;
  usable_ = false;
  co_return session_.on_disconnect();
}

net::Task<Result<Reply>> Connection::exchange(std::string command) {
  if (!usable_) co_return transient("the session is over");
  Result<Reply> reply = transient("the server spoke out of turn");
  if (!was_spoken_to()) {
    command += "\r\n";
    const auto sent = co_await stream_.write(command, options_.command_timeout);
    reply = sent ? co_await read_reply(options_.command_timeout) : Result<Reply>(std::unexpected(sent.error()));
  }
  if (!reply || reply->code == 421) usable_ = false;
  co_return reply;
}

void Connection::note_end() {
  usable_ = false;
  const bool leaves = last_reply_.code == 421;
  lost_why_ = (leaves ? "the server ended the session: " : "the server's reply does not fit: ") + last_reply_.summary();
}

bool Connection::is_quiet() {
  was_kept_ = true;
  return usable_ && reader_.pending().empty() && stream_.is_quiet();
}

net::Task<void> Connection::quit() {
  if (usable_) {
    options_.command_timeout = quit_timeout;
    usable_ = false;
    auto step = co_await advance(session_.quit());
    (void)step;
  }
  co_await stream_.close();
}

// Sends, reads and starts TLS until the session wants something that its caller decides.
net::Task<Result<ClientStep>> Connection::advance(ClientStep step) {
  while (true) {
    const auto* send = std::get_if<smtp::Send>(&step);
    const bool speaks = send != nullptr || std::holds_alternative<smtp::StartTls>(step);
    if (speaks && was_spoken_to()) co_return std::unexpected(co_await out_of_turn());
    if (send != nullptr) {
      CAS_CO_CHECK(co_await stream_.write(send->octets, options_.command_timeout));
    } else if (std::holds_alternative<smtp::StartTls>(step)) {
      CAS_CO_CHECK(co_await start_tls());
      step = session_.on_tls();
      continue;
    } else if (!std::holds_alternative<smtp::ReadReply>(step)) {
      co_return step;
    }
    CAS_CO_TRY(const Reply reply,
               co_await read_reply(awaiting_final_ ? options_.final_timeout : options_.command_timeout));
    step = session_.on_reply(reply);
  }
}

// Words that no command of ours asked for: from here on every reply would be taken for that to another command. Inside
// TLS, what is not decrypted yet may be a ticket and is not asked about.
bool Connection::was_spoken_to() const {
  return !reader_.pending().empty() || (!stream_.tls() && stream_.has_buffered());
}

net::Task<Error> Connection::out_of_turn() {
  const auto said = co_await read_reply(quit_timeout);
  const std::string words = said ? said->summary() : said.error().private_reason;
  co_return transient("the server spoke out of turn", "the server spoke out of turn: " + words).error();
}

// A server that gives up in the middle of a message may have said why before it hung up.
net::Task<Result<ClientStep>> Connection::hear_out(Error error) {
  const auto said = co_await read_reply(quit_timeout);
  if (!said) co_return std::unexpected(std::move(error));
  co_return session_.on_reply(*said);
}

net::Task<Result<void>> Connection::start_tls() {
  reader_.clear();  // RFC 3207 §4.2
  net::TlsContext tls = options_.tls;
  net::PeerCheck check = options_.check;
  const std::string& name = options_.server_name.empty() ? options_.host_name : options_.server_name;
  auto up = co_await stream_.start_tls_client(std::move(tls), std::move(check), name, options_.command_timeout);
  handshake_failed_ = !up;
  // Only what TLS itself refused: a connection that was lost may come back, with TLS and CONFIRM.
  tls_failed_ = !up && up.error().lasting == Lasting::Permanent;
  co_return up;
}

// All of it within the time and a size: neither drops nor floods of octets hold a delivery up.
net::Task<Result<Reply>> Connection::read_reply(milliseconds timeout) {
  const auto until = std::chrono::steady_clock::now() + timeout;
  smtp::ReplyParser parser;
  std::size_t heard = 0;
  while (true) {
    const auto found = reader_.next(max_reply_line);
    if (const auto* line = std::get_if<smtp::Line>(&found)) {
      CAS_CO_TRY(auto reply, parser.on_line(line->text));
      if (reply) co_return last_reply_ = usable_ ? reply->shortened(max_heard) : std::move(*reply);
      continue;
    }
    if (!std::holds_alternative<smtp::NeedMore>(found)) co_return transient("the server's reply is malformed");
    if (heard > max_reply) co_return transient("the server's reply is too long");
    const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
    CAS_CO_TRY(const std::size_t received, co_await stream_.read_some(buffer_, left));
    if (received == 0) co_return transient("the server closed the connection");
    heard += received;
    reader_.feed(std::string_view(buffer_).substr(0, received));
  }
}

// How long the message is in one chunk; none when something in it would have to be mended on the way, which DATA's
// encoder does. Judged by what judges chunks here: what leaves cannot smuggle (RFC 5321 §2.3.8).
net::Task<Result<std::optional<std::uint64_t>>> Connection::measure(StoredMessage& message) {
  smtp::ChunkDecoder judge([](std::string_view) {});
  judge.begin(message.size());
  while (!message.at_end()) {
    CAS_CO_TRY(const std::string_view piece, co_await message.next());
    (void)judge.feed(piece);
  }
  message.rewind();
  judge.end();
  std::optional<std::uint64_t> size;
  if (!judge.malformed() && judge.size() == message.size()) size = message.size();
  co_return size;
}

net::Task<Result<void>> Connection::send_message(const ClientStep& how, StoredMessage& message) {
  if (const auto* chunk = std::get_if<smtp::SendChunk>(&how)) co_return co_await send_chunk(chunk->command, message);
  co_return co_await send_body(message);
}

net::Task<Result<void>> Connection::send_body(StoredMessage& message) {
  smtp::DataEncoder encoder;
  std::string out;
  do {
    if (was_spoken_to()) co_return transient("the server interrupts");
    CAS_CO_TRY(const std::string_view piece, co_await message.next());
    encoder.encode(piece, out);
    if (message.at_end()) {
      encoder.finish(out);
      ended_data_ = true;
    }
    CAS_CO_CHECK(co_await stream_.write(out, options_.data_timeout));
    out.clear();
  } while (!message.at_end());
  co_return Result<void>();
}

// The command and the first octets leave together: nothing is waited for between them (RFC 3030 §2).
net::Task<Result<void>> Connection::send_chunk(const std::string& command, StoredMessage& message) {
  std::string out = command;
  do {
    if (was_spoken_to()) co_return transient("the server interrupts");
    CAS_CO_TRY(const std::string_view piece, co_await message.next());
    out += piece;
    if (message.at_end()) ended_data_ = true;
    CAS_CO_CHECK(co_await stream_.write(out, options_.data_timeout));
    out.clear();
  } while (!message.at_end());
  co_return Result<void>();
}

}  // namespace cas::outbound
