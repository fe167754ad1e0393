// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// From the words of `cas intent make` to what is signed. Pure.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "cmd/commands.hpp"
#include "confirm/receiver.hpp"
#include "confirm/sender.hpp"

namespace cas::cmd {

/// Why a command ends, and with which exit status.
struct Refusal {
  int code;
  std::string text;
};
template <class T>
using Or = std::expected<T, Refusal>;

/// A mailbox as people write it, with or without angle brackets. `option` names it in the refusal (exit 64).
[[nodiscard]] Or<Mailbox> read_mailbox(std::string_view option, std::string_view text);
/// The same, and "<>" or nothing for the null path.
[[nodiscard]] Or<ReversePath> read_sender(std::string_view option, std::string_view text);
/// Seconds since 1970; `otherwise` when the text is empty.
[[nodiscard]] Or<UnixTime> read_time(std::string_view option, std::string_view text, UnixTime otherwise);

/// What the options and the message say; what no receiver would take is refused, with what would be right. Without a
/// message: only for a preflight, which needs an author then. `drawn`: the identifier when none was given.
[[nodiscard]] Or<confirm::IntentRequest> request_of(const IntentMakeOptions& options,
                                                    const std::optional<confirm::MessageFacts>& message,
                                                    const confirm::IntentId& drawn, UnixTime now);

}  // namespace cas::cmd
