// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Addresses: one grammar for the whole program. RFC 5321 §4.1.2 paths, RFC 5322 §3.4 mailboxes in header fields,
// quoted local parts, RFC 6531 UTF-8 local parts, internationalised domains (IDNA 2008 through libidn2), address
// literals, the null path. Pure; no allocation is shared.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace cas {

/// A domain in its one spelling: lower-case A-labels joined by ".", 1 to 253 octets, labels 1 to 63, no final dot;
/// letters, digits, hyphens (not first or last in a label) and underscores. Never an address literal.
class Domain {
 public:
  /// Accepts any case, U-labels (converted) and one final dot. Refuses the empty name, empty labels, literals.
  [[nodiscard]] static Result<Domain> parse(std::string_view text);

  [[nodiscard]] const std::string& text() const { return text_; }
  /// True for the same name and for names below `other`: a.b.example is within b.example.
  [[nodiscard]] bool is_within(const Domain& other) const;
  /// The name without its first label; none for a single label.
  [[nodiscard]] std::optional<Domain> parent() const;

  auto operator<=>(const Domain&) const = default;

 private:
  explicit Domain(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// An address literal (RFC 5321 §4.1.3), without the brackets: "192.0.2.1", "IPv6:2001:db8::1", in canonical form.
struct AddressLiteral {
  std::string text;
  auto operator<=>(const AddressLiteral&) const = default;
};

/// The local part without quoting: "a b" for the wire's "\"a b\"". 1 to 64 octets, UTF-8, no control characters.
/// Compared octet by octet; whether case matters is the owning host's business (RFC 5321 §2.4).
class LocalPart {
 public:
  /// The decoded value itself. Refuses empty, longer than 64 octets, control characters, malformed UTF-8.
  [[nodiscard]] static Result<LocalPart> from_value(std::string_view value);

  [[nodiscard]] const std::string& value() const { return value_; }
  /// As SMTP writes it: a dot-string where that is enough, a quoted string elsewhere.
  [[nodiscard]] std::string wire() const;
  [[nodiscard]] bool is_ascii() const;

  auto operator<=>(const LocalPart&) const = default;

 private:
  explicit LocalPart(std::string value) : value_(std::move(value)) {}
  std::string value_;
};

/// local-part "@" domain. Address literals are held apart: domain is absent then.
class Mailbox {
 public:
  Mailbox(LocalPart local, Domain domain);
  Mailbox(LocalPart local, AddressLiteral literal);

  /// RFC 5321 Mailbox: Local-part "@" ( Domain / address-literal ), nothing around it.
  [[nodiscard]] static Result<Mailbox> parse(std::string_view text);

  [[nodiscard]] const LocalPart& local() const { return local_; }
  /// None for an address literal.
  [[nodiscard]] const std::optional<Domain>& domain() const { return domain_; }
  [[nodiscard]] const std::optional<AddressLiteral>& literal() const { return literal_; }
  /// As SMTP writes it, without angle brackets.
  [[nodiscard]] std::string wire() const;
  /// True when it can be written without SMTPUTF8 (RFC 6531).
  [[nodiscard]] bool is_ascii() const { return local_.is_ascii(); }

  auto operator<=>(const Mailbox&) const = default;

 private:
  LocalPart local_;
  std::optional<Domain> domain_;
  std::optional<AddressLiteral> literal_;
};

/// Where delivery failures go (RFC 5321 §4.1.1.2): a mailbox, or nobody ("<>"). Not a Mailbox, by design.
class ReversePath {
 public:
  ReversePath() = default;  // the null path
  explicit ReversePath(Mailbox mailbox) : mailbox_(std::move(mailbox)) {}

  /// With or without nothing between: "<>" and "<a@b>"; a source route "<@x,@y:a@b>" is accepted and dropped
  /// (RFC 5321 §4.1.2 MUST accept, SHOULD ignore).
  [[nodiscard]] static Result<ReversePath> parse(std::string_view path);

  [[nodiscard]] bool is_null() const { return !mailbox_; }
  [[nodiscard]] const std::optional<Mailbox>& mailbox() const { return mailbox_; }
  /// "<>" or "<a@b>".
  [[nodiscard]] std::string path() const;

  auto operator<=>(const ReversePath&) const = default;

 private:
  std::optional<Mailbox> mailbox_;
};

/// RFC 5321 Forward-path: "<a@b>", with a source route dropped. "<postmaster>" without a domain is accepted in any
/// case (RFC 5321 §4.1.1.3): postmaster at `host`.
[[nodiscard]] Result<Mailbox> parse_forward_path(std::string_view path, const Domain& host);

/// The mailboxes of an RFC 5322 address field (From, To, Sender, Reply-To, Cc): comments, folding, quoted strings,
/// display names, groups (their members are listed) and the obsolete forms (§4.4) are understood. Display names are
/// dropped: nothing here decides by them. An empty group gives no mailbox. A syntax error is permanent.
[[nodiscard]] Result<std::vector<Mailbox>> parse_mailbox_list(std::string_view field_value);
/// The same for a field that names an author: a group is an error, even one with a single member, since its name is
/// what programs show (CAS §8.3, step 15).
[[nodiscard]] Result<std::vector<Mailbox>> parse_authors(std::string_view field_value);

}  // namespace cas
