// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Read, parse, and say which option was wrong.
#include "cmd/key_file.hpp"

#include <sysexits.h>

#include "app/files.hpp"
#include "base/encoding.hpp"

namespace cas::cmd {

Or<crypto::PrivateKey> read_key_file(const std::filesystem::path& file) {
  const std::string name = "--key: " + printable(file.string());
  const auto pem = app::read_small_file(file);
  if (!pem) return std::unexpected(Refusal{EX_NOINPUT, name + ": " + pem.error().private_reason});
  auto key = crypto::PrivateKey::from_pem(*pem);
  if (key) return *std::move(key);
  return std::unexpected(Refusal{EX_DATAERR, name + " cannot be used: " + printable(key.error().private_reason) +
                                                 "; name a PEM file with an Ed25519 or RSA key"});
}

}  // namespace cas::cmd
