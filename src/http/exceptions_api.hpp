// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Exceptions and the audit log over the admin API:
//
//   GET  /v1/exceptions?after=ID&limit=N&action=A&for=SCOPE   of N that are looked at, by number; "next" says where to
//                                       go on
//   GET  /v1/exceptions/find?what=W&for=MAILBOX   what matches an address, a domain, an IP address or "list:List-Id",
//                                       the one that weighs most first
//   POST /v1/exceptions?dry_run=1&source=FILE&by=W   {"exceptions":[{"action","pattern","for","proof","until",
//                                       "reason","owner","unauthenticated"}]}: all of them or none
//   DELETE /v1/exceptions?ids=1,2&by=W  or ?action=A&pattern=P&for=SCOPE
//   GET  /v1/audit?before=N&limit=N     who changed what, the newest first; nothing here changes it
//
// Errors are {"error":{"code","message"}}; of a POST with "index", which exception was refused.
#pragma once

#include "http/message.hpp"
#include "net/task.hpp"
#include "registry/audit.hpp"
#include "registry/exceptions.hpp"

namespace cas::http {

/// Answers requests. What it is given outlives it.
class ExceptionsApi {
 public:
  ExceptionsApi(registry::Exceptions& exceptions, store::Store& store, const Clock& clock)
      : exceptions_(exceptions), audit_(store), clock_(clock) {}

  /// Whether a path is one of the above.
  [[nodiscard]] static bool answers(std::string_view path);
  [[nodiscard]] net::Task<Response> answer(Request request);

 private:
  net::Task<Response> list(Request request);
  net::Task<Response> find(Request request);
  net::Task<Response> enter(Request request);
  net::Task<Response> remove(Request request);
  net::Task<Response> audit(Request request);

  registry::Exceptions& exceptions_;
  registry::AuditLog audit_;
  const Clock& clock_;
};

}  // namespace cas::http
