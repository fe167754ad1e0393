// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The stub driver, and the comparison of what it heard with what a transcript expects.
#include "testing/player.hpp"

#include <algorithm>
#include <regex>
#include <utility>

#include "base/encoding.hpp"
#include "testing/fake_random.hpp"

namespace cas::testing {

using smtp::Reply;
using smtp::Step;
using Kind = TranscriptStep::Kind;

// ---- Conversation --------------------------------------------------------------------------------------------------

Conversation::Conversation(smtp::ServerOptions options, bool tls, StubWorld world)
    : session_(std::move(options)), world_(std::move(world)) {
  perform(session_.on_connect(tls));
}

bool Conversation::feed(std::string_view octets) {
  upgraded_ = false;
  if (closed_) return false;
  reader_.feed(octets);
  while (!closed_ && !upgraded_) {
    auto step = next_step();
    if (!step) break;
    perform(*std::move(step));
  }
  return upgraded_;
}

std::optional<Step> Conversation::next_step() {
  if (decoder_ || chunk_ || skipper_) return read_body();
  const auto event = reader_.next(session_.line_limit());
  if (const auto* line = std::get_if<smtp::TooLong>(&event)) return session_.on_too_long_line(line->beginning);
  if (std::holds_alternative<smtp::Malformed>(event)) return session_.on_malformed_line();
  if (const auto* line = std::get_if<smtp::Line>(&event)) return session_.on_line(line->text);
  return {};
}

std::optional<Step> Conversation::read_body() {
  if (decoder_) {
    reader_.consume(decoder_->feed(reader_.pending()));
    if (!decoder_->finished()) return {};
    const bool malformed = decoder_->malformed();
    const std::size_t size = decoder_->size();
    decoder_.reset();
    return session_.on_body(end_of_message(malformed, size));
  }
  if (chunk_) {
    reader_.consume(chunks_->feed(reader_.pending()));
    if (!chunks_->finished()) return {};
    return end_of_chunk();
  }
  reader_.consume(skipper_->feed(reader_.pending()));
  if (!skipper_->finished()) return {};
  skipper_.reset();
  return session_.on_skipped();
}

Step Conversation::end_of_chunk() {
  const bool last = std::exchange(chunk_, {})->last;
  if (!last) {
    std::optional<Reply> fault;
    if (chunks_->malformed()) fault = Reply(550, {5, 6, 0}, "a bare CR, a bare LF or a NUL is in the message");
    return session_.on_chunk(std::move(fault));
  }
  chunks_->end();
  return session_.on_body(end_of_message(chunks_->malformed(), chunks_->size()));
}

void Conversation::begin_chunk(const smtp::ReadChunk& chunk) {
  if (!chunks_) {
    body_.clear();
    chunks_.emplace([this](std::string_view octets) { body_ += octets; });
  }
  chunks_->begin(chunk.octets);
  chunk_ = chunk;
}

/// As the driver: what was kept for a transaction goes with it.
void Conversation::forget_finished_transaction() {
  if (std::exchange(serial_, session_.transaction_serial()) != session_.transaction_serial()) chunks_.reset();
}

void Conversation::perform(Step step) {
  forget_finished_transaction();
  if (const auto* respond = std::get_if<smtp::Respond>(&step)) {
    say(respond->reply);
    closed_ = respond->close;
  } else if (const auto* challenge = std::get_if<smtp::ReadAuth>(&step)) {
    say(challenge->reply);
  } else if (const auto* tls = std::get_if<smtp::UpgradeTls>(&step)) {
    say(tls->reply);
    reader_.clear();
    session_.on_tls();
    upgraded_ = true;
  } else if (const auto* read = std::get_if<smtp::ReadBody>(&step)) {
    say(read->reply);
    body_.clear();
    decoder_.emplace([this](std::string_view octets) { body_ += octets; });
  } else if (const auto* chunk = std::get_if<smtp::ReadChunk>(&step)) {
    begin_chunk(*chunk);
  } else if (const auto* skip = std::get_if<smtp::SkipChunk>(&step)) {
    skipper_.emplace(skip->octets);
  } else if (const auto* sasl = std::get_if<smtp::AskSasl>(&step)) {
    perform(answer_sasl(*sasl));
  } else if (const auto* client = std::get_if<smtp::AskClient>(&step)) {
    asked_.push_back("client " + (client->client.address ? client->client.address->text() : std::string("unknown")));
    perform(session_.on_client(false));
  } else {
    perform(session_.on_answer(answer(step)));
  }
}

Step Conversation::answer_sasl(const smtp::AskSasl& question) {
  asked_.push_back(std::string(question.mechanism) + (question.first ? " begins " : " goes on ") + question.response);
  const auto found = world_.sasl.find(question.response);
  const std::string_view told = found == world_.sasl.end() ? std::string_view() : found->second;
  if (told.starts_with("challenge ")) return session_.on_challenge(told.substr(10));
  if (told.starts_with("user ")) {
    return session_.on_authenticated(std::string(told.substr(5)), Reply(235, {2, 7, 0}, "authentication succeeded"));
  }
  return session_.on_answer(Reply(535, {5, 7, 8}, "authentication credentials invalid"));
}

Reply Conversation::answer(const Step& question) {
  const auto told = [](const std::map<std::string, Reply>& answers, const std::string& key, Reply otherwise) {
    const auto found = answers.find(key);
    return found == answers.end() ? std::move(otherwise) : found->second;
  };
  if (const auto* mail = std::get_if<smtp::AskMail>(&question)) {
    const std::string path = mail->mail.from.path();
    asked_.push_back("mail " + path);
    return told(world_.mail, path, Reply(250, {2, 1, 0}, "ok"));
  }
  if (const auto* confirm = std::get_if<smtp::AskConfirm>(&question)) {
    asked_.push_back("confirm " + confirm->intent);
    return told(world_.confirm, confirm->intent, Reply(501, {5, 5, 4}, "[CAS:syntax] the intent is not understood"));
  }
  if (const auto* rcpt = std::get_if<smtp::AskRcpt>(&question)) {
    const std::string address = rcpt->rcpt.to.wire();
    asked_.push_back((session_.confirmed() ? "confirmed rcpt " : "rcpt ") + address);
    return told(world_.rcpt, address, Reply(250, {2, 1, 5}, session_.confirmed() ? "[CAS:confirmed]" : "ok"));
  }
  const auto& auth = std::get<smtp::AskAuth>(question);
  asked_.push_back("auth " + auth.authcid);
  const auto account = world_.accounts.find(auth.authcid);
  if (account == world_.accounts.end() || account->second != auth.password) {
    return Reply(535, {5, 7, 8}, "authentication credentials invalid");
  }
  return Reply(235, {2, 7, 0}, "authentication succeeded");
}

Reply Conversation::end_of_message(bool malformed, std::size_t size) {
  const bool too_big = size > session_.options().limits.message;
  std::string line = "message from " + session_.mail()->from.path() + " with " + session_.protocol_word() + " to";
  for (const auto& recipient : session_.recipients()) line += ' ' + recipient.wire();
  asked_.push_back(std::move(line));
  if (malformed) return Reply(550, {5, 6, 0}, "a bare CR, a bare LF or a NUL is in the message");
  if (too_big) return Reply(552, {5, 3, 4}, "message is larger than this server takes");
  if (world_.message.positive()) messages_.push_back(std::exchange(body_, {}));
  return world_.message;
}

// ---- Playing -------------------------------------------------------------------------------------------------------

namespace {

/// Where a client has to wait before it goes on: what it sends earlier is thrown away.
bool ends_a_flight(const TranscriptStep& step) {
  return to_upper(step.text).find("STARTTLS\r\n") != std::string::npos;
}

/// One flight is everything that may be on the wire at the same time.
std::vector<std::string> flights_of(const Transcript& transcript) {
  std::vector<std::string> flights;
  bool begin = true;
  for (const auto& step : transcript.steps) {
    if (step.kind != Kind::Client) continue;
    if (begin) flights.emplace_back();
    flights.back() += step.text;
    begin = ends_a_flight(step);
  }
  return flights;
}

/// Feeds one flight in pieces. The rest of a flight in which TLS began never reaches the session.
void feed_flight(Conversation& conversation, std::string_view flight, Cut cut, FakeRandom& random) {
  while (!flight.empty()) {
    std::size_t length = flight.size();
    if (cut == Cut::OctetWise) length = 1;
    if (cut == Cut::Pieces) length = 1 + random.below(std::min<std::size_t>(flight.size(), 40));
    if (conversation.feed(flight.substr(0, length))) return;
    flight.remove_prefix(length);
  }
}

std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find("\r\n"));
  text.remove_prefix(std::min(line.size() + 2, text.size()));
  return line;
}

