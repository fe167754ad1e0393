// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Plays transcripts on the pure ServerSession, the way a driver would: lines through LineReader, messages through
// DataDecoder or ChunkDecoder, questions to a stub world. However the octets are cut, the same must come out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "smtp/data.hpp"
#include "smtp/line_reader.hpp"
#include "smtp/server_session.hpp"
#include "testing/transcript.hpp"

namespace cas::testing {

/// A server without sockets.
class Conversation {
 public:
  Conversation(smtp::ServerOptions options, bool tls, StubWorld world);

  /// Octets from the client. What follows STARTTLS in one feed is lost, as on the wire (RFC 3207 §4.2); nothing is
  /// heard after the end. True when TLS began in this feed.
  bool feed(std::string_view octets);

  /// What was sent, with CRLF.
  [[nodiscard]] const std::string& replies() const { return replies_; }
  /// What the world was asked and told, one line each.
  [[nodiscard]] const std::vector<std::string>& asked() const { return asked_; }
  /// Messages that were taken, dots undone.
  [[nodiscard]] const std::vector<std::string>& messages() const { return messages_; }
  [[nodiscard]] bool closed() const { return closed_; }
  [[nodiscard]] const smtp::ServerSession& session() const { return session_; }

 private:
  [[nodiscard]] std::optional<smtp::Step> next_step();
  void perform(smtp::Step step);
  void say(const smtp::Reply& reply) { replies_ += reply.wire(); }
  [[nodiscard]] smtp::Reply answer(const smtp::Step& question);
  [[nodiscard]] smtp::Step answer_sasl(const smtp::AskSasl& question);
  /// Octets of a message or of a chunk; what follows from its end.
  [[nodiscard]] std::optional<smtp::Step> read_body();
  [[nodiscard]] smtp::Step end_of_chunk();
  [[nodiscard]] smtp::Reply end_of_message(bool malformed, std::size_t size);
  void begin_chunk(const smtp::ReadChunk& chunk);
  void forget_finished_transaction();

  smtp::ServerSession session_;
  StubWorld world_;
  smtp::LineReader reader_;
  std::optional<smtp::DataDecoder> decoder_;   // while a body is read
  std::optional<smtp::ChunkDecoder> chunks_;   // from a transaction's first BDAT to its end
  std::optional<smtp::ReadChunk> chunk_;       // while one is read
  std::optional<smtp::ChunkSkipper> skipper_;  // while one is dropped
  std::uint64_t serial_ = 0;
  std::string body_;
  std::string replies_;
  std::vector<std::string> asked_;
  std::vector<std::string> messages_;
  bool closed_ = false;
  bool upgraded_ = false;
};

/// How the client's octets reach the server.
enum class Cut {
  LockStep,   // step by step, as written
  AtOnce,     // everything up to where a client has to wait (STARTTLS)
  OctetWise,  // one by one
  Pieces,     // at places that the seed chooses
};

struct Played {
  std::string replies;
  std::vector<std::string> asked;
  std::vector<std::string> messages;
  bool closed = false;
  std::vector<std::string> faults;  // where it differs from the transcript: "name:line: ..."
};

[[nodiscard]] Played play(const Transcript& transcript, Cut cut, std::uint64_t seed = 1);

}  // namespace cas::testing
