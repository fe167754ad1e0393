// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas sign`: read, sign, write. What was read is written as it was; only the new fields take its line ends.
#include <sysexits.h>

#include <algorithm>

#include "base/encoding.hpp"
#include "cmd/commands.hpp"
#include "cmd/key_file.hpp"
#include "cmd/message_file.hpp"
#include "cmd/sign_request.hpp"
#include "cmd/terminal.hpp"
#include "net/system.hpp"

namespace cas::cmd {

namespace {

Or<std::vector<crypto::PrivateKey>> read_keys(const SignRequest& request) {
  std::vector<crypto::PrivateKey> keys;
  for (const auto& [selector, file] : request.keys) {
    CAS_TRY(auto key, read_key_file(file));
    keys.push_back(std::move(key));
  }
  return keys;
}

Or<std::string> sign(const SignOptions& options) {
  CAS_TRY(const SignRequest request, sign_request_of(options, to_unix(net::SystemClock().now())));
  CAS_TRY(const std::vector<crypto::PrivateKey> keys, read_keys(request));
  auto octets = read_input("-");
  if (!octets) return std::unexpected(Refusal{EX_NOINPUT, "standard input: " + octets.error().private_reason});
  const auto message = wire_form(*octets);
  if (!message) return std::unexpected(Refusal{EX_DATAERR, "standard input: " + message.error().private_reason});
  CAS_TRY(std::string fields, signature_fields(message->octets, request, keys));
  if (message->had_lf) std::erase(fields, '\r');
  return fields + *octets;
}

}  // namespace

int sign_message(const SignOptions& options) {
  const auto signed_message = sign(options);
  if (!signed_message) return complain(signed_message.error().code, signed_message.error().text);
  return print(*signed_message) ? EX_OK : complain(EX_IOERR, "standard output cannot be written");
}

}  // namespace cas::cmd
