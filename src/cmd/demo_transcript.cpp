// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Reading an SMTP session off its octets.
#include "cmd/demo_transcript.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "smtp/command.hpp"

namespace cas::cmd {
namespace {

constexpr std::size_t max_lines = 4000;
constexpr std::size_t max_line = 16384;
constexpr std::size_t shown_base64 = 8;

bool begins(std::string_view line, std::string_view beginning) {
  return line.size() >= beginning.size() && iequals(line.substr(0, beginning.size()), beginning);
}

/// RFC 5321 §4.2.1: the last line of a reply has a space, or nothing, after the code.
bool ends_reply(std::string_view line) {
  return line.size() < 4 || line[3] == ' ';
}

bool is_base64(char c) {
  return is_alnum(c) || c == '-' || c == '_';
}

}  // namespace

void Recorder::on_octets(Speaker who, std::string_view octets, Time at) {
  std::string& pending = who == Speaker::Client ? pending_client_ : pending_server_;
  while (!octets.empty()) {
    const bool in_chunk = who == Speaker::Client && chunk_ > 0;
    const std::string_view here = in_chunk ? octets.substr(0, chunk_) : octets;
    const std::size_t end = here.find('\n');
    const std::string_view part = here.substr(0, end);
    if (pending.size() < max_line) pending.append(part.substr(0, max_line - pending.size()));
    const bool line_ends = end != std::string_view::npos;
    const std::size_t used = part.size() + (line_ends ? 1 : 0);
    octets.remove_prefix(used);
    if (in_chunk) chunk_ -= used;
    const bool chunk_ends = in_chunk && chunk_ == 0 && !pending.empty();  // RFC 3030: in the middle of a line
    if (!line_ends && !chunk_ends) continue;
    if (pending.ends_with('\r')) pending.pop_back();
    std::string line = std::exchange(pending, std::string());
    if (in_chunk) {
      keep(who, std::move(line), true, at);
    } else {
      on_line(who, std::move(line), at);
    }
  }
}

void Recorder::remark(std::string text, Time at) {
  keep(Speaker::Wire, std::move(text), false, at);
}

bool Recorder::take_starttls_agreed() {
  if (starttls_ != Starttls::Agreed) return false;
  starttls_ = Starttls::No;
  return true;
}

void Recorder::on_line(Speaker who, std::string line, Time at) {
  if (who == Speaker::Client) {
    client_line(std::move(line), at);
  } else {
    server_line(std::move(line), at);
  }
}

void Recorder::client_line(std::string line, Time at) {
  if (in_body_) {
    in_body_ = line != ".";
    const bool body = in_body_;
    return keep(Speaker::Client, std::move(line), body, at);
  }
  if (std::exchange(secret_next_, false)) return keep(Speaker::Client, "(a secret)", false, at);
  if (iequals(line, "STARTTLS")) starttls_ = Starttls::Asked;
  if (const auto command = smtp::parse_command(line); command.verb == smtp::Verb::Bdat) {
    const auto chunk = smtp::parse_bdat(command.argument);
    chunk_ = chunk ? chunk->octets : 0;
  }
  if (begins(line, "AUTH ")) {
    const std::size_t secret = line.find(' ', 5);  // RFC 4954 §4: the initial response
    if (secret != std::string::npos) line = line.substr(0, secret) + " (a secret)";
  }
  keep(Speaker::Client, std::move(line), false, at);
}

void Recorder::server_line(std::string line, Time at) {
  if (ends_reply(line)) {
    if (line.starts_with("354")) in_body_ = true;
    if (line.starts_with("334")) secret_next_ = true;
    if (starttls_ == Starttls::Asked) starttls_ = line.starts_with("220") ? Starttls::Agreed : Starttls::No;
  }
  keep(Speaker::Server, std::move(line), false, at);
}

void Recorder::keep(Speaker who, std::string line, bool body, Time at) {
  if (lines_.size() < max_lines) lines_.push_back(Spoken{who, std::move(line), body, at});
}

Transcript last_transaction(const Transcript& session) {
  const auto is_mail = [](const Spoken& line) {
    return line.who == Speaker::Client && !line.body && begins(line.text, "MAIL FROM");
  };
  const auto last = std::find_if(session.rbegin(), session.rend(), is_mail);
  if (last == session.rend()) return {};
  Transcript out(std::prev(last.base()), session.end());
  std::erase_if(out, [](const Spoken& line) {
    return (line.who == Speaker::Client && !line.body && iequals(line.text, "QUIT")) ||
           (line.who == Speaker::Server && line.text.starts_with("221"));
  });
  return out;
}

std::size_t round_trips(const Transcript& lines) {
  std::size_t changes = 0;
  Speaker last = Speaker::Server;
  for (const Spoken& line : lines) {
    if (line.who == Speaker::Wire) continue;
    if (last == Speaker::Client && line.who == Speaker::Server) ++changes;
    last = line.who;
  }
  return changes;
}

std::chrono::duration<double, std::milli> duration(const Transcript& lines) {
  if (lines.empty()) return {};
  return lines.back().at - lines.front().at;
}

bool said(const Transcript& lines, Speaker who, std::string_view beginning) {
  return find_line(lines, who, beginning).has_value();
}

std::optional<std::string> find_line(const Transcript& lines, Speaker who, std::string_view beginning) {
  for (const Spoken& line : lines) {
    if (line.who == who && !line.body && begins(line.text, beginning)) return line.text;
  }
  return std::nullopt;
}

std::size_t body_lines(const Transcript& lines) {
  return static_cast<std::size_t>(std::ranges::count_if(lines, [](const Spoken& line) { return line.body; }));
}

std::string wire_body(const Transcript& lines) {
  std::string out;
  for (const Spoken& line : lines) {
    if (line.body) out += line.text + "\r\n";
  }
  if (!out.empty() && !said(lines, Speaker::Client, "BDAT ")) out += ".\r\n";
  return out;
}

std::string abbreviated(std::string_view line) {
  if (!begins(line, "CONFIRM ")) return printable(line);
  std::string out;
  while (!line.empty()) {
    const auto run = static_cast<std::size_t>(std::ranges::find_if_not(line, is_base64) - line.begin());
    if (run > 2 * shown_base64) {
      out.append(line.substr(0, shown_base64)).append("...");
    } else {
      out.append(line.substr(0, run));
    }
    line.remove_prefix(run);
    if (line.empty()) break;
    out += line.front();
    line.remove_prefix(1);
  }
  return printable(out, 1024);
}

}  // namespace cas::cmd
