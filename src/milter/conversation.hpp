// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// One dialog with a milter about one message. For milter/client alone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "inbound/filters.hpp"
#include "milter/edits.hpp"
#include "milter/packet.hpp"
#include "net/stream.hpp"

namespace cas::milter {

/// What one filter says.
struct Opinion {
  std::optional<Reply> refusal{};       // Reject, TempFail, Discard, ..., ReplyCode
  std::vector<std::size_t> unwanted{};  // recipients that it refuses, and takes the others
  std::optional<std::string> quarantine{};
  std::optional<std::string> header{};  // where it is changed
  std::optional<std::string> body{};
};

class Conversation {
 public:
  Conversation(net::Stream stream, const Domain& host, std::chrono::steady_clock::time_point deadline,
               std::size_t max_body)
      : stream_(std::move(stream)), host_(host), deadline_(deadline), max_body_(max_body) {}

  /// An error of any kind: the filter cannot be asked, or does not keep to the protocol.
  [[nodiscard]] net::Task<Result<Opinion>> ask(const inbound::FilterRequest& message);

 private:
  /// None: go on. Otherwise the last word: accepted, or refused.
  using Answer = Result<std::optional<Reply>>;
  net::Task<Result<void>> negotiate();
  net::Task<Answer> envelope(const inbound::FilterRequest& message, Opinion& opinion);
  net::Task<Answer> recipients(const inbound::FilterRequest& message, Opinion& opinion);
  net::Task<Answer> content(const inbound::FilterRequest& message);
  net::Task<Result<void>> ending(HeaderEdits header, Opinion& opinion);
  [[nodiscard]] Result<void> change(const Reply& reply, HeaderEdits& header, Opinion& opinion) const;
  /// Sends and, unless it was agreed that there is none, awaits the reply.
  net::Task<Answer> send(Command command, std::uint32_t unwanted, std::uint32_t silent);
  net::Task<Result<void>> send_macros(char command, Macros macros);
  net::Task<Result<void>> write(std::string octets);
  net::Task<Result<Reply>> read();
  [[nodiscard]] milliseconds left() const;
  [[nodiscard]] bool agreed(std::uint32_t step) const { return (steps_ & step) != 0; }

  net::Stream stream_;
  const Domain& host_;
  std::chrono::steady_clock::time_point deadline_;
  std::size_t max_body_;
  PacketReader reader_;
  std::uint32_t steps_ = 0;
  bool skips_ = false;  // no more of the body
};

}  // namespace cas::milter
