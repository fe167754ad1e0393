// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The MTA's side of the protocol, from the negotiation to the verdict.
#include "milter/conversation.hpp"

#include <algorithm>

#include "base/ip_address.hpp"

namespace cas::milter {

namespace {

constexpr std::uint32_t offered_actions =
    action::add_headers | action::change_headers | action::change_body | action::quarantine;
// Everything but recipients that were refused, whom we do not keep.
constexpr std::uint32_t offered_steps = 0x1fffff & ~step::refused_recipients;
constexpr std::size_t read_size = 16 * 1024;

Connect connect_of(const inbound::FilterRequest& message) {
  const auto address = IpAddress::parse(message.client);
  if (!address) return {.host = "localhost", .family = Family::Unknown, .port = 0, .address = {}};
  const bool six = message.client.contains(':');
  return {.host = "[" + message.client + "]",
          .family = six ? Family::Ipv6 : Family::Ipv4,
          .port = message.client_port,
          .address = (six ? "IPv6:" : "") + message.client};
}

/// The last word on what was asked.
bool is_final(const Reply& reply) {
  const auto* verdict = std::get_if<Verdict>(&reply);
  return verdict == nullptr || (*verdict != Verdict::Continue && *verdict != Verdict::Skip);
}
bool accepts(const Reply& reply) {
  return reply == Reply(Verdict::Accept);
}
/// What an MTA may be told about one recipient, and go on with the others.
bool is_about_one(const Reply& reply) {
  return std::holds_alternative<ReplyCode>(reply) || reply == Reply(Verdict::Reject) ||
         reply == Reply(Verdict::TempFail);
}

}  // namespace

// ---- Packets ----

milliseconds Conversation::left() const {
  const auto left = std::chrono::ceil<milliseconds>(deadline_ - std::chrono::steady_clock::now());
  return std::max(left, milliseconds{0});
}

net::Task<Result<void>> Conversation::write(std::string octets) {
  if (left() <= milliseconds{0}) co_return transient("a filter takes too long");
  co_return co_await stream_.write(octets, left());
}

net::Task<Result<Reply>> Conversation::read() {
  std::string buffer(read_size, '\0');
  while (true) {
    CAS_CO_TRY(const auto packet, reader_.next());
    if (packet) {
      CAS_CO_TRY(auto reply, parse_reply(*packet));
      if (reply == Reply(Verdict::Progress)) continue;  // its time is bounded all the same
      co_return reply;
    }
    if (left() <= milliseconds{0}) co_return transient("a filter takes too long");
    CAS_CO_TRY(const auto octets, co_await stream_.read_some(buffer, left()));
    if (octets == 0) co_return transient("a filter hung up");
    reader_.feed(std::string_view(buffer).substr(0, octets));
  }
}

net::Task<Conversation::Answer> Conversation::send(Command command, std::uint32_t unwanted, std::uint32_t silent) {
  if (agreed(unwanted)) co_return std::nullopt;
  CAS_CO_CHECK(co_await write(frame(print(command))));
  if (agreed(silent)) co_return std::nullopt;
  CAS_CO_TRY(auto reply, co_await read());
  if (is_modification(reply) || std::holds_alternative<Negotiation>(reply)) {
    co_return permanent("a filter asks for changes before the end of the message");
  }
  if (reply == Reply(Verdict::Skip)) skips_ = true;
  if (is_final(reply)) co_return std::optional(std::move(reply));
  co_return std::nullopt;
}

net::Task<Result<void>> Conversation::send_macros(char command, Macros macros) {
  const Command defined = DefineMacros{.command = command, .values = std::move(macros)};
  co_return co_await write(frame(print(defined)));
}

// ---- The dialog ----

net::Task<Result<Opinion>> Conversation::ask(const inbound::FilterRequest& message) {
  Opinion opinion;
  CAS_CO_CHECK(co_await negotiate());
  CAS_CO_TRY(auto header, HeaderEdits::of(message.header));
  CAS_CO_TRY(auto early, co_await envelope(message, opinion));
  if (!early) {
    CAS_CO_TRY(early, co_await content(message));
  }
  if (early) {
    if (!accepts(*early)) opinion.refusal = *std::move(early);
  } else {
    CAS_CO_CHECK(co_await ending(std::move(header), opinion));
  }
  const Command quit = Quit{};
  (void)co_await write(frame(print(quit)));
  co_await stream_.close();
  co_return opinion;
}

net::Task<Result<void>> Conversation::negotiate() {
  const Command offer = Negotiation{.version = protocol_version, .actions = offered_actions, .steps = offered_steps};
  CAS_CO_CHECK(co_await write(frame(print(offer))));
  CAS_CO_TRY(const auto reply, co_await read());
  const auto* wanted = std::get_if<Negotiation>(&reply);
  if (wanted == nullptr) co_return permanent("a filter does not negotiate");
  if (wanted->version < 2 || wanted->version > protocol_version) {
    co_return permanent("a filter speaks version " + std::to_string(wanted->version) + " of the protocol");
  }
  // Some name all that they ever do, whatever is offered (rspamd). What is then asked for and not done would be a
  // message that the filter has not agreed to: that is a failure.
  if ((wanted->steps & ~offered_steps) != 0) co_return permanent("a filter wants steps that were not offered");
  steps_ = wanted->steps;
  co_return Result<void>();
}

net::Task<Conversation::Answer> Conversation::envelope(const inbound::FilterRequest& message, Opinion& opinion) {
  Macros known{{"j", host_.text()}, {"{daemon_name}", "cas"}};
  CAS_CO_CHECK(co_await send_macros('C', std::move(known)));
  Command connect = connect_of(message);
  CAS_CO_TRY(auto answer, co_await send(std::move(connect), step::no_connect, step::no_reply_connect));
  if (answer) co_return answer;
  Command helo = Helo{message.helo};
  CAS_CO_TRY(answer, co_await send(std::move(helo), step::no_helo, step::no_reply_helo));
  if (answer) co_return answer;
  Macros of_mail{{"i", message.id}, {"{mail_addr}", message.from.is_null() ? "" : message.from.mailbox()->wire()}};
  if (!message.user.empty()) {
    of_mail.emplace_back("{auth_type}", "PLAIN");
    of_mail.emplace_back("{auth_authen}", message.user);
  }
  CAS_CO_CHECK(co_await send_macros('M', std::move(of_mail)));
  Command mail = MailFrom{{message.from.path()}};
  CAS_CO_TRY(answer, co_await send(std::move(mail), step::no_mail, step::no_reply_mail));
  if (answer) co_return answer;
  co_return co_await recipients(message, opinion);
}

net::Task<Conversation::Answer> Conversation::recipients(const inbound::FilterRequest& message, Opinion& opinion) {
  std::optional<Reply> last;
  for (std::size_t n = 0; n < message.recipients.size(); ++n) {
    const std::string address = message.recipients[n].wire();
    Macros of_rcpt{{"{rcpt_addr}", address}};
    CAS_CO_CHECK(co_await send_macros('R', std::move(of_rcpt)));
    Command rcpt = RcptTo{{"<" + address + ">"}};
    CAS_CO_TRY(auto answer, co_await send(std::move(rcpt), step::no_rcpt, step::no_reply_rcpt));
    if (!answer) continue;
    if (!is_about_one(*answer)) co_return answer;
    opinion.unwanted.push_back(n);
    last = std::move(answer);
  }
  if (last && opinion.unwanted.size() == message.recipients.size()) co_return last;
  Command data = DataBegins{};
  auto answer = co_await send(std::move(data), step::no_data, step::no_reply_data);
  co_return answer;
}

net::Task<Conversation::Answer> Conversation::content(const inbound::FilterRequest& message) {
  CAS_CO_TRY(const auto header, HeaderEdits::of(message.header));
  for (auto& field : header.packets(agreed(step::leading_space))) {
    CAS_CO_TRY(auto answer, co_await send(std::move(field), step::no_headers, step::no_reply_header));
    if (answer) co_return answer;
  }
  Command end = EndOfHeaders{};
  CAS_CO_TRY(auto ended, co_await send(std::move(end), step::no_end_of_headers, step::no_reply_end_of_headers));
  if (ended) co_return ended;
  skips_ = false;
  for (std::size_t at = 0; at < message.body.size() && !skips_; at += max_body_piece) {
    Command piece = Body{message.body.substr(at, max_body_piece)};
    CAS_CO_TRY(auto answer, co_await send(std::move(piece), step::no_body, step::no_reply_body));
    if (answer) co_return answer;
  }
  co_return std::nullopt;
}

// Changes, then the verdict.
net::Task<Result<void>> Conversation::ending(HeaderEdits header, Opinion& opinion) {
  const Command end = EndOfBody{};
  CAS_CO_CHECK(co_await write(frame(print(end))));
  bool edited = false;
  while (true) {
    CAS_CO_TRY(const auto reply, co_await read());
    if (!is_modification(reply)) {
      const bool taken = reply == Reply(Verdict::Continue) || accepts(reply);
      if (!taken) opinion.refusal = reply;
      if (taken && edited) opinion.header = header.text();
      co_return Result<void>();
    }
    CAS_CO_CHECK(change(reply, header, opinion));
    edited = edited || std::holds_alternative<AddHeader>(reply) || std::holds_alternative<InsertHeader>(reply) ||
             std::holds_alternative<ChangeHeader>(reply);
  }
}

Result<void> Conversation::change(const Reply& reply, HeaderEdits& header, Opinion& opinion) const {
  const bool leading_space = agreed(step::leading_space);
  if (const auto* added = std::get_if<AddHeader>(&reply)) return header.add(*added, leading_space);
  if (const auto* inserted = std::get_if<InsertHeader>(&reply)) return header.insert(*inserted, leading_space);
  if (const auto* changed = std::get_if<ChangeHeader>(&reply)) return header.change(*changed, leading_space);
  if (const auto* quarantine = std::get_if<Quarantine>(&reply)) {
    opinion.quarantine = quarantine->reason;
    return {};
  }
  if (const auto* piece = std::get_if<ReplaceBody>(&reply)) {
    if (!opinion.body) opinion.body.emplace();
    if (opinion.body->size() + piece->octets.size() > max_body_) return permanent("a filter makes the body too long");
    *opinion.body += piece->octets;
    return {};
  }
  return permanent("a filter asks for a change that was not offered");
}

}  // namespace cas::milter
