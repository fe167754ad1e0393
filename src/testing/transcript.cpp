// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The parser of testdata/*.smtp.
#include "testing/transcript.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/encoding.hpp"

namespace cas::testing {
namespace {

using Kind = TranscriptStep::Kind;

std::string take_word(std::string_view& text) {
  text = trim_wsp(text);
  const std::string_view word = text.substr(0, text.find(' '));
  text = trim_wsp(text.substr(word.size()));
  return std::string(word);
}

/// \r \n \t \0 \\ and \xHH.
Result<std::string> unescape(std::string_view text) {
  std::string out;
  for (std::size_t n = 0; n < text.size(); ++n) {
    if (text[n] != '\\') {
      out += text[n];
      continue;
    }
    const char c = ++n < text.size() ? text[n] : ' ';
    const std::size_t plain = std::string_view("rnt0\\").find(c);
    if (plain != std::string_view::npos) {
      out += std::string_view("\r\n\t\0\\", 5)[plain];
      continue;
    }
    unsigned value = 0;
    const std::string_view digits = text.substr(n + 1, 2);
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (c != 'x' || digits.size() != 2 || result.ptr != digits.data() + 2) return permanent("unknown escape");
    out += static_cast<char>(value);
    n += 2;
  }
  return out;
}

Result<smtp::Reply> reply_of(std::string_view text) {
  smtp::ReplyParser parser;
  CAS_TRY(auto reply, parser.on_line(text));
  if (!reply) return permanent("a reply of one line is needed");
  return *std::move(reply);
}

Result<void> apply_offer(std::string_view rest, Transcript& transcript) {
  while (!rest.empty()) {
    const std::string word = take_word(rest);
    if (word == "starttls") {
      transcript.options.offer_starttls = true;
    } else if (word == "cas") {
      transcript.options.offer_cas = true;
    } else if (word == "submission") {
      transcript.options.submission = true;
    } else if (word == "scram") {
      transcript.options.offer_scram = true;
    } else if (word == "tls") {
      transcript.tls = true;
    } else if (word == "no-smtputf8") {
      transcript.options.offer_smtputf8 = false;
    } else if (word == "no-chunking") {
      transcript.options.offer_chunking = false;
    } else {
      return permanent("unknown offer " + word);
    }
  }
  return {};
}

Result<void> apply_limit(std::string_view rest, smtp::Limits& limits) {
  const std::map<std::string_view, std::size_t smtp::Limits::*> known{
      {"command-line", &smtp::Limits::command_line},
      {"confirm-line", &smtp::Limits::confirm_line},
      {"auth-line", &smtp::Limits::auth_line},
      {"message", &smtp::Limits::message},
      {"recipients", &smtp::Limits::recipients},
      {"bad-commands", &smtp::Limits::bad_commands},
      {"failed-confirms", &smtp::Limits::failed_confirms},
      {"failed-auths", &smtp::Limits::failed_auths},
      {"transactions", &smtp::Limits::transactions},
      {"idle-commands", &smtp::Limits::idle_commands},
  };
  const auto limit = known.find(take_word(rest));
  std::size_t value = 0;
  const auto result = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (limit == known.end() || result.ec != std::errc{} || result.ptr != rest.data() + rest.size()) {
    return permanent("unknown limit");
  }
  limits.*limit->second = value;
  return {};
}

/// A "!" line: what the server offers and what its world answers.
Result<void> apply_setting(std::string_view rest, Transcript& transcript) {
  const std::string word = take_word(rest);
  if (word == "offer") return apply_offer(rest, transcript);
  if (word == "limit") return apply_limit(rest, transcript.options.limits);
  if (word == "account") {
    const std::string name = take_word(rest);
    transcript.world.accounts[name] = rest;
    return {};
  }
  if (word == "sasl") {
    std::string response = take_word(rest);
    if (response == "=") response.clear();
    transcript.world.sasl[response] = rest;
    return {};
  }
  if (word == "message") {
    CAS_TRY(transcript.world.message, reply_of(rest));
    return {};
  }
  std::map<std::string, smtp::Reply>* answers = nullptr;
  if (word == "mail") answers = &transcript.world.mail;
  if (word == "confirm") answers = &transcript.world.confirm;
  if (word == "rcpt") answers = &transcript.world.rcpt;
  if (answers == nullptr) return permanent("unknown setting " + word);
  const std::string key = take_word(rest);
  CAS_TRY(auto reply, reply_of(rest));
  answers->insert_or_assign(key, std::move(reply));
  return {};
}

Result<void> apply_line(std::string_view line, std::size_t number, Transcript& transcript) {
  const std::string_view mark = line.substr(0, 2);
  const std::string_view rest = line.substr(std::min<std::size_t>(3, line.size()));
  if (line.size() > 2 && line[2] != ' ') return permanent("a blank must follow the mark");
  if (mark == "C:") transcript.steps.push_back({Kind::Client, std::string(rest) + "\r\n", number});
  if (mark == "S:") transcript.steps.push_back({Kind::Server, std::string(rest), number});
  if (mark == "S~") transcript.steps.push_back({Kind::ServerPattern, std::string(rest), number});
  if (mark == "M:") transcript.steps.push_back({Kind::Message, std::string(rest), number});
  if (mark == "C~") {
    CAS_TRY(auto octets, unescape(rest));
    transcript.steps.push_back({Kind::Client, std::move(octets), number});
  }
  const bool known = mark == "C:" || mark == "C~" || mark == "S:" || mark == "S~" || mark == "M:";
  if (!known) return permanent("unknown mark");
  return {};
}

}  // namespace

Result<Transcript> parse_transcript(std::string name, std::string_view text) {
  CAS_TRY(auto host, Domain::parse("mx.b.example"));
  Transcript transcript{
      .name = std::move(name), .options = {.host = std::move(host)}, .tls = false, .world = {}, .steps = {}};
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.empty() || line.starts_with('#')) continue;
    Result<void> applied;
    if (line.starts_with("! ")) {
      if (!transcript.steps.empty()) applied = permanent("settings stand before the dialog");
      if (applied) applied = apply_setting(line.substr(2), transcript);
    } else {
      applied = apply_line(line, number, transcript);
    }
    if (!applied) {
      return permanent(transcript.name + ':' + std::to_string(number) + ": " + applied.error().public_text);
    }
  }
  return transcript;
}

Result<Transcript> load_transcript(const std::string& name) {
  std::ifstream file(std::filesystem::path(CAS_TESTDATA) / (name + ".smtp"), std::ios::binary);
  if (!file) return permanent(name + ": not readable");
  std::ostringstream text;
  text << file.rdbuf();
  return parse_transcript(name, text.str());
}

std::vector<std::string> transcript_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(CAS_TESTDATA)) {
    if (entry.path().extension() == ".smtp") names.push_back(entry.path().stem().string());
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace cas::testing
