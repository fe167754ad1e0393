// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A message from a file or from standard input, as a receiver would see it: with CRLF line ends, judged by the code
// that judges messages on the wire.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "cmd/intent_request.hpp"
#include "confirm/receiver.hpp"

namespace cas::cmd {

/// A message in wire form.
struct WireMessage {
  std::string octets;
  bool had_lf = false;  // its lines ended in LF and were changed
};
/// LF line ends become CRLF, CRLF stays; a last line without an end gets one. Permanent error for what no receiver
/// takes, with the line: a CR of its own, a NUL, and CRLF and LF in one message (nobody knows which of them was meant).
[[nodiscard]] Result<WireMessage> wire_form(std::string_view octets);

/// What a receiver finds in it (CAS §8.3). Permanent error with the reply that a receiver would give to a message that
/// it refuses whatever the intent: a malformed header section, one that is too long, too many hops.
[[nodiscard]] Result<confirm::MessageFacts> judge_message(const WireMessage& message);

/// Everything in a file, or on standard input for "-". Permanent error that says why it cannot be read.
[[nodiscard]] Result<std::string> read_input(const std::string& file);

/// File and wire form together, for --message. Says once on standard error that LF was taken as CRLF.
[[nodiscard]] Or<WireMessage> read_message(const std::string& file);

/// The three together, for --message; none when nothing was given.
[[nodiscard]] Or<std::optional<confirm::MessageFacts>> read_message_facts(const std::string& file);

/// One intent a line, without "CONFIRM " in any case, line ends and empty lines.
[[nodiscard]] std::vector<std::string> intent_lines(std::string_view text);

}  // namespace cas::cmd
