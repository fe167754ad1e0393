// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Parameters of MAIL and RCPT: what is read says the same when it is written again, and nothing that is kept could
// break a line.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/encoding.hpp"
#include "smtp/command.hpp"
#include "smtp/dsn_parameters.hpp"

namespace {

using namespace cas::smtp;

void require(bool condition) {
  if (!condition) std::abort();
}

bool has_controls(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

void read_mail(std::string_view argument) {
  const auto mail = parse_mail(argument, true);
  if (!mail) return require(mail.error().code >= 500);
  require(mail->envid.size() <= 100 && !has_controls(mail->envid) && cas::is_ascii(mail->envid));
  if (!mail->envid.empty()) require(parse_envid(xtext(mail->envid)) == mail->envid);
}

void read_rcpt(std::string_view argument, bool smtputf8) {
  const auto rcpt = parse_rcpt(argument, smtputf8, cas::Domain::parse("b.example").value());
  if (!rcpt) return require(rcpt.error().code >= 500);
  require(rcpt->orcpt.size() <= 500 && !has_controls(rcpt->orcpt) && !rcpt->orcpt.contains(' '));
  require(smtputf8 || cas::is_ascii(rcpt->orcpt));
  if (!rcpt->orcpt.empty()) require(is_orcpt(rcpt->orcpt, smtputf8));
  if (!rcpt->notify.unspecified()) require(parse_notify(notify_text(rcpt->notify)) == rcpt->notify);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read_mail(text);
  read_mail("FROM:<joe@a.example> " + std::string(text));
  for (const bool smtputf8 : {false, true}) {
    read_rcpt(text, smtputf8);
    read_rcpt("TO:<bob@b.example> " + std::string(text), smtputf8);
  }
  if (const auto decoded = from_xtext(text, 1000)) require(from_xtext(xtext(*decoded), 3000) == decoded);
  return 0;
}
