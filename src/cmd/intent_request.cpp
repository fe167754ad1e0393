// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Words to values, and what is wrong with them before anything is signed.
#include "cmd/intent_request.hpp"

#include <sysexits.h>

#include "app/config_values.hpp"
#include "auth/public_suffix.hpp"
#include "base/encoding.hpp"
#include "cmd/intent_text.hpp"
#include "confirm/explain_values.hpp"
#include "confirm/intent_grammar.hpp"

namespace cas::cmd {

namespace {

using confirm::faults::in_quotes;

std::unexpected<Refusal> usage(std::string_view option, const std::string& what) {
  return std::unexpected(Refusal{EX_USAGE, std::string(option) + ": " + what});
}
std::unexpected<Refusal> usage(std::string_view option, const confirm::faults::Detail& detail) {
  return usage(option, detail.what + "; " + detail.mend);
}
std::unexpected<Refusal> bad_message(const std::string& what) {
  return std::unexpected(Refusal{EX_DATAERR, "the message " + what});
}

std::string counted(std::size_t n, std::string_view one, std::string_view many) {
  return n == 0 ? "no " + std::string(one) : std::to_string(n) + ' ' + std::string(n == 1 ? one : many);
}

Or<Domain> read_domain(std::string_view option, std::string_view text) {
  auto domain = Domain::parse(text);
  if (!domain) return usage(option, confirm::faults::in_domain(to_lower(text), false));
  if (!confirm::grammar::is_host(*domain))
    return usage(option, in_quotes(text) + " has \"_\" in it; an intent has no place for that");
  return *std::move(domain);
}

Or<Domain> read_signing_domain(const IntentMakeOptions& options) {
  auto domain = read_domain("--domain", options.domain);
  if (domain && auth::is_public_suffix(*domain)) {
    return usage("--domain",
                 in_quotes(domain->text()) +
                     " is a public suffix, under which unrelated parties register names; sign with a domain below it");
  }
  return domain;
}

/// A mailbox that an intent can name.
Or<Mailbox> read_confirmable(std::string_view option, std::string_view text) {
  auto mailbox = read_mailbox(option, text);
  if (!mailbox) return mailbox;
  if (mailbox->literal())
    return usage(option,
                 in_quotes(text) + " is at an address literal, which cannot be confirmed; give a mailbox at a domain");
  if (!confirm::print_addr(*mailbox))
    return usage(option, in_quotes(text) + " is at a domain with \"_\", which cannot be confirmed");
  return mailbox;
}

Or<std::vector<Mailbox>> read_recipients(const IntentMakeOptions& options) {
  std::vector<Mailbox> recipients;
  for (const std::string& text : options.to) {
    auto mailbox = read_confirmable("--to", text);
    if (!mailbox) return std::unexpected(mailbox.error());
    if (!recipients.empty() && recipients.front().domain() != mailbox->domain()) {
      return usage("--to", "recipients are at two domains, " + recipients.front().domain()->text() + " and " +
                               mailbox->domain()->text() + "; make an intent for each domain");
    }
    recipients.push_back(*std::move(mailbox));
  }
  return recipients;
}

/// The one author that the message shows (CAS §8.3, step 15).
Or<Mailbox> author_shown(const confirm::MessageFacts& message) {
  if (message.from_fields != 1)
    return bad_message("has " + counted(message.from_fields, "From field", "From fields") +
                       "; a receiver wants exactly one");
  if (message.from_is_malformed)
    return bad_message(
        "has a From field that cannot be read; write one mailbox, such as From: Ada <ada@north.example>");
  if (message.from.size() != 1)
    return bad_message("has " + counted(message.from.size(), "mailbox", "mailboxes") +
                       " in From; a receiver wants exactly one");
  return message.from.front();
}

Or<Mailbox> read_author(const IntentMakeOptions& options, const std::optional<confirm::MessageFacts>& message) {
  std::optional<Mailbox> shown;
  if (message) {
    auto author = author_shown(*message);
    if (!author) return author;
    shown = *std::move(author);
  }
  if (options.author.empty()) {
    if (!shown) return usage("--author", "is needed where there is no message");
    if (!confirm::print_addr(*shown))
      return bad_message("is from " + in_quotes(shown->wire()) +
                         ", an author that cannot be confirmed; authors are at a domain without \"_\"");
    return *shown;
  }
  auto author = read_confirmable("--author", options.author);
  if (author && shown && *author != *shown) {
    return bad_message("is from " + in_quotes(shown->wire()) + ", and --author says " + in_quotes(author->wire()) +
                       "; a receiver wants them to be the same");
  }
  return author;
}

confirm::Class class_of(std::string_view letter) {
  for (const auto klass : {confirm::Class::Transactional, confirm::Class::Bulk, confirm::Class::Automatic}) {
    if (class_name(klass).front() == letter.front()) return klass;
  }
  return confirm::Class::Personal;
}

/// Class and List-Id together (CAS §4.8).
Or<confirm::MessageClass> read_class(const IntentMakeOptions& options,
                                     const std::optional<confirm::MessageFacts>& message) {
  confirm::MessageClass claimed;
  if (!options.klass.empty()) {
    claimed.klass = class_of(options.klass);
  } else if (message) {
    claimed.klass = message->klass.klass;
  } else if (!options.list_id.empty()) {
    claimed.klass = confirm::Class::Bulk;
  }
  if (claimed.klass != confirm::Class::Bulk) {
    if (!options.list_id.empty())
      return usage("--list-id", "goes with class b, and this is class " + std::string(class_name(claimed.klass)));
    return claimed;
  }
  claimed.list_id = to_lower(options.list_id);
  if (options.list_id.empty() && message) claimed.list_id = message->klass.list_id;
  if (claimed.list_id.empty())
    return usage("--list-id", "is needed: class b names its list, and the message has no List-Id");
  if (!confirm::grammar::is_list_id(claimed.list_id))
    return usage("--list-id", confirm::faults::in_list_id(confirm::percent_encode(claimed.list_id)));
  return claimed;
}

Or<std::chrono::seconds> read_lifetime(const IntentMakeOptions& options, confirm::Class klass) {
  const auto lifetime = app::parse_duration(options.lifetime);
  if (!lifetime)
    return usage("--lifetime",
                 in_quotes(options.lifetime) + " is no duration; write a number and a unit, such as 30m, 4h or 1d");
  const auto longest = confirm::max_lifetime(klass);
  if (*lifetime > longest) {
    return usage("--lifetime", app::duration_text(*lifetime) + " is too long; " + std::string(class_name(klass)) +
                                   " mail has at most " + std::to_string(longest / std::chrono::hours(1)) + "h");
  }
  return *lifetime;
}

/// What a receiver asks of the message beside its author.
Or<void> check_fields(const std::optional<confirm::MessageFacts>& message, const confirm::MessageClass& claimed) {
  if (!message) return {};
  if (message->date_fields != 1)
    return bad_message("has " + counted(message->date_fields, "Date field", "Date fields") +
                       "; a receiver wants exactly one");
  if (message->message_id_fields != 1)
    return bad_message("has " + counted(message->message_id_fields, "Message-ID field", "Message-ID fields") +
                       "; a receiver wants exactly one");
  if (claimed.klass == confirm::Class::Bulk && message->klass.klass == confirm::Class::Bulk &&
      claimed.list_id != message->klass.list_id) {
    return bad_message("is of the list " + in_quotes(message->klass.list_id) + ", and --list-id says " +
                       in_quotes(claimed.list_id));
  }
  return {};
}

}  // namespace

Or<Mailbox> read_mailbox(std::string_view option, std::string_view text) {
  std::string_view address = text;
  if (address.starts_with('<') && address.ends_with('>')) address = address.substr(1, address.size() - 2);
  auto mailbox = Mailbox::parse(address);
  if (!mailbox)
    return usage(option, in_quotes(text) + " is no mailbox (" + mailbox.error().private_reason +
                             "); write one as ada@north.example");
  return *std::move(mailbox);
}

Or<ReversePath> read_sender(std::string_view option, std::string_view text) {
  if (text.empty() || text == "<>") return ReversePath();
  auto mailbox = read_mailbox(option, text);
  if (!mailbox) return std::unexpected(mailbox.error());
  return ReversePath(*std::move(mailbox));
}

Or<UnixTime> read_time(std::string_view option, std::string_view text, UnixTime otherwise) {
  if (text.empty()) return otherwise;
  const auto time = confirm::grammar::read_seconds(text);
  if (!time) return usage(option, confirm::faults::in_seconds(text));
  return *time;
}

Or<confirm::IntentRequest> request_of(const IntentMakeOptions& options,
                                      const std::optional<confirm::MessageFacts>& message,
                                      const confirm::IntentId& drawn, UnixTime now) {
  if (!message && !options.preflight)
    return usage("--message",
                 "is needed: the intent says which message it is for (--preflight makes one that does not)");
  CAS_TRY(Domain domain, read_signing_domain(options));
  if (!confirm::grammar::is_selector(options.selector))
    return usage("--selector", confirm::faults::in_domain(options.selector, true));
  CAS_TRY(ReversePath from, read_sender("--from", options.from));
  if (from.mailbox()) CAS_CHECK(read_confirmable("--from", options.from));
  CAS_TRY(std::vector<Mailbox> recipients, read_recipients(options));
  CAS_TRY(Mailbox author, read_author(options, message));
  if (!options.forwarded && !author.domain()->is_within(domain)) {
    return std::unexpected(Refusal{
        EX_DATAERR, "the author " + in_quotes(author.wire()) + " is not at or below the signing domain " +
                        domain.text() + "; sign with --domain " + author.domain()->text() + ", or say --forwarded"});
  }
  CAS_TRY(confirm::MessageClass claimed, read_class(options, message));
  CAS_CHECK(check_fields(message, claimed));
  CAS_TRY(UnixTime issued, read_time("--issued", options.issued, now));
  CAS_TRY(std::chrono::seconds lifetime, read_lifetime(options, claimed.klass));
  const auto id = options.id.empty() ? std::optional(drawn) : confirm::grammar::read_octets<16>(options.id);
  if (!id) return usage("--id", confirm::faults::in_octets(options.id, drawn.size()));
  const Domain recipient_domain = *recipients.front().domain();
  const bool bulk = claimed.klass == confirm::Class::Bulk;
  return confirm::IntentRequest{.id = *id,
                                .signing_domain = std::move(domain),
                                .selector = options.selector,
                                .envelope_from = std::move(from),
                                .recipient_domain = recipient_domain,
                                .recipients = std::move(recipients),
                                .author = std::move(author),
                                .klass = claimed.klass,
                                .list_id = bulk ? std::optional(claimed.list_id) : std::nullopt,
                                .hashes = message ? message->hashes : confirm::MessageHashes{},
                                .now = issued,
                                .lifetime = lifetime,
                                .forwarded = options.forwarded,
                                .preflight = options.preflight};
}

}  // namespace cas::cmd
