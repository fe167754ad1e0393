// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// As whom somebody may write: "joe@a.example", which covers his subaddresses (joe+news@a.example) too, or "*@a.example"
// for everybody there. An address of somebody else is a right that was delegated.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "message/address.hpp"

namespace cas::policy {

class SendAs {
 public:
  /// An address is the usual right.
  SendAs(Mailbox mailbox) : what_(std::move(mailbox)) {}  // NOLINT(google-explicit-constructor)
  /// Permanent error with what would be right. Address literals are refused: we serve no mailboxes there.
  [[nodiscard]] static Result<SendAs> parse(std::string_view text);

  /// Local parts are compared without regard to ASCII case.
  [[nodiscard]] bool covers(const Mailbox& mailbox) const;
  /// None for an address literal.
  [[nodiscard]] const Domain* domain() const;
  /// As parse() takes it.
  [[nodiscard]] std::string text() const;
  bool operator==(const SendAs&) const = default;

 private:
  explicit SendAs(Domain everybody_at) : what_(std::move(everybody_at)) {}
  std::variant<Mailbox, Domain> what_;
};

[[nodiscard]] bool covers(const std::vector<SendAs>& rights, const Mailbox& mailbox);

}  // namespace cas::policy
