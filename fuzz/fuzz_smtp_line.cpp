// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A hostile client: its octets through LineReader, DataDecoder, ChunkDecoder and a whole ServerSession, once in one
// piece and once cut. Replies and messages must be the same, a CONFIRM that failed poisons, no message holds a bare CR,
// LF or NUL, and what stands in a chunk is never a command.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.hpp"
#include "smtp/data.hpp"
#include "smtp/line_reader.hpp"
#include "smtp/server_session.hpp"

namespace {

using namespace cas::smtp;

void require(bool condition) {
  if (!condition) std::abort();
}

/// The world says yes to what begins with a letter in the first half of the alphabet.
Reply opinion(std::string_view text) {
  const char c = text.empty() ? 'a' : cas::to_lower(text.front());
  return c <= 'm' ? Reply(250, {2, 0, 0}, "yes") : Reply(550, {5, 0, 0}, "no");
}

class Server {
 public:
  Server(std::uint8_t flavour, bool tls)
      : session_(
            ServerOptions{.host = cas::Domain::parse("b.example").value(),
                          .limits = Limits{.command_line = 60, .confirm_line = 120, .auth_line = 90, .message = 3000},
                          .offer_starttls = (flavour & 1U) != 0,
                          .offer_cas = (flavour & 2U) != 0,
                          .submission = (flavour & 4U) != 0,
                          .offer_scram = true}) {
    perform(session_.on_connect(tls));
    if ((flavour & 1U) != 0) session_.bind_tls();
  }

  /// False once nothing more is heard: closed, or the rest is inside TLS.
  bool feed(std::string_view octets) {
    reader_.feed(octets);
    while (open_) {
      if (reading_ != Reading::Commands) {
        if (!read_body()) return true;
        continue;
      }
      const auto event = reader_.next(session_.line_limit());
      if (std::holds_alternative<NeedMore>(event)) return true;
      if (const auto* line = std::get_if<TooLong>(&event)) on_too_long_line(line->beginning);
      if (std::holds_alternative<Malformed>(event)) perform(session_.on_malformed_line());
      if (const auto* line = std::get_if<Line>(&event)) on_line(line->text);
    }
    return false;
  }

  std::string replies;
  std::string message;
  std::vector<std::string> messages;

 private:
  enum class Reading { Commands, Data, Chunk, Unwanted };

  void on_line(std::string_view line) {
    const Verb verb = parse_command(line).verb;
    const bool in_auth = session_.line_limit() == 90;
    const std::size_t before = replies.size();
    perform(session_.on_line(line));
    if (in_auth || reading_ == Reading::Unwanted) return;
    if (reading_ == Reading::Chunk) return require(!poisoned_);
    const int code = std::atoi(replies.c_str() + before);
    if (verb == Verb::Confirm) poisoned_ = code != 250;
    if (verb == Verb::Mail && code == 250) poisoned_ = false;
    if (poisoned_ && verb == Verb::Rcpt) require(code == 503 || code == 421 || code == 500);  // CAS §21 I4
    if (poisoned_) require(code != 354);
  }

  void on_too_long_line(std::string_view beginning) {
    const Verb verb = parse_command(beginning).verb;
    const bool in_auth = session_.line_limit() == 90;
    perform(session_.on_too_long_line(beginning));
    if (in_auth) return;
    require(!session_.mail());
    if (verb == Verb::Confirm) poisoned_ = true;
    if (verb == Verb::Bdat) require(!open_);  // where its chunk ends nobody knows
  }

  /// False when more octets are needed.
  bool read_body() {
    if (reading_ == Reading::Data) {
      reader_.consume(decoder_.feed(reader_.pending()));
      if (!decoder_.finished()) return false;
      const bool malformed = decoder_.malformed();
      if (!malformed) require(decoder_.size() == message.size());
      decoder_ = DataDecoder(sink());
      end_message(malformed);
    } else if (reading_ == Reading::Chunk) {
      reader_.consume(chunks_.feed(reader_.pending()));
      if (!chunks_.finished()) return false;
      end_chunk();
    } else {
      reader_.consume(skipper_.feed(reader_.pending()));
      if (!skipper_.finished()) return false;
      reading_ = Reading::Commands;
      const std::size_t before = replies.size();
      perform(session_.on_skipped());
      require(std::atoi(replies.c_str() + before) >= 400);
      require(!session_.mail());
    }
    return true;
  }

  void end_chunk() {
    reading_ = Reading::Commands;
    if (last_) {
      chunks_.end();
      if (!chunks_.malformed()) require(chunks_.size() == message.size());
      return end_message(chunks_.malformed());
    }
    std::optional<Reply> fault;
    if (chunks_.malformed()) fault = Reply(550, {5, 6, 0}, "bare");
    perform(session_.on_chunk(std::move(fault)));
  }

