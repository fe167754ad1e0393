// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The filter's side of one milter connection, without I/O: packets in, what they mean out, in the order that the
// protocol allows. What must be decided is asked for, and answered with answer().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "milter/packet.hpp"

namespace cas::milter {

/// What a filter cannot do without: an MTA that does not offer it is refused.
struct Wants {
  std::uint32_t needed = action::add_headers | action::change_headers;
  std::uint32_t wanted = action::quarantine;  // where it is offered
};

// ---- What happened ----

struct ClientConnected {
  std::string host;
  std::string address;  // of IPv4 or IPv6; empty: none is known
  bool local = false;   // a program of this machine, through a Unix socket
};
struct ClientGreeted {
  std::string name;
};
struct SenderNamed {
  std::string path;  // "<joe@north.example>"
  std::string user;  // who authenticated; empty: nobody did
};
struct RecipientNamed {
  std::string path;
};
struct FieldCame {
  std::string field;  // as in a message: "Name: value" CRLF
};
struct HeaderEnded {};
struct BodyCame {
  std::string octets;
};
struct MessageEnded {
  std::string octets;  // the last of its body
};
struct TransactionOver {};
struct ClientLeft {};  // another may follow

using Occurrence = std::variant<ClientConnected, ClientGreeted, SenderNamed, RecipientNamed, FieldCame, HeaderEnded,
                                BodyCame, MessageEnded, TransactionOver, ClientLeft>;

class ServerSession {
 public:
  explicit ServerSession(Wants wants) : wants_(wants) {}

  /// Nothing to do: go on with the next packet.
  struct Nothing {};
  struct Send {
    std::string octets;
  };
  /// To be answered with answer() before the next packet; the last two are not.
  struct Happened {
    Occurrence what;
  };
  struct Close {
    std::string reason;  // empty: in order
  };
  using Step = std::variant<Nothing, Send, Happened, Close>;
  /// Never throws; a packet that the protocol does not allow here is Close, with what was wrong.
  [[nodiscard]] Step on_packet(const Packet& packet);

  /// What is written for the verdict on what happened last: nothing where it was agreed that none is awaited.
  [[nodiscard]] std::string answer(const Reply& verdict);

  // After the negotiation:
  /// What the MTA lets us do.
  [[nodiscard]] std::uint32_t actions() const { return actions_; }
  /// A field to be inserted above all others: "Name: value" CRLF, folded or not.
  [[nodiscard]] std::string insert_first(std::string_view field) const;
  /// The value of a macro of the transaction under way: "i", "{auth_type}".
  [[nodiscard]] std::string macro(std::string_view name) const;

 private:
  enum class State { New, Negotiated, Connected, Sender, Recipient, Header, Body };

  Step on(const Negotiation& offer);
  Step on(const DefineMacros& macros);
  Step on(const Connect& connect);
  Step on(const Helo& helo);
  Step on(const MailFrom& mail);
  Step on(const RcptTo& rcpt);
  Step on(const DataBegins& data);
  Step on(const Header& header);
  Step on(const EndOfHeaders& end);
  Step on(const Body& body);
  Step on(const EndOfBody& end);
  Step on(const Abort& abort);
  Step on(const Quit& quit);
  Step on(const QuitNewConnection& quit);
  Step on(const UnknownCommand& unknown);
  /// Awaits an answer, unless `silent` was agreed on.
  Step happened(Occurrence what, std::uint32_t silent);
  [[nodiscard]] static Step out_of_order(std::string_view what);
  void forget_macros(char command);
  [[nodiscard]] bool in_transaction() const { return state_ >= State::Sender; }

  Wants wants_;
  State state_ = State::New;
  std::uint32_t actions_ = 0;
  std::uint32_t steps_ = 0;
  bool silent_ = false;               // what happened last is not replied to
  std::vector<DefineMacros> macros_;  // the last of each command
};

}  // namespace cas::milter
