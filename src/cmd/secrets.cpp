// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas password`, `cas keys generate --out`, `cas cert self-signed`: what a set-up needs, made here.
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>

#include "app/files.hpp"
#include "base/encoding.hpp"
#include "cmd/commands.hpp"
#include "cmd/dns_text.hpp"
#include "cmd/terminal.hpp"
#include "crypto/password.hpp"
#include "message/address.hpp"
#include "net/tls.hpp"

namespace cas::cmd {

namespace {

constexpr std::size_t max_password = 1024;

/// No echo while it lives.
class Silence {
 public:
  Silence() : on_(::isatty(STDIN_FILENO) == 1 && ::tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!on_) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  ~Silence() {
    if (on_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  [[nodiscard]] bool on() const { return on_; }

 private:
  termios before_{};
  bool on_;
};

// One line without its end; none at the end of input, or when it is too long.
std::optional<std::string> read_line() {
  std::string line;
  for (int c = std::getchar(); c != '\n'; c = std::getchar()) {
    if (c == EOF && line.empty()) return std::nullopt;
    if (c == EOF) break;
    if (line.size() == max_password) return std::nullopt;
    line += static_cast<char>(c);
  }
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

std::optional<std::string> prompt(const char* question) {
  std::fputs(question, stderr);
  auto line = read_line();
  std::fputc('\n', stderr);
  return line;
}

int cannot_write(const std::filesystem::path& file, const Error& error) {
  return complain(EX_CANTCREAT, printable(file.string()) + " cannot be made: " + error.private_reason);
}

}  // namespace

int hash_password() {
  std::optional<std::string> password;
  {
    const Silence silence;
    password = silence.on() ? prompt("Password: ") : read_line();
    if (silence.on() && password && prompt("Again: ") != password) return complain(EX_DATAERR, "the two differ");
  }
  if (!password || password->empty()) {
    return complain(EX_DATAERR, "give a password of 1 to " + std::to_string(max_password) + " octets, on one line");
  }
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