  void begin_chunk(const ReadChunk& chunk) {
    reading_ = Reading::Chunk;
    last_ = chunk.last;
    if (serial_ != session_.transaction_serial()) {  // the first of its transaction
      serial_ = session_.transaction_serial();
      message.clear();
      chunks_ = ChunkDecoder(sink());
    }
    chunks_.begin(chunk.octets);
  }

  void perform(Step step) {
    if (const auto* respond = std::get_if<Respond>(&step)) {
      replies += respond->reply.wire();
      open_ = !respond->close;
    } else if (const auto* challenge = std::get_if<ReadAuth>(&step)) {
      replies += challenge->reply.wire();
    } else if (const auto* tls = std::get_if<UpgradeTls>(&step)) {
      replies += tls->reply.wire();
      open_ = false;
    } else if (const auto* body = std::get_if<ReadBody>(&step)) {
      replies += body->reply.wire();
      reading_ = Reading::Data;
      message.clear();
    } else if (const auto* chunk = std::get_if<ReadChunk>(&step)) {
      begin_chunk(*chunk);
    } else if (const auto* skip = std::get_if<SkipChunk>(&step)) {
      reading_ = Reading::Unwanted;
      skipper_ = ChunkSkipper(skip->octets);
    } else if (const auto* mail = std::get_if<AskMail>(&step)) {
      perform(session_.on_answer(opinion(mail->mail.from.path().substr(1))));
    } else if (const auto* confirm = std::get_if<AskConfirm>(&step)) {
      perform(session_.on_answer(opinion(confirm->intent)));
    } else if (const auto* rcpt = std::get_if<AskRcpt>(&step)) {
      perform(session_.on_answer(opinion(rcpt->rcpt.to.wire())));
    } else if (const auto* sasl = std::get_if<AskSasl>(&step)) {
      perform(answer_sasl(*sasl));
    } else if (std::holds_alternative<AskClient>(step)) {
      perform(session_.on_client(false));
      require(!session_.user() && !session_.mail() && session_.helo().empty());
    } else {
      perform(session_.on_answer(opinion(std::get<AskAuth>(step).authcid)));
    }
  }

  /// A mechanism that goes on while it is told something long, and ends with a name or without one.
  Step answer_sasl(const AskSasl& sasl) {
    require(sasl.first || in_exchange_);
    in_exchange_ = sasl.response.size() > 4;
    if (in_exchange_) return session_.on_challenge(sasl.response);
    const auto reply = opinion(sasl.response);
    if (!reply.positive()) return session_.on_answer(reply);
    require(!session_.user());
    return session_.on_authenticated(sasl.response, reply);
  }

  void end_message(bool malformed) {
    reading_ = Reading::Commands;
    require(!session_.recipients().empty());
    if (!malformed) {
      require(message.empty() || message.ends_with("\r\n"));
      messages.push_back(message);
    }
    perform(session_.on_body(malformed ? Reply(550, {5, 6, 0}, "bare") : Reply(250, {2, 0, 0}, "queued")));
  }

  DataDecoder::Sink sink() {
    return [this](std::string_view octets) { message += octets; };
  }

  ServerSession session_;
  LineReader reader_;
  DataDecoder decoder_{sink()};
  ChunkDecoder chunks_{sink()};
  ChunkSkipper skipper_{0};
  std::uint64_t serial_ = 0;  // of the transaction whose chunks are read
  Reading reading_ = Reading::Commands;
  bool last_ = false;
  bool open_ = true;
  bool poisoned_ = false;
  bool in_exchange_ = false;  // of a mechanism that has begun
};

}  // namespace

/// The first octet: flavour of the server in the low bits, TLS from the start in bit 3, sizes of the pieces above.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool tls = (data[0] & 8U) != 0;
  const std::size_t piece = 1 + (data[0] >> 4U);
  std::string_view octets(reinterpret_cast<const char*>(data) + 1, size - 1);
  Server whole(data[0], tls);
  whole.feed(octets);
  Server cut(data[0], tls);
  while (!octets.empty() && cut.feed(octets.substr(0, piece))) octets.remove_prefix(std::min(piece, octets.size()));
  require(whole.replies == cut.replies);
  require(whole.messages == cut.messages);
  for (const auto& message : whole.messages) {
    for (std::size_t n = 0; n < message.size(); ++n) {
      require(message[n] != '\0');
      require(message[n] != '\r' || (n + 1 < message.size() && message[n + 1] == '\n'));
      require(message[n] != '\n' || (n > 0 && message[n - 1] == '\r'));
    }
  }
  return 0;
}
