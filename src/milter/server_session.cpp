// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// One function a command.
#include "milter/server_session.hpp"

#include <algorithm>
#include <iterator>
#include <ranges>
#include <utility>

namespace cas::milter {

namespace {

constexpr std::uint32_t oldest_version = 2;
constexpr std::size_t max_macro_octets = 64 * 1024;  // of one command
constexpr std::size_t max_macro_commands = 16;

// Nothing else of the commands is wanted; what is not replied to can follow without waiting.
constexpr std::uint32_t wanted_steps = step::no_data | step::no_unknown | step::no_reply_connect | step::no_reply_helo |
                                       step::no_reply_header | step::no_reply_end_of_headers | step::no_reply_body |
                                       step::leading_space;

/// As it stood in the message, which signatures need: CRLF between the lines.
std::string as_field(const Header& header, bool with_leading_space) {
  std::string field = header.name + ':';
  if (!with_leading_space) field += ' ';  // the MTA has taken one away (Sendmail; Postfix does as it does)
  char before = '\0';
  for (const char c : header.value) {
    if (c == '\n' && before != '\r') field += '\r';
    field += c;
    before = c;
  }
  return field + "\r\n";
}

bool is_ip(Family family) {
  return family == Family::Ipv4 || family == Family::Ipv6;
}

// Sendmail writes "IPv6:2001:db8::1".
std::string plain_address(const std::string& address) {
  constexpr std::string_view tag = "IPv6:";
  return address.starts_with(tag) ? address.substr(tag.size()) : address;
}

}  // namespace

ServerSession::Step ServerSession::on_packet(const Packet& packet) {
  const auto command = parse_command(packet);
  if (!command) return Close{command.error().public_text};
  return std::visit([this](const auto& value) { return on(value); }, *command);
}

ServerSession::Step ServerSession::out_of_order(std::string_view what) {
  return Close{std::string(what) + " out of order"};
}

ServerSession::Step ServerSession::happened(Occurrence what, std::uint32_t silent) {
  silent_ = (steps_ & silent) != 0;
  return Happened{std::move(what)};
}

std::string ServerSession::answer(const Reply& verdict) {
  if (std::exchange(silent_, false)) return {};
  return frame(print(verdict));
}

// ---- Before the first message ----

ServerSession::Step ServerSession::on(const Negotiation& offer) {
  if (state_ != State::New) return out_of_order("a negotiation");
  if (offer.version < oldest_version) return Close{"the MTA speaks a version of the protocol that is too old"};
  if ((offer.actions & wants_.needed) != wants_.needed) {
    return Close{"the MTA does not let a filter add and change header fields"};
  }
  state_ = State::Negotiated;
  actions_ = offer.actions & (wants_.needed | wants_.wanted);
  steps_ = offer.steps & wanted_steps;
  Negotiation ours{.version = std::min(offer.version, protocol_version), .actions = actions_, .steps = steps_};
  if ((offer.actions & action::request_macros) != 0) {
    ours.actions |= action::request_macros;
    ours.macros = {{MacroStage::Mail, "{auth_type} {auth_authen}"}, {MacroStage::EndOfMessage, "i"}};
  }
  return Send{frame(print(Reply(std::move(ours))))};
}

ServerSession::Step ServerSession::on(const DefineMacros& macros) {
  if (state_ == State::New) return out_of_order("macros");
  std::size_t octets = 0;
  for (const auto& [name, value] : macros.values) octets += name.size() + value.size();
  if (octets > max_macro_octets) return Close{"too many macros"};
  std::erase_if(macros_, [&](const auto& known) { return known.command == macros.command; });
  if (macros_.size() >= max_macro_commands) return Close{"macros of too many commands"};
  macros_.push_back(macros);
  return Nothing{};
}

ServerSession::Step ServerSession::on(const Connect& connect) {
  if (state_ != State::Negotiated) return out_of_order("a client");
  state_ = State::Connected;
  ClientConnected client{.host = connect.host, .address = {}, .local = connect.family == Family::Unix};
  if (is_ip(connect.family)) client.address = plain_address(connect.address);
  return happened(std::move(client), step::no_reply_connect);
}

ServerSession::Step ServerSession::on(const Helo& helo) {
  if (state_ < State::Connected) return out_of_order("HELO");
  state_ = State::Connected;
  return happened(ClientGreeted{helo.name}, step::no_reply_helo);
}

// ---- A transaction ----

ServerSession::Step ServerSession::on(const MailFrom& mail) {
  if (state_ < State::Connected) return out_of_order("MAIL");
  state_ = State::Sender;
  // Without a name for it, "{auth_type}" alone tells that somebody is known.
  std::string user;
  if (!macro("{auth_type}").empty()) user = macro("{auth_authen}").empty() ? "?" : macro("{auth_authen}");
  forget_macros('M');  // those of the next transaction are sent again, or it has none
  return happened(SenderNamed{.path = mail.arguments.front(), .user = std::move(user)}, 0);
}

ServerSession::Step ServerSession::on(const RcptTo& rcpt) {
  if (state_ != State::Sender && state_ != State::Recipient) return out_of_order("RCPT");
  state_ = State::Recipient;
  return happened(RecipientNamed{rcpt.arguments.front()}, 0);
}

ServerSession::Step ServerSession::on(const DataBegins&) {
  if (!in_transaction()) return out_of_order("DATA");
  return Send{frame(print(Reply(Verdict::Continue)))};
}

ServerSession::Step ServerSession::on(const Header& header) {
  if (!in_transaction() || state_ == State::Body) return out_of_order("a header field");
  state_ = State::Header;
  const bool with_leading_space = (steps_ & step::leading_space) != 0;
  return happened(FieldCame{as_field(header, with_leading_space)}, step::no_reply_header);
}

ServerSession::Step ServerSession::on(const EndOfHeaders&) {
  if (!in_transaction() || state_ == State::Body) return out_of_order("the end of the header");
  state_ = State::Body;
  return happened(HeaderEnded{}, step::no_reply_end_of_headers);
}

ServerSession::Step ServerSession::on(const Body& body) {
  if (state_ != State::Body) return out_of_order("a body");
  return happened(BodyCame{body.octets}, step::no_reply_body);
}

ServerSession::Step ServerSession::on(const EndOfBody& end) {
  if (state_ != State::Body) return out_of_order("the end of a message");
  state_ = State::Connected;
  return happened(MessageEnded{end.octets}, 0);
}

ServerSession::Step ServerSession::on(const Abort&) {
  if (state_ == State::New) return out_of_order("an abort");
  if (state_ > State::Connected) state_ = State::Connected;
  return Happened{TransactionOver{}};
}

ServerSession::Step ServerSession::on(const Quit&) {
  return Close{};
}

ServerSession::Step ServerSession::on(const QuitNewConnection&) {
  if (state_ == State::New) return out_of_order("a new client");
  state_ = State::Negotiated;
  macros_.clear();
  return Happened{ClientLeft{}};
}

ServerSession::Step ServerSession::on(const UnknownCommand&) {
  if (state_ < State::Connected) return out_of_order("a command");
  return Send{frame(print(Reply(Verdict::Continue)))};
}

// ---- For the driver ----

std::string ServerSession::insert_first(std::string_view field) const {
  const auto colon = field.find(':');
  InsertHeader insert{.index = 0, .name = std::string(field.substr(0, colon)), .value = {}};
  field.remove_prefix(colon + 1);
  if (field.ends_with("\r\n")) field.remove_suffix(2);
  if ((steps_ & step::leading_space) == 0 && field.starts_with(' ')) field.remove_prefix(1);
  std::ranges::copy_if(field, std::back_inserter(insert.value), [](char c) { return c != '\r'; });
  return frame(print(Reply(std::move(insert))));
}

// The last that was sent.
std::string ServerSession::macro(std::string_view name) const {
  for (const auto& macros : macros_ | std::views::reverse) {
    const auto found = std::ranges::find(macros.values, name, &Macros::value_type::first);
    if (found != macros.values.end()) return found->second;
  }
  return {};
}

void ServerSession::forget_macros(char command) {
  std::erase_if(macros_, [&](const auto& known) { return known.command == command; });
}

}  // namespace cas::milter
