// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The packets of the milter protocol, version 6, as Sendmail 8.14 and later and Postfix 2.6 and later speak it. No RFC
// describes it. A packet is a length (4 octets, the most significant first, not counting itself), a letter, and what
// belongs to that letter; texts end with a NUL. The MTA sends commands, the filter replies; after the end of the body
// it may send several, of which the last is the verdict. Pure: octets in, values out, and back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace cas::milter {

inline constexpr std::uint32_t protocol_version = 6;
/// Of a packet behind its length. Bodies come in pieces of 65,535; a header field may be longer than that.
inline constexpr std::size_t max_packet = std::size_t{1} << 20;
/// Of a body in one packet, unless more was agreed on.
inline constexpr std::size_t max_body_piece = 65535;
inline constexpr std::size_t max_arguments = 64;  // of MAIL and RCPT
inline constexpr std::size_t max_macros = 256;    // of one packet

/// What a filter may ask the MTA to do (negotiated).
namespace action {
inline constexpr std::uint32_t add_headers = 0x1, change_body = 0x2, add_recipients = 0x4, delete_recipients = 0x8,
                               change_headers = 0x10, quarantine = 0x20, change_from = 0x40,
                               add_recipients_with_parameters = 0x80, request_macros = 0x100;
}  // namespace action

/// What the MTA does not send, what is not replied to, and how values are spelt (negotiated).
namespace step {
inline constexpr std::uint32_t no_connect = 0x1, no_helo = 0x2, no_mail = 0x4, no_rcpt = 0x8, no_body = 0x10,
                               no_headers = 0x20, no_end_of_headers = 0x40, no_reply_header = 0x80, no_unknown = 0x100,
                               no_data = 0x200, skip = 0x400, refused_recipients = 0x800, no_reply_connect = 0x1000,
                               no_reply_helo = 0x2000, no_reply_mail = 0x4000, no_reply_rcpt = 0x8000,
                               no_reply_data = 0x10000, no_reply_unknown = 0x20000, no_reply_end_of_headers = 0x40000,
                               no_reply_body = 0x80000, leading_space = 0x100000;
}  // namespace step

/// For which command a filter asks for macros.
enum class MacroStage : std::uint32_t { Connect, Helo, Mail, Rcpt, Data, EndOfMessage, EndOfHeaders };

struct Packet {
  char code = 0;
  std::string data;
  bool operator==(const Packet&) const = default;
};

/// Finds packets in a stream.
class PacketReader {
 public:
  void feed(std::string_view octets) { pending_ += octets; }
  /// None: more octets are needed. A permanent error for a packet that is empty or longer than max_packet; nothing can
  /// be read after it.
  [[nodiscard]] Result<std::optional<Packet>> next();
  [[nodiscard]] std::size_t pending() const { return pending_.size() - read_; }

 private:
  std::string pending_;
  std::size_t read_ = 0;
};

[[nodiscard]] std::string frame(const Packet& packet);

// ---- Both ways ----

/// First from the MTA: what it can do. Then from the filter: what it wants of that.
struct Negotiation {
  std::uint32_t version = protocol_version;
  std::uint32_t actions = 0;
  std::uint32_t steps = 0;
  std::vector<std::pair<MacroStage, std::string>> macros{};  // of a filter: names with blanks between
  bool operator==(const Negotiation&) const = default;
};

// ---- From the MTA ----

