// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See bounce.hpp.
#include "queue/bounce.hpp"

#include "base/encoding.hpp"
#include "confirm/digest.hpp"
#include "message/dsn.hpp"
#include "message/header.hpp"
#include "queue/settle.hpp"

namespace cas::queue {
namespace {

constexpr std::size_t max_quoted_header = 32UL * 1024;
constexpr std::size_t max_returned = 64UL * 1024;  // octets of a message that is returned whole
constexpr std::string_view empty_line = "\r\n\r\n";

std::string explain_expired(const Outcome& last, const Options& options) {
  const auto hours = std::chrono::duration_cast<std::chrono::hours>(options.lifetime).count();
  std::string text = "The message could not be delivered within ";
  text += hours >= 48 ? std::to_string(hours / 24) + " days" : std::to_string(hours) + " hours";
  return text + "; it will not be tried again. The last answer was: " + said(last.reply);
}

// CAS §9.5
constexpr std::string_view doubt =
    " An earlier attempt ended without an answer: the message may have been delivered all the same.";

/// "mx.b.example[192.0.2.1]:25": the host's name.
std::string host_of(const std::string& relay) {
  const auto bracket = relay.find('[');
  return bracket == std::string::npos ? std::string() : relay.substr(0, bracket);
}

std::string explanation(DsnAction action, const Outcome& outcome, const Options& options) {
  switch (action) {
    case DsnAction::Failed:
      if (outcome.by_operator)
        return "Your own mail server returned the message. Its administrator's words stand below.";
      return outcome.kind == Outcome::Kind::Deferred ? explain_expired(outcome, options) : explain(outcome.reply);
    case DsnAction::Delayed: return explain_delay(outcome.reply);
    case DsnAction::Delivered:
    case DsnAction::Relayed: break;
  }
  return {};
}

DsnRecipient about(DsnAction action, const Concerned& concerned, const Options& options) {
  const auto& [recipient, outcome] = concerned;
  const bool expired = action == DsnAction::Failed && outcome.kind == Outcome::Kind::Deferred;
  const bool peers = is_peers(outcome);
  return {.recipient = recipient.address,
          .orcpt = recipient.orcpt,
          .status = expired ? "4.4.7" : status_of(outcome.reply),  // RFC 3463 §3.5: delivery time expired
          .diagnostic_code = outcome.reply.code == 0 ? "" : outcome.reply.summary(),
          .peers_words = peers,
          .remote_mta = peers ? host_of(outcome.relay) : std::string(),
          .explanation = explanation(action, outcome, options) +
                         std::string(action == DsnAction::Failed && recipient.in_doubt ? doubt : "")};
}

/// The header section at the start of the message, cut between two fields where it is long.
std::string header_section(const std::string& beginning) {
  if (beginning.starts_with("\r\n")) return {};  // no field at all
  const auto end = beginning.find(empty_line);
  std::string header = beginning.substr(0, end == std::string::npos ? end : end + 2);
  if (end != std::string::npos && header.size() <= max_quoted_header) return header;
  auto cut = header.rfind("\r\n", std::min(header.size(), max_quoted_header));
  while (cut != std::string::npos && cut > 0 && cut + 2 < header.size() && is_wsp(header[cut + 2])) {
    cut = header.rfind("\r\n", cut - 1);
  }
  return cut == std::string::npos ? std::string() : header.substr(0, cut + 2);
}

confirm::MessageHashes hashes_of(const std::string& text) {
  confirm::MessageHashes hashes;
  const auto end = text.find(empty_line);
  const std::string_view header = std::string_view(text).substr(0, end == std::string::npos ? end : end + 2);
  if (const auto fields = parse_header(header)) hashes.header = confirm::header_hash(*fields);
  confirm::BodyHasher body;
  if (end != std::string::npos) body.update(std::string_view(text).substr(end + empty_line.size()));
  hashes.body = body.finish();
  return hashes;
}

store::Route route_to(const Mailbox& mailbox, const Options& options) {
  if (!mailbox.domain() || !options.route_for) return store::Route::Remote;
  return options.route_for(*mailbox.domain());
}

/// Who reports. A receiver trusts what is signed, so it is a domain that we sign for: our own name's, or else the
/// sender's or a recipient's that is one of ours.
Mailbox reporter(const Mailbox& to, const std::vector<Concerned>& recipients, const Options& options) {
  const auto signs = [&](const std::optional<Domain>& domain) { return domain && options.signs_for(*domain); };
  Domain domain = options.host;
  if (options.signs_for && !signs(domain)) {
    std::vector<const Mailbox*> candidates{&to};
    for (const auto& concerned : recipients) candidates.push_back(&concerned.recipient.address);
    const auto ours = std::ranges::find_if(candidates, [&](const Mailbox* one) { return signs(one->domain()); });
    if (ours != candidates.end()) domain = *(*ours)->domain();
  }
  return {LocalPart::from_value("postmaster").value(), std::move(domain)};
}

store::Message envelope(const store::Message& about, Mailbox author, TimePoint now, Random& random) {
  store::Message bounce;
  bounce.id = make_queue_id(now, random);
  bounce.trace = about.trace;  // `cas trace` shows both
  bounce.arrived = now;
  bounce.sender = ReversePath();  // RFC 3464 §2, RFC 5321 §6.1
  bounce.klass = confirm::Class::Automatic;
  bounce.require_tls = about.require_tls;  // RFC 8689 §5
  bounce.author = std::move(author);
  return bounce;
}

}  // namespace

bool may_tell(const store::Message& message) {
  return !message.sender.is_null() && message.sender_verified;
}

bool is_kept(const store::Message& message, const store::Recipient& recipient) {
  return recipient.state == store::RecipientState::Failed && !may_tell(message) && !recipient.notify.never;
}

bool is_peers(const Outcome& outcome) {
  const auto& [code, enhanced, lines] = outcome.reply;
  const bool names_host = outcome.relay.contains('[') || outcome.relay.starts_with("unix:");
  const bool about_the_way = enhanced.subject == 4 && !lines.empty() && lines.front().starts_with(outcome.relay);
  return code != 0 && !outcome.ours && names_host && !about_the_way && !outcome.unreachable;
}

std::optional<DsnAction> notice_due(const store::Message& message, const store::Recipient& recipient,
                                    const Outcome& outcome, const Options& options, TimePoint now) {
  if (!may_tell(message)) return {};
  switch (recipient.state) {
    case store::RecipientState::Failed:
      if (recipient.notify.wants_failure()) return DsnAction::Failed;
      break;
    case store::RecipientState::Delivered:
      if (!recipient.notify.success || outcome.handover == Handover::PassedOn) break;
      return outcome.handover == Handover::Mailbox ? DsnAction::Delivered : DsnAction::Relayed;
    case store::RecipientState::Waiting: {
      const bool late = options.delay_warning.count() > 0 && now - message.arrived >= options.delay_warning;
      if (late && !recipient.warned && recipient.notify.wants_delay()) return DsnAction::Delayed;
      break;
    }
    case store::RecipientState::Held: break;
  }
  return {};
}

bool returns_whole(const store::Message& message, DsnAction action) {
  // RFC 3461 §4.3: RET is about failures. RFC 8689 §5: with REQUIRETLS, RET=FULL is passed over.
  return action == DsnAction::Failed && !message.require_tls && message.ret == DsnReturn::Full &&
         message.body_size <= max_returned;
}

NewMessage make_notice(DsnAction action, const store::Message& message, const std::string& original,
                       const std::vector<Concerned>& recipients, const Options& options, TimePoint now,
                       Random& random) {
  const Mailbox& to = *message.sender.mailbox();
  NewMessage notice{
      .message = envelope(message, reporter(to, recipients, options), now, random), .small_body = {}, .recipients = {}};
  const bool whole = returns_whole(message, action) && !original.empty();
  Dsn dsn{.action = action,
          .reporting_mta = options.host,
          .from = *notice.message.author,
          .to = to,
          .message_id = notice.message.id + '@' + options.host.text(),
          .queue_id = message.id,
          .envelope_id = message.envid,
          .arrival = to_unix(message.arrived),
          .now = to_unix(now),
          .retry_until = to_unix(message.arrived + options.lifetime),
          .recipients = {},
          .international = message.smtputf8,
          .original = whole ? original : header_section(original),
          .whole = whole};
  for (const auto& concerned : recipients) dsn.recipients.push_back(about(action, concerned, options));
  notice.small_body = format_dsn(dsn);
  notice.message.body_size = notice.small_body.size();
  notice.message.eight_bit = !is_ascii(notice.small_body);
  notice.message.smtputf8 = !to.is_ascii();
  notice.message.hashes = hashes_of(notice.small_body);
  notice.recipients.push_back({.address = to, .route = route_to(to, options), .ledgers = {}});
  return notice;
}

}  // namespace cas::queue