bool matches(const TranscriptStep& step, std::string_view line) {
  if (step.kind == Kind::Server) return step.text == line;
  return std::regex_match(line.begin(), line.end(), std::regex(step.text));
}

/// Follows the transcript through what was heard.
class Comparison {
 public:
  Comparison(const Transcript& transcript, Played& played) : transcript_(transcript), played_(played) {}

  void expect(const TranscriptStep& step, std::string_view& heard) {
    const bool silent = heard.empty();
    const std::string_view line = take_line(heard);
    if (silent) return fault(step, "expected \"" + step.text + "\", heard nothing");
    if (!matches(step, line)) fault(step, "expected \"" + step.text + "\", heard \"" + std::string(line) + '"');
  }
  void expect_silence(const TranscriptStep& step, std::string_view heard) {
    if (!heard.empty()) fault(step, "before this, unexpectedly: \"" + std::string(take_line(heard)) + '"');
  }
  void fault(const TranscriptStep& step, const std::string& what) {
    played_.faults.push_back(transcript_.name + ':' + std::to_string(step.line) + ": " + what);
  }

 private:
  const Transcript& transcript_;
  Played& played_;
};

void take_down(const Conversation& conversation, Played& played) {
  played.replies = conversation.replies();
  played.asked = conversation.asked();
  played.messages = conversation.messages();
  played.closed = conversation.closed();
}

