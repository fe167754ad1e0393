// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas password`, `cas keys generate --out`, `cas cert self-signed`: what a set-up needs, made here.
#include <sysexits.h>
#include <unistd.h>

#include <cstdio>

#include "app/files.hpp"
#include "base/encoding.hpp"
#include "cmd/commands.hpp"
#include "cmd/dns_text.hpp"
#include "cmd/password_input.hpp"
#include "cmd/terminal.hpp"
#include "crypto/password.hpp"
#include "message/address.hpp"
#include "net/tls.hpp"

namespace cas::cmd {

namespace {

int cannot_write(const std::filesystem::path& file, const Error& error) {
  return complain(EX_CANTCREAT, printable(file.string()) + " cannot be made: " + error.private_reason);
}

}  // namespace

int hash_password() {
  constexpr std::size_t longest = 1024;
  const auto password = read_password(longest);
  if (!password) return password.error().code;
  const auto hash = crypto::hash_password(*password);
  if (!hash) return complain(EX_OSERR, hash.error().private_reason);
  return print(*hash + "\n") ? EX_OK : EX_IOERR;
}

int generate_key(const KeyOptions& options) {
  std::string owner = "SELECTOR._domainkey.DOMAIN.";
  if (!options.domain.empty()) {
    const auto domain = Domain::parse(options.selector + "._domainkey." + options.domain);
    if (options.selector.empty() || !domain) {
      return complain(EX_USAGE, "--selector and --domain go together and make a name: cas1 and north.example");
    }
    owner = domain->text() + ".";
  }
  const auto key = crypto::generate_key(options.type);
  if (!key) return complain(EX_OSERR, key.error().private_reason);
  if (const auto written = app::write_new_file(options.out, key->to_pem()); !written) {
    return cannot_write(options.out, written.error());
  }
  std::fprintf(stderr, "The key is in %s. Publish this, and name the key in cas.toml:\n",
               printable(options.out.string()).c_str());
  return print(owner + " IN TXT " + txt_strings(key_record(options.type, key->dkim_public_key())) + "\n") ? EX_OK
                                                                                                          : EX_IOERR;
}

int self_signed(const CertificateOptions& options) {
  const auto host = Domain::parse(options.host);
  if (!host) return complain(EX_USAGE, printable(options.host) + " is no host name");
  const auto made = net::make_self_signed(host->text());
  if (!made) return complain(EX_OSERR, made.error().private_reason);
  if (const auto written = app::write_new_file(options.key, made->key); !written) {
    return cannot_write(options.key, written.error());
  }
  if (const auto written = app::write_new_file(options.certificate, made->certificate); !written) {
    ::unlink(options.key.c_str());  // it was made a moment ago and belongs to nothing
    return cannot_write(options.certificate, written.error());
  }
  std::fprintf(stderr, "Certificate in %s, key in %s.\n", printable(options.certificate.string()).c_str(),
               printable(options.key.string()).c_str());
  return EX_OK;
}

}  // namespace cas::cmd
