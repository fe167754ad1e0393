// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Address fields of a header (RFC 5322 §3.4, §4.4; RFC 6532 for UTF-8). A mailbox, a name before "<" and a name
// before ":" all open with words, so words are read first and judged by what follows them: no going back.
#include <optional>
#include <string>
#include <utility>

#include "message/address.hpp"
#include "message/address_literal.hpp"
#include "message/scanner.hpp"

namespace cas {
namespace {

constexpr std::size_t kMaxMailboxes = 10'000;

std::unexpected<Error> bad_list(std::string_view why) {
  return permanent("address field is not valid", "address field: " + std::string(why));
}

/// Words and dots in a row: a phrase, or a local part when they alternate.
struct Words {
  bool any = false;
  bool alternate = true;  // word *("." word), so far
  bool after_word = false;
  std::string local;  // joined, once `alternate` has stayed true

  void add(std::string_view word) {
    alternate = alternate && !after_word;
    after_word = any = true;
    if (alternate) local += word;
  }
  void add_dot() {
    alternate = alternate && after_word;
    after_word = false;
    any = true;
    if (alternate) local += '.';
  }
  [[nodiscard]] bool is_local_part() const { return any && alternate && after_word; }
};

class ListParser {
 public:
  explicit ListParser(std::string_view text, bool groups) : in_(text), groups_(groups) {}

  Result<std::vector<Mailbox>> parse() {
    bool any_address = false;
    do {  // RFC 5322 §4.4 obs-addr-list: elements may be empty, not all of them
      if (!in_.skip_cfws()) return bad_list("bad white space or comment");
      if (in_.at_end() || in_.peek() == ',') continue;
      CAS_CHECK(address());
      any_address = true;
    } while (in_.take(','));
    if (!in_.at_end()) return bad_list("something after an address");
    if (!any_address) return bad_list("no address");
    return std::move(found_);
  }

 private:
  /// address = mailbox / group
  Result<void> address() {
    CAS_TRY(Words words, read_words());
    if (words.any && in_.take(':')) return groups_ ? group() : bad_list("a group");
    return mailbox(std::move(words));
  }

  /// group = display-name ":" [group-list] ";" — behind the colon. Groups do not nest.
  Result<void> group() {
    do {  // RFC 5322 §4.4 obs-group-list
      if (!in_.skip_cfws()) return bad_list("bad white space or comment");
      if (in_.peek() == ';' || in_.peek() == ',') continue;
      CAS_TRY(Words words, read_words());
      CAS_CHECK(mailbox(std::move(words)));
    } while (in_.take(','));
    if (!in_.take(';')) return bad_list("group has no end");
    return skip_cfws();
  }

  /// mailbox = name-addr / addr-spec — behind its words.
  Result<void> mailbox(Words words) {
    if (!in_.take('<')) return addr_spec(words);
    CAS_CHECK(skip_cfws());
    CAS_CHECK(route());
    CAS_TRY(Words local, read_words());
    CAS_CHECK(addr_spec(local));
    if (!in_.take('>')) return bad_list("< has no end");
    return skip_cfws();
  }

  /// RFC 5322 §4.4 obs-route: read and dropped.
  Result<void> route() {
    if (in_.peek() != '@' && in_.peek() != ',') return {};
    bool any_domain = false;
    while (!in_.take(':')) {
      if (in_.take('@')) {
        CAS_CHECK(skip_cfws());
        CAS_TRY(const Host hop, host());
        any_domain = true;
        if (in_.peek() != ',' && in_.peek() != ':') return bad_list("bad route");
      } else if (!in_.take(',')) {
        return bad_list("bad route");
      }
      CAS_CHECK(skip_cfws());
    }
    return any_domain ? skip_cfws() : bad_list("bad route");
  }

  /// addr-spec = local-part "@" domain — behind the words of its local part.
  Result<void> addr_spec(const Words& words) {
    if (!words.is_local_part() || !in_.take('@')) return bad_list("no mailbox where one belongs");
    CAS_TRY(LocalPart local, LocalPart::from_value(words.local));
    CAS_CHECK(skip_cfws());
    CAS_TRY(Host at, host());
    if (found_.size() == kMaxMailboxes) return bad_list("too many mailboxes");
    if (at.domain) {
      found_.emplace_back(std::move(local), *std::move(at.domain));
    } else {
      found_.emplace_back(std::move(local), std::move(at.literal));
    }
    return {};
  }

  struct Host {
    std::optional<Domain> domain;
    AddressLiteral literal;
  };

  /// domain = dot-atom / domain-literal / obs-domain, with the white space behind it.
  Result<Host> host() {
    Host host;
    if (in_.peek() == '[') {
      const auto text = in_.domain_literal();
      if (!text) return bad_list("bad domain literal");
      CAS_TRY(host.literal, parse_address_literal(*text));
      CAS_CHECK(skip_cfws());
      return host;
    }
    std::string name;
    do {  // RFC 5322 §4.4 obs-domain: white space around the dots
      if (!name.empty()) name += '.';
      CAS_CHECK(skip_cfws());
      const std::string_view label = in_.atom();
      if (label.empty()) return bad_list("bad domain");
      name += label;
      CAS_CHECK(skip_cfws());
    } while (in_.take('.'));
    CAS_TRY(host.domain, Domain::parse(name));
    return host;
  }

  /// Words and dots with the white space behind them; also none (RFC 5322 §3.2.5, §4.1 obs-phrase).
  Result<Words> read_words() {
    Words words;
    while (true) {
      if (in_.peek() == '"') {
        const auto value = in_.quoted_string();
        if (!value) return bad_list("bad quoted string");
        words.add(*value);
      } else if (in_.take('.')) {
        words.add_dot();
      } else if (const std::string_view atom = in_.atom(); !atom.empty()) {
        words.add(atom);
      } else {
        return words;
      }
      CAS_CHECK(skip_cfws());
    }
  }

  Result<void> skip_cfws() { return in_.skip_cfws() ? Result<void>() : bad_list("bad white space or comment"); }

  Scanner in_;
  bool groups_;
  std::vector<Mailbox> found_;
};

}  // namespace

Result<std::vector<Mailbox>> parse_mailbox_list(std::string_view field_value) {
  return ListParser(field_value, true).parse();
}

Result<std::vector<Mailbox>> parse_authors(std::string_view field_value) {
  return ListParser(field_value, false).parse();
}

}  // namespace cas
