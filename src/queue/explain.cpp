// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Replies in words that a person understands.
#include <array>

#include "confirm/reason.hpp"
#include "queue/bounce.hpp"
#include "queue/settle.hpp"

namespace cas::queue {
namespace {

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
    Explanation{
        "key-missing",
        "The key that your mail server confirms with is not in the DNS. Your mail administrator must publish it."},
    Explanation{
        "key-revoked",
        "The key that your mail server confirms with was withdrawn. Your mail administrator must use a new one."},
    Explanation{"align",
                "Your mail server confirmed with a key of a domain that may not speak for your address. Tell your mail "
                "administrator."},
    Explanation{"envelope",
                "What your mail server confirmed was about another envelope. Tell your mail administrator."},
    Explanation{"rcpt", "Your mail server did not confirm this recipient. Tell your mail administrator."},
    Explanation{"from",
                "The address in From is not the one that was confirmed. Send it again with your own address in From."},
    Explanation{"spf",
                "Your domain's SPF record does not name the server that sent this. Tell your mail administrator."},
    Explanation{"unknown", "There is no such mailbox there. Check the address for typing errors."},
    Explanation{
        "replay",
        "Another message was confirmed with the same mark before. Send it again as a new message; if that fails "
        "too, tell your mail administrator."},
    Explanation{"lifetime", "The confirmation was made for too long a time. Tell your mail administrator."},
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

constexpr std::array delays = {
    Explanation{"4.1.", "The address could not be looked up yet."},
    Explanation{"4.2.2", "The mailbox is full at the moment."},
    Explanation{"4.2.", "The mailbox cannot take mail at the moment."},
    Explanation{"4.3.", "The receiving server is short of room, or busy."},
    Explanation{"4.4.", "The receiving server could not be reached."},
    Explanation{
        "4.7.",
        "The receiving server asks to come again later. Many do so with senders that they have not met before."},
    Explanation{"", "The receiving server could not take the message yet."},
};

constexpr std::array cas_delays = {
    Explanation{"pending", "The recipient is being asked whether mail from you is wanted, and has not answered yet."},
    Explanation{"rate", "Too many messages were sent to this server in a short time. The rest goes later."},
    Explanation{"key-lookup", "The key that your mail server confirms with could not be found in the DNS yet."},
    Explanation{"future", "The clocks of the two mail servers differ. Tell your mail administrator."},
};

template <class Table>
std::string find_word(const Table& table, const smtp::Reply& reply) {
  const auto word = confirm::word_in(reply);
  for (const auto& entry : table) {
    if (word && *word == entry.what) return std::string(entry.text);
  }
  return {};
}

template <class Table>
std::string find_status(const Table& table, const std::string& status) {
  for (const auto& entry : table) {
    const bool is_prefix = entry.what.empty() || entry.what.ends_with('.');
    if (is_prefix ? status.starts_with(entry.what) : status == entry.what) return std::string(entry.text);
  }
  return "The message could not be delivered.";
}

}  // namespace

std::string explain(const smtp::Reply& reply) {
  auto text = find_word(cas_explanations, reply);
  return text.empty() ? find_status(status_explanations, status_of(reply)) : text;
}

std::string explain_delay(const smtp::Reply& reply) {
  auto text = find_word(cas_delays, reply);
  return text.empty() ? find_status(delays, status_of(reply)) : text;
}

}  // namespace cas::queue
