// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Addresses: whatever is accepted writes itself in one spelling, which reads as the same value; a mailbox is the same
// alone, in a path and in a header field.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "message/address.hpp"

namespace {

using namespace cas;

void require(bool holds) {
  if (!holds) std::abort();
}

/// The text in an alphabet where most octets mean something to the grammar.
std::string folded(std::string_view text) {
  constexpr std::string_view kAlphabet = "ab.@<>\",:;()[]\\ \t\r\n-_1xn6\xC3\xBC";
  std::string out;
  for (const char c : text) out += kAlphabet[static_cast<unsigned char>(c) % kAlphabet.size()];
  return out;
}

void check_mailbox(const Mailbox& mailbox) {
  const std::string wire = mailbox.wire();
  const auto again = Mailbox::parse(wire);
  require(again && *again == mailbox && again->wire() == wire);
  require(mailbox.domain().has_value() != mailbox.literal().has_value());
  require(wire.find_first_of("\r\n") == std::string::npos && wire.find('\0') == std::string::npos);

  const auto path = ReversePath::parse('<' + wire + '>');
  require(path && path->mailbox() == mailbox);
  const auto list = parse_mailbox_list("\"x\" <" + wire + ">, g: " + wire + ";");
  require(list && list->size() == 2 && list->front() == mailbox && list->back() == mailbox);
}

void check(std::string_view text) {
  static const Domain host = Domain::parse("mx.example").value();
  if (const auto domain = Domain::parse(text)) {
    require(domain->text().size() <= 253);
    require(Domain::parse(domain->text()) == *domain);
    require(domain->is_within(*domain));
    for (auto up = domain->parent(); up; up = up->parent()) require(domain->is_within(*up));
  }
  if (const auto local = LocalPart::from_value(text)) {
    require(local->value() == text);
    check_mailbox(Mailbox(*local, host));
  }
  if (const auto mailbox = Mailbox::parse(text)) check_mailbox(*mailbox);
  if (const auto path = ReversePath::parse(text)) require(ReversePath::parse(path->path()) == *path);
  if (const auto mailbox = parse_forward_path(text, host)) check_mailbox(*mailbox);
  if (const auto list = parse_mailbox_list(text)) {
    for (const Mailbox& mailbox : *list) check_mailbox(mailbox);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(text);
  check(folded(text));
  return 0;
}
