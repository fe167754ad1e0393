// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// sendmail's words and a program's message: what is made of them has the fields it must have, CRLF line ends, no dot
// that could end it early, and recipients.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.hpp"
#include "cmd/sendmail_words.hpp"
#include "message/header.hpp"

namespace {

using namespace cas;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(std::string_view text) {
  std::vector<std::string> arguments;
  for (int n = 0; n < 6 && !text.empty(); ++n) {
    const auto end = text.find('\n');
    arguments.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  const auto words = cmd::read_sendmail_words(arguments);
  if (!words) return require(!words.error().empty());
  static const cmd::LocalSender joe{.address = Mailbox::parse("joe@host.example").value(), .full_name = "Joe \"J\""};
  const auto made = cmd::prepare(*words, text, joe, UnixTime(seconds(1795460400)), "ID1");
  if (!made) return require(!made.error().empty());
  require(!made->recipients.empty());
  const auto end = made->octets.find("\r\n\r\n");
  require(end != std::string::npos || made->octets.starts_with("\r\n"));
  const auto fields = parse_header(std::string_view(made->octets).substr(0, end + 2));
  require(fields.has_value());
  for (const auto* name : {"from", "date", "message-id"}) require(!fields_named(*fields, name).empty());
  if (words->from_header) require(fields_named(*fields, "bcc").empty());
  const std::string sent = cmd::with_dots(made->octets);
  require(sent.find("\r\n.\r\n") == sent.size() - 5);
}

std::string folded(std::string_view text) {
  constexpr std::string_view alphabet = "-tifNRV.:@\n\n\r aToBcFrm<>,\"";
  std::string out;
  for (const char c : text) out += alphabet[static_cast<unsigned char>(c) % alphabet.size()];
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(text);
  check(folded(text));
  return 0;
}
