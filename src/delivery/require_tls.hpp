// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What the store keeps of REQUIRETLS (RFC 8689) with a message, where it does: without that, nobody may be promised it.
#pragma once

#include "store/rows.hpp"

namespace cas::delivery {

template <class Message>
constexpr bool has_require_tls = requires(Message message) { message.require_tls; };
inline constexpr bool keeps_require_tls = has_require_tls<store::Message>;

template <class Message>
[[nodiscard]] bool requires_tls(const Message& message) {
  if constexpr (has_require_tls<Message>) return message.require_tls;
  return false;
}

template <class Message>
void set_require_tls(Message& message, bool require_tls) {
  if constexpr (has_require_tls<Message>) message.require_tls = require_tls;
}

}  // namespace cas::delivery