/// Every reply must have come when the transcript has it, and none earlier than the command before it.
Played play_in_lock_step(const Transcript& transcript) {
  Played played;
  Comparison comparison(transcript, played);
  Conversation conversation(transcript.options, transcript.tls, transcript.world);
  std::size_t heard = 0;
  std::string message;
  Kind before = Kind::Server;
  for (const auto& step : transcript.steps) {
    std::string_view fresh = std::string_view(conversation.replies()).substr(heard);
    if (step.kind == Kind::Message && before != Kind::Message) {
      message = conversation.messages().empty() ? "" : conversation.messages().back();
    }
    if (before == Kind::Message && step.kind != Kind::Message && !message.empty()) {
      comparison.fault(step, "the message goes on before this");
    }
    if (step.kind == Kind::Client) {
      if (before != Kind::Client) comparison.expect_silence(step, fresh);
      if (conversation.closed()) comparison.fault(step, "the connection is closed");
      conversation.feed(step.text);
    } else if (step.kind == Kind::Message) {
      if (!message.starts_with(step.text + "\r\n"))
        comparison.fault(step, "the message goes on with \"" + message + '"');
      message.erase(0, step.text.size() + 2);
    } else {
      comparison.expect(step, fresh);
      heard = conversation.replies().size() - fresh.size();
    }
    before = step.kind;
  }
  if (!transcript.steps.empty()) {
    comparison.expect_silence(transcript.steps.back(), std::string_view(conversation.replies()).substr(heard));
  }
  take_down(conversation, played);
  return played;
}

}  // namespace

Played play(const Transcript& transcript, Cut cut, std::uint64_t seed) {
  if (cut == Cut::LockStep) return play_in_lock_step(transcript);
  Played played;
  FakeRandom random(seed);
  Conversation conversation(transcript.options, transcript.tls, transcript.world);
  for (const auto& flight : flights_of(transcript)) feed_flight(conversation, flight, cut, random);
  take_down(conversation, played);

  Comparison comparison(transcript, played);
  std::string_view heard = played.replies;
  for (const auto& step : transcript.steps) {
    if (step.kind == Kind::Server || step.kind == Kind::ServerPattern) comparison.expect(step, heard);
  }
  if (!transcript.steps.empty()) comparison.expect_silence(transcript.steps.back(), heard);
  return played;
}

}  // namespace cas::testing
