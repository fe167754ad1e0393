// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What was said on the wire, and what can be read off it. Pure: the tap hands in octets and times.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cas::cmd {

enum class Speaker { Client, Server, Wire };  // Wire: a remark about the channel, such as its TLS version

struct Spoken {
  Speaker who = Speaker::Client;
  std::string text;   // one line without CRLF
  bool body = false;  // a line of the message, as on the wire (by DATA: dots doubled); not the final dot
  std::chrono::steady_clock::time_point at;
};
using Transcript = std::vector<Spoken>;

/// Cuts both directions of an SMTP session into lines. Secrets of AUTH are never kept. Bounded: a session of more than
/// 4000 lines or a line of more than 16 KiB is cut.
class Recorder {
 public:
  using Time = std::chrono::steady_clock::time_point;

  void on_octets(Speaker who, std::string_view octets, Time at);
  void remark(std::string text, Time at);

  /// The client has said STARTTLS and the server has not answered yet.
  [[nodiscard]] bool starttls_asked() const { return starttls_ == Starttls::Asked; }
  /// The server has answered STARTTLS with 220: what follows is the handshake. Reading it ends the state.
  [[nodiscard]] bool take_starttls_agreed();
  [[nodiscard]] const Transcript& lines() const { return lines_; }

 private:
  enum class Starttls { No, Asked, Agreed };
  void on_line(Speaker who, std::string line, Time at);
  void client_line(std::string line, Time at);
  void server_line(std::string line, Time at);
  void keep(Speaker who, std::string line, bool body, Time at);

  Transcript lines_;
  std::string pending_client_, pending_server_;
  Starttls starttls_ = Starttls::No;
  bool in_body_ = false;
  std::uint64_t chunk_ = 0;  // octets of a BDAT that are to come
  bool secret_next_ = false;
};

/// The last transaction of a session, from MAIL to its final reply, without QUIT and its reply. Empty without MAIL.
[[nodiscard]] Transcript last_transaction(const Transcript& session);
/// How often the client had to wait for the server: changes of direction from client to server.
[[nodiscard]] std::size_t round_trips(const Transcript& lines);
/// From the first line to the last.
[[nodiscard]] std::chrono::duration<double, std::milli> duration(const Transcript& lines);
/// Whether somebody said a line that begins so, in any case.
[[nodiscard]] bool said(const Transcript& lines, Speaker who, std::string_view beginning);
/// The first such line.
[[nodiscard]] std::optional<std::string> find_line(const Transcript& lines, Speaker who, std::string_view beginning);
/// Lines of messages in it.
[[nodiscard]] std::size_t body_lines(const Transcript& lines);
/// The message as it went over the wire, by DATA with its final dot, by BDAT without: what a replay sends. Empty when
/// there was none.
[[nodiscard]] std::string wire_body(const Transcript& lines);

/// For people: long base64 in a CONFIRM line is cut to eight characters and an ellipsis; control characters are shown
/// as \xHH.
[[nodiscard]] std::string abbreviated(std::string_view line);

}  // namespace cas::cmd
