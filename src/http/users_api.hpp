// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The accounts over the admin API:
//
//   GET    /v1/users?after=NAME&limit=N   by name, those of the configuration file too; "next" says where to go on
//   POST   /v1/users              {"name","password","scram","send_as":[...]}: a new one; without send_as its name is
//                                 its address
//   POST   /v1/users/password     {"name","password","scram"}: in place of both; without "scram" there is none
//   POST   /v1/users/send-as      {"name","add":[...],"remove":[...]}
//   POST   /v1/users/{enable,disable}     {"name"}
//   DELETE /v1/users?name=NAME
//
// "password" is an Argon2id string and "scram" a verifier (RFC 5803): who sets a password hashes it, so that it never
// leaves the process that read it, and a thousand new users cost the server nothing. Changes say in by=WHO who made
// them, for the audit log.
#pragma once

#include "base/time.hpp"
#include "http/message.hpp"
#include "net/task.hpp"
#include "registry/accounts.hpp"

namespace cas::http {

class UsersApi {
 public:
  static constexpr std::string_view path = "/v1/users";

  /// Both outlive it.
  UsersApi(registry::Accounts& accounts, const Clock& clock) : accounts_(accounts), clock_(clock) {}
  [[nodiscard]] net::Task<Response> answer(Request request);

 private:
  [[nodiscard]] Response list(const Request& request) const;
  [[nodiscard]] net::Task<Response> add(Request request);
  [[nodiscard]] net::Task<Response> set_password(Request request);
  [[nodiscard]] net::Task<Response> change_send_as(Request request);
  [[nodiscard]] net::Task<Response> set_disabled(Request request, bool disabled);
  [[nodiscard]] net::Task<Response> remove(Request request);

  registry::Accounts& accounts_;
  const Clock& clock_;
};

}  // namespace cas::http
