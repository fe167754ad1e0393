// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Content filters that the site keeps (rspamd, ClamAV): they see a message when everything else is decided, before it
// is committed, and may refuse, change, or set it apart. Who asks them, and how, is elsewhere (milter/client).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/trace.hpp"
#include "message/address.hpp"
#include "net/task.hpp"
#include "policy/boundary.hpp"
#include "smtp/reply.hpp"

namespace cas::inbound {

/// A message as it will be kept, and whence it came.
struct FilterRequest {
  std::string client;  // its address; empty or "unix": none
  std::uint16_t client_port = 0;
  std::string helo;
  std::string user;  // who logged in
  ReversePath from;
  std::vector<Mailbox> recipients;
  std::string id;  // of the queue
  TraceId trace;
  std::string header;  // its fields, CRLF each, without the empty line
  std::string body;
};

struct FilterFindings {
  std::optional<smtp::Reply> refusal;  // of the whole message
  std::vector<bool> apart;             // in the order of the recipients: to be kept out of the inbox
  bool changed = false;                // header or body of the request are others now
};

class Filters {
 public:
  virtual ~Filters() = default;
  /// Whether mail of that origin is shown to any.
  [[nodiscard]] virtual bool look_at(policy::Origin origin) const = 0;
  /// One after the other, each seeing what those before it changed. `message` outlives the task. Never fails: what
  /// cannot be asked is a refusal for now, unless the site wants it otherwise.
  [[nodiscard]] virtual net::Task<FilterFindings> run(FilterRequest& message, policy::Origin origin) const = 0;
};

}  // namespace cas::inbound
