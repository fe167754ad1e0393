// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// SMTP dialogs as text (testdata/*.smtp; the format is testdata/README.md): parsed here, played by testing/player.hpp
// on the pure session. Nothing here knows where a transcript is played.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "smtp/server_session.hpp"

namespace cas::testing {

/// What the world answers where a transcript does not care to say. Keys as the client wrote them.
struct StubWorld {
  std::map<std::string, smtp::Reply> mail;      // by path: "<a@b>"
  std::map<std::string, smtp::Reply> confirm;   // by what follows "CONFIRM "
  std::map<std::string, smtp::Reply> rcpt;      // by address, without angle brackets
  std::map<std::string, std::string> accounts;  // name -> password
  std::map<std::string, std::string> sasl;      // response -> "challenge TEXT" or "user NAME"
  smtp::Reply message{250, {2, 0, 0}, "queued"};
};

struct TranscriptStep {
  enum class Kind {
    Client,         // "C:" and "C~": octets to send, CRLF included for "C:"
    Server,         // "S:": one line of a reply, exactly, without CRLF
    ServerPattern,  // "S~": the same as a regular expression for the whole line
    Message,        // "M:": one line of the message that was taken last, without CRLF
  };
  Kind kind;
  std::string text;
  std::size_t line;  // in the file
};

struct Transcript {
  std::string name;
  smtp::ServerOptions options;
  bool tls = false;  // from the first octet
  StubWorld world;
  std::vector<TranscriptStep> steps;
};

/// A line that is not understood is a permanent error that names it.
[[nodiscard]] Result<Transcript> parse_transcript(std::string name, std::string_view text);
/// testdata/<name>.smtp.
[[nodiscard]] Result<Transcript> load_transcript(const std::string& name);
/// The names of all of them, sorted.
[[nodiscard]] std::vector<std::string> transcript_names();

}  // namespace cas::testing
