// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See sendmail_words.hpp.
#include "cmd/sendmail_words.hpp"

#include <algorithm>
#include <array>

#include "base/encoding.hpp"
#include "message/date.hpp"
#include "message/header.hpp"

namespace cas::cmd {
namespace {

using Words = std::expected<SendmailWords, std::string>;

std::string quoted(std::string_view word) {
  return "\"" + printable(word, 200) + "\"";
}

/// Options with a value that do nothing here.
constexpr std::string_view ignored_with_value = "ABCDLOXdhpo";
/// Those without one.
constexpr std::string_view ignored = "GUcmnsv";

/// never, or some of success, failure and delay (RFC 3461 §4.1).
bool read_notify(std::string_view word, std::string& notify) {
  static constexpr std::array<std::string_view, 3> known{"SUCCESS", "FAILURE", "DELAY"};
  notify = to_upper(word);
  if (notify == "NEVER") return true;
  for (std::string_view rest = notify; !rest.empty();) {
    const auto end = rest.find(',');
    if (std::ranges::find(known, rest.substr(0, end)) == known.end()) return false;
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return !notify.empty();
}

class ArgumentReader {
 public:
  explicit ArgumentReader(const std::vector<std::string>& arguments) : arguments_(arguments) {}

  Words read() {
    bool options = true;
    for (; at_ < arguments_.size(); ++at_) {
      const std::string& word = arguments_[at_];
      if (!options || word.size() < 2 || word[0] != '-') {
        words_.recipients.push_back(word);
      } else if (word == "--") {
        options = false;
      } else if (auto fault = option(word); !fault.empty()) {
        return std::unexpected(std::move(fault));
      }
    }
    return std::move(words_);
  }

 private:
  /// What stands behind the letter, or in the next word.
  std::optional<std::string> value(const std::string& word) {
    if (word.size() > 2) return word.substr(2);
    if (at_ + 1 >= arguments_.size()) return std::nullopt;
    return arguments_[++at_];
  }

  std::string option(const std::string& word) {
    if (word == "--socket" && at_ + 1 < arguments_.size()) {
      words_.socket = arguments_[++at_];
      return {};
    }
    const char letter = word[1];
    if (letter == 't' || letter == 'i') return flags(word);
    if (letter == 'b') return mode(word);
    if (letter == 'q') {
      words_.mode = SendmailWords::Mode::RunQueue;
      return {};
    }
    if (word == "-oi" || word == "-oitrue") words_.dot_ends = false;
    if (ignored.find(letter) != std::string_view::npos) return flags(word);
    const auto given = value(word);
    if (!given) return word + " wants a value";
    return with_value(letter, *given);
  }

  std::string flags(const std::string& word) {
    for (const char letter : word.substr(1)) {
      if (letter == 't') words_.from_header = true;
      if (letter == 'i') words_.dot_ends = false;
      const bool known = letter == 't' || letter == 'i' || ignored.find(letter) != std::string_view::npos;
      if (!known) return "there is no option " + quoted(word);
    }
    return {};
  }

  std::string mode(const std::string& word) {
    const std::string_view which = std::string_view(word).substr(2);
    if (which == "m") return {};
    if (which == "p") words_.mode = SendmailWords::Mode::ListQueue;
    if (which == "i") words_.mode = SendmailWords::Mode::NewAliases;
    return which == "p" || which == "i" ? "" : quoted(word) + " is not done here: -bm, -bp and -bi are";
  }

  std::string with_value(char letter, const std::string& given) {
    switch (letter) {
      case 'f':
      case 'r':
        words_.sender = given;
        words_.has_sender = true;
        return {};
      case 'F': words_.full_name = given; return {};
      case 'N': return read_notify(given, words_.notify) ? "" : "-N takes never, or success,failure,delay";
      case 'R':
        words_.ret = to_upper(given);
        return words_.ret == "FULL" || words_.ret == "HDRS" ? "" : "-R takes full or hdrs";
      case 'V': words_.envid = given; return {};
      default: break;
    }
    if (ignored_with_value.find(letter) != std::string_view::npos) return {};
    return std::string("there is no option -") + printable(std::string_view(&letter, 1), 4);
  }

  const std::vector<std::string>& arguments_;
  std::size_t at_ = 0;
  SendmailWords words_;
};

/// CRLF line ends, to the end or to the dot.
std::string in_wire_form(std::string_view input, bool dot_ends) {
  std::string octets;
  octets.reserve(input.size() + input.size() / 32);
  while (!input.empty()) {
    const auto end = input.find('\n');
    std::string_view line = input.substr(0, end);
    input.remove_prefix(end == std::string_view::npos ? input.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (dot_ends && line == ".") break;
    octets.append(line).append("\r\n");
  }
  return octets;
}

/// Where the header section ends: behind its last field. A body without header is what sendmail takes, too.
std::size_t header_size(const std::string& octets) {
  if (octets.starts_with("\r\n")) return 0;
  const auto end = octets.find("\r\n\r\n");
  return end == std::string::npos ? octets.size() : end + 2;
}

std::string from_field(const LocalSender& sender) {
  if (sender.full_name.empty() || !is_ascii(sender.full_name)) return "From: " + sender.address.wire() + "\r\n";
  std::string name;
  for (const char c : sender.full_name) {
    if (c == '"' || c == '\\') name += '\\';
    if (c >= ' ' && c != 127) name += c;
  }
  return "From: \"" + name + "\" <" + sender.address.wire() + ">\r\n";
}

/// A name without a domain is somebody here.
std::optional<Mailbox> mailbox_of(std::string_view word, const Mailbox& here) {
  if (word.starts_with('<') && word.ends_with('>')) word = word.substr(1, word.size() - 2);
  if (auto whole = Mailbox::parse(word)) return *std::move(whole);
  if (word.find('@') != std::string_view::npos || !here.domain()) return std::nullopt;
  auto local = LocalPart::from_value(word);
  return local ? std::optional(Mailbox(*std::move(local), *here.domain())) : std::nullopt;
}

}  // namespace

Words read_sendmail_words(const std::vector<std::string>& arguments) {
  return ArgumentReader(arguments).read();
}

std::expected<Prepared, std::string> prepare(const SendmailWords& words, std::string_view input,
                                             const LocalSender& sender, UnixTime now, std::string_view unique) {
  if (input.starts_with("From ")) input.remove_prefix(std::min(input.size(), input.find('\n') + 1));
  const std::string octets = in_wire_form(input, words.dot_ends);
  const auto size = header_size(octets);
  const auto fields = parse_header(std::string_view(octets).substr(0, size));
  if (!fields)
    return std::unexpected("the message does not begin with header fields: " + fields.error().private_reason);

  Prepared prepared;
  for (const auto& word : words.recipients) {
    auto mailbox = mailbox_of(word, sender.address);
    if (!mailbox) return std::unexpected(quoted(word) + " is no address");
    prepared.recipients.push_back(*std::move(mailbox));
  }
  std::string header;
  bool has_from = false, has_date = false, has_id = false;
  for (const auto& field : *fields) {
    const std::string name = to_lower(field.name);
    has_from = has_from || name == "from";
    has_date = has_date || name == "date";
    has_id = has_id || name == "message-id";
    const bool names_people = name == "to" || name == "cc" || name == "bcc";
    if (words.from_header && names_people) {
      const auto people = parse_mailbox_list(field.value);
      if (!people)
        return std::unexpected(std::string(field.name) + " names no addresses: " + people.error().private_reason);
      for (const auto& one : *people) {
        if (std::ranges::find(prepared.recipients, one) == prepared.recipients.end())
          prepared.recipients.push_back(one);
      }
    }
    if (!words.from_header || name != "bcc") header.append(field.raw);
  }
  if (prepared.recipients.empty()) return std::unexpected("there is no recipient");
  if (!has_from) header += from_field(sender);
  if (!has_date) header += "Date: " + format_date(now) + "\r\n";
  if (!has_id) {
    const std::string domain = sender.address.domain() ? sender.address.domain()->text() : "localhost";
    header += "Message-ID: <" + std::string(unique) + "@" + domain + ">\r\n";
  }
  const std::string_view rest = std::string_view(octets).substr(size);
  prepared.octets = header + (rest.empty() ? "\r\n" : std::string(rest));
  prepared.eight_bit = !is_ascii(prepared.octets);
  return prepared;
}

std::string with_dots(std::string_view octets) {
  std::string out;
  bool begins = true;
  for (const char c : octets) {
    if (begins && c == '.') out += '.';
    out += c;
    begins = c == '\n';
  }
  return out + ".\r\n";
}

}  // namespace cas::cmd