using Macros = std::vector<std::pair<std::string, std::string>>;
/// Values of names like "i" and "{auth_type}", as far as the MTA knows them, for the command that follows.
struct DefineMacros {
  char command = 0;
  Macros values;
  bool operator==(const DefineMacros&) const = default;
};
enum class Family : char { Unknown = 'U', Unix = 'L', Ipv4 = '4', Ipv6 = '6' };
struct Connect {
  std::string host;
  Family family = Family::Unknown;
  std::uint16_t port = 0;
  std::string address{};  // empty with Family::Unknown
  bool operator==(const Connect&) const = default;
};
struct Helo {
  std::string name;
  bool operator==(const Helo&) const = default;
};
struct MailFrom {
  std::vector<std::string> arguments;  // the path first
  bool operator==(const MailFrom&) const = default;
};
struct RcptTo {
  std::vector<std::string> arguments;
  bool operator==(const RcptTo&) const = default;
};
struct DataBegins {
  bool operator==(const DataBegins&) const = default;
};
/// Lines of a folded value are separated by LF alone.
struct Header {
  std::string name, value;
  bool operator==(const Header&) const = default;
};
struct EndOfHeaders {
  bool operator==(const EndOfHeaders&) const = default;
};
struct Body {
  std::string octets;
  bool operator==(const Body&) const = default;
};
struct EndOfBody {
  std::string octets;  // the last piece, usually none
  bool operator==(const EndOfBody&) const = default;
};
struct Abort {  // the transaction, not the connection
  bool operator==(const Abort&) const = default;
};
struct Quit {
  bool operator==(const Quit&) const = default;
};
struct QuitNewConnection {  // another client follows on this connection, without a new negotiation
  bool operator==(const QuitNewConnection&) const = default;
};
struct UnknownCommand {
  std::string line;
  bool operator==(const UnknownCommand&) const = default;
};

using Command = std::variant<Negotiation, DefineMacros, Connect, Helo, MailFrom, RcptTo, DataBegins, Header,
                             EndOfHeaders, Body, EndOfBody, Abort, Quit, QuitNewConnection, UnknownCommand>;

/// A permanent error, with what is wrong, for all that is not exactly a command.
[[nodiscard]] Result<Command> parse_command(const Packet& packet);
[[nodiscard]] Packet print(const Command& command);

// ---- From the filter ----

/// Go on; with what stands alone.
enum class Verdict : char {
  Continue = 'c',
  Accept = 'a',
  Reject = 'r',
  TempFail = 't',
  Discard = 'd',
  Progress = 'p',  // it takes longer: wait
  Skip = 's',      // no more of the body, please
  Shutdown = '4',  // 421
  ConnectionFailed = 'f',
};
/// "550 5.7.1 text", in several lines "550-5.7.1 text" CRLF "550 5.7.1 text". An MTA takes 4xx and 5xx alone. The octet
/// "%" is doubled on the wire, since Sendmail formats with it.
struct ReplyCode {
  std::string text;
  bool operator==(const ReplyCode&) const = default;
};
struct AddHeader {
  std::string name, value;
  bool operator==(const AddHeader&) const = default;
};
/// The nth field of that name, from 1; an empty value removes it.
struct ChangeHeader {
  std::uint32_t index = 1;
  std::string name, value;
  bool operator==(const ChangeHeader&) const = default;
};
/// 0: above all others.
struct InsertHeader {
  std::uint32_t index = 0;
  std::string name, value;
  bool operator==(const InsertHeader&) const = default;
};
struct ChangeFrom {
  std::string path;
  std::optional<std::string> parameters{};
  bool operator==(const ChangeFrom&) const = default;
};
struct AddRecipient {
  std::string path;
  std::optional<std::string> parameters{};  // with them it is another letter
  bool operator==(const AddRecipient&) const = default;
};
struct DeleteRecipient {
  std::string path;
  bool operator==(const DeleteRecipient&) const = default;
};
struct ReplaceBody {
  std::string octets;  // the first piece is in place of all; the others are appended
  bool operator==(const ReplaceBody&) const = default;
};
struct Quarantine {
  std::string reason;
  bool operator==(const Quarantine&) const = default;
};

using Reply = std::variant<Verdict, Negotiation, ReplyCode, AddHeader, ChangeHeader, InsertHeader, ChangeFrom,
                           AddRecipient, DeleteRecipient, ReplaceBody, Quarantine>;

[[nodiscard]] Result<Reply> parse_reply(const Packet& packet);
/// Texts must be free of NUL.
[[nodiscard]] Packet print(const Reply& reply);

/// Asks for a change, and is followed by others; not the last of the replies.
[[nodiscard]] bool is_modification(const Reply& reply);

}  // namespace cas::milter
