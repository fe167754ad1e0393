// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Messages and lines for `cas intent`.
#include "cmd/message_file.hpp"

#include <sysexits.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

#include "base/encoding.hpp"
#include "cmd/terminal.hpp"
#include "inbound/incoming.hpp"

namespace cas::cmd {

namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

std::string line_number(std::string_view text, std::size_t at) {
  return "line " + std::to_string(std::ranges::count(text.substr(0, at), '\n') + 1);
}

}  // namespace

Result<WireMessage> wire_form(std::string_view octets) {
  WireMessage message;
  message.octets.reserve(octets.size() + octets.size() / 32);
  bool has_crlf = false;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    const char c = octets[i];
    const bool crlf = octets.substr(i, 2) == "\r\n";
    if (c == '\0') return permanent("a NUL stands in " + line_number(octets, i) + "; no receiver takes it");
    if (c == '\r' && !crlf) {
      return permanent("a CR without LF stands in " + line_number(octets, i) +
                       "; end lines in CRLF, or all of them in LF");
    }
    if (c == '\n') message.had_lf = true;
    if (crlf) has_crlf = true;
    if (c == '\n' || crlf) {
      message.octets += "\r\n";
      if (crlf) ++i;
    } else {
      message.octets += c;
    }
    if (has_crlf && message.had_lf) {
      return permanent("some lines end in CRLF and " + line_number(octets, i) +
                       " does not end as those before it; end all lines in CRLF, or all in LF");
    }
  }
  if (!message.octets.ends_with("\r\n")) message.octets += "\r\n";  // CAS §4.4
  return message;
}

Result<confirm::MessageFacts> judge_message(const WireMessage& message) {
  inbound::IncomingMessage incoming(policy::BoundaryFacts{}, smtp::Limits{});
  incoming.add(message.octets);
  if (const auto refusal = incoming.finish()) return permanent(refusal->summary());
  return incoming.facts();
}

Result<std::string> read_input(const std::string& file) {
  constexpr std::size_t largest = smtp::Limits{}.message;
  const std::unique_ptr<std::FILE, CloseFile> opened(file == "-" ? nullptr : std::fopen(file.c_str(), "rbe"));
  if (file != "-" && !opened) return permanent(std::generic_category().message(errno));
  std::FILE* const input = opened ? opened.get() : stdin;
  std::string octets;
  std::string piece(65536, '\0');
  while (const std::size_t n = std::fread(piece.data(), 1, piece.size(), input)) {
    octets.append(piece, 0, n);
    if (octets.size() > largest)
      return permanent("is larger than the " + std::to_string(largest) + " octets of a message");
  }
  if (std::ferror(input) != 0) return permanent(std::generic_category().message(errno));
  return octets;
}

namespace {

std::string option_text(const std::string& file) {
  return "--message: " + (file == "-" ? "standard input" : printable(file));
}

}  // namespace

Or<WireMessage> read_message(const std::string& file) {
  const std::string name = option_text(file);
  const auto octets = read_input(file);
  if (!octets) return std::unexpected(Refusal{EX_NOINPUT, name + ": " + octets.error().private_reason});
  auto message = wire_form(*octets);
  if (!message) return std::unexpected(Refusal{EX_DATAERR, name + ": " + message.error().private_reason});
  if (message->had_lf)
    complain(EX_OK, name + " has LF line ends; they are taken as the CRLF that they are on the wire");
  return *std::move(message);
}

Or<std::optional<confirm::MessageFacts>> read_message_facts(const std::string& file) {
  if (file.empty()) return std::nullopt;
  CAS_TRY(const WireMessage message, read_message(file));
  auto facts = judge_message(message);
  if (!facts) {
    return std::unexpected(
        Refusal{EX_DATAERR, option_text(file) + ": a receiver would answer " + facts.error().private_reason});
  }
  return *std::move(facts);
}

std::vector<std::string> intent_lines(std::string_view text) {
  constexpr std::string_view command = "CONFIRM ";
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (iequals(line.substr(0, command.size()), command)) line.remove_prefix(command.size());
    if (!line.empty()) lines.emplace_back(line);
  }
  return lines;
}

}  // namespace cas::cmd
