// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See bounce.hpp.
#include "queue/bounce.hpp"

#include <array>

#include "base/encoding.hpp"
#include "confirm/digest.hpp"
#include "confirm/reason.hpp"
#include "message/dsn.hpp"
#include "message/header.hpp"
#include "queue/settle.hpp"

namespace cas::queue {
namespace {

constexpr std::size_t max_quoted_header = 32 * 1024;
constexpr std::string_view empty_line = "\r\n\r\n";

struct Explanation {
  std::string_view what;  // a word of CAS §15.2, or the start of an enhanced code
  std::string_view text;
};

constexpr std::array cas_explanations = {
    Explanation{"required",
                "The receiving server takes only mail that the sender's server confirms (CAS). Ask your mail "
                "administrator to turn confirmation on, or the recipient to except you."},
    Explanation{"pending",
                "The recipient was asked and has not approved you as a sender in time. Reach them another way "
                "and ask them to approve your address."},
    Explanation{"refused", "The recipient, or the recipient's domain, does not want mail from this address."},
    Explanation{"consent", "The recipient has not asked for this list. Bulk mail needs their consent first."},
    Explanation{"class", "The message was announced as another kind of mail than it is. Tell your mail administrator."},
    Explanation{"signature",
                "The confirmation's signature was not accepted. Your mail administrator must check the keys in "
                "the DNS."},
    Explanation{"digest", "The message was changed after it had been confirmed. Tell your mail administrator."},
    Explanation{"rate", "Too many messages were sent to this server in a short time."},
};

constexpr std::array status_explanations = {
    Explanation{"5.1.1", "There is no such mailbox there. Check the address for typing errors."},
    Explanation{"5.1.2", "The domain of this address does not exist or takes no mail. Check what stands after the @."},
    Explanation{"5.1.10", "The domain of this address takes no mail at all."},
    Explanation{"5.1.6", "The mailbox has moved. Ask the recipient for the new address."},
    Explanation{"5.2.1", "The mailbox is switched off."},
    Explanation{"5.2.2", "The mailbox is full. Try again later, or reach the recipient another way."},
    Explanation{"5.2.3", "The message is larger than this mailbox accepts."},
    Explanation{"5.3.4", "The message is larger than the receiving server accepts."},
    Explanation{"5.4.", "The way to the receiving server is broken. Its administrator must mend it."},
    Explanation{"5.7.", "The receiving server refused the message by its rules. Its own words stand below."},
    Explanation{"5.", "The receiving server refused the message for good. Its own words stand below."},
    Explanation{"4.", "The receiving server could not take the message, and it was not tried further."},
};

std::string explain_expired(const Outcome& last, const Options& options) {
  const auto hours = std::chrono::duration_cast<std::chrono::hours>(options.lifetime).count();
  std::string text = "The message could not be delivered within ";
  text += hours >= 48 ? std::to_string(hours / 24) + " days" : std::to_string(hours) + " hours";
  return text + "; it will not be tried again. The last answer was: " + said(last.reply);
}

// CAS §9.5
constexpr std::string_view doubt =
    " An earlier attempt ended without an answer: the message may have been delivered all the same.";

DsnRecipient about(const Mailbox& recipient, const Outcome& outcome, const Options& options) {
  const bool expired = outcome.kind == Outcome::Kind::Deferred;
  return {.recipient = recipient,
          .status = expired ? "4.4.7" : status_of(outcome.reply),  // RFC 3463 §3.5: delivery time expired
          .diagnostic_code = outcome.reply.code == 0 ? "" : outcome.reply.summary(),
          .remote_mta = outcome.relay,
          .explanation = (expired ? explain_expired(outcome, options) : explain(outcome.reply)) +
                         std::string(outcome.in_doubt ? doubt : "")};
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

store::Message envelope(const store::Message& failed, const Options& options, TimePoint now, Random& random) {
  store::Message bounce;
  bounce.id = make_queue_id(now, random);
  bounce.trace = failed.trace;  // `cas trace` shows both
  bounce.arrived = now;
  bounce.sender = ReversePath();  // RFC 3464 §2, RFC 5321 §6.1
  bounce.klass = confirm::Class::Automatic;
  bounce.require_tls = failed.require_tls;  // RFC 8689 §5
  if (auto local = LocalPart::from_value("postmaster")) bounce.author = Mailbox(*std::move(local), options.host);
  return bounce;
}

}  // namespace

bool may_tell(const store::Message& message) {
  return !message.sender.is_null() && message.sender_verified;
}

std::optional<NewMessage> make_bounce(const store::Message& message, const std::string& header,
                                      const std::vector<std::pair<Mailbox, Outcome>>& failed, const Options& options,
                                      TimePoint now, Random& random) {
  if (failed.empty() || !may_tell(message)) return std::nullopt;
  const Mailbox& to = *message.sender.mailbox();
  NewMessage bounce{.message = envelope(message, options, now, random), .small_body = {}, .recipients = {}};
  Dsn dsn{.reporting_mta = options.host,
          .to = to,
          .message_id = bounce.message.id + '@' + options.host.text(),
          .queue_id = message.id,
          .arrival = to_unix(message.arrived),
          .now = to_unix(now),
          .failed = {},
          .original_header = header_section(header)};
  for (const auto& [recipient, outcome] : failed) dsn.failed.push_back(about(recipient, outcome, options));
  bounce.small_body = format_dsn(dsn);
  bounce.message.body_size = bounce.small_body.size();
  bounce.message.eight_bit = !is_ascii(bounce.small_body);
  bounce.message.smtputf8 = !to.is_ascii();
  bounce.message.hashes = hashes_of(bounce.small_body);
  bounce.recipients.push_back({.address = to, .route = route_to(to, options), .ledger = {}});
  return bounce;
}

std::string explain(const smtp::Reply& reply) {
  if (const auto word = confirm::word_in(reply)) {
    for (const auto& entry : cas_explanations) {
      if (*word == entry.what) return std::string(entry.text);
    }
  }
  const std::string status = status_of(reply);
  for (const auto& entry : status_explanations) {
    const bool is_prefix = entry.what.ends_with('.');
    if (is_prefix ? status.starts_with(entry.what) : status == entry.what) return std::string(entry.text);
  }
  return "The message could not be delivered.";
}

}  // namespace cas::queue
