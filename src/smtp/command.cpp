// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Commands taken apart. Strict where leniency would let two servers read the same line differently.
#include "smtp/command.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "base/encoding.hpp"
#include "smtp/dsn_parameters.hpp"

namespace cas::smtp {
namespace {

constexpr std::size_t max_parameters = 16;
constexpr std::size_t max_auth = 500;  // RFC 4954 §3
constexpr EnhancedCode bad_arguments{5, 5, 4};
constexpr EnhancedCode needs_smtputf8{5, 6, 7};

constexpr std::array<std::pair<std::string_view, Verb>, 16> verbs{{
    {"HELO", Verb::Helo},
    {"EHLO", Verb::Ehlo},
    {"MAIL", Verb::Mail},
    {"RCPT", Verb::Rcpt},
    {"DATA", Verb::Data},
    {"BDAT", Verb::Bdat},
    {"RSET", Verb::Rset},
    {"NOOP", Verb::Noop},
    {"QUIT", Verb::Quit},
    {"VRFY", Verb::Vrfy},
    {"EXPN", Verb::Expn},
    {"HELP", Verb::Help},
    {"STARTTLS", Verb::StartTls},
    {"AUTH", Verb::Auth},
    {"CONFIRM", Verb::Confirm},
    {"XCLIENT", Verb::Xclient},
}};

struct Parameter {
  std::string_view keyword;
  std::optional<std::string_view> value;
};

struct PathAndParameters {
  std::string_view path;
  std::vector<Parameter> parameters;
};

std::unexpected<Reply> refuse(int code, EnhancedCode enhanced, std::string text) {
  return std::unexpected(Reply(code, enhanced, std::move(text)));
}

/// The length of "<...>" at the start of `text`, 0 when it is not there. A ">" inside a quoted string ends nothing.
std::size_t path_length(std::string_view text) {
  if (!text.starts_with('<')) return 0;
  bool quoted = false;
  for (std::size_t n = 1; n < text.size(); ++n) {
    if (quoted && text[n] == '\\') {
      ++n;
    } else if (text[n] == '"') {
      quoted = !quoted;
    } else if (!quoted && text[n] == '>') {
      return n + 1;
    }
  }
  return 0;
}

/// RFC 5321 §4.1.2: esmtp-keyword.
bool is_keyword(std::string_view text) {
  return !text.empty() && is_alnum(text.front()) &&
         std::ranges::all_of(text, [](char c) { return is_alnum(c) || c == '-'; });
}

/// RFC 5321 §4.1.2: esmtp-value, with the UTF-8 that RFC 6531 §3.3 adds.
bool is_value(std::string_view text) {
  return !text.empty() && is_utf8(text) && std::ranges::all_of(text, [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != '=' && c != 0x7f;
  });
}

Parsed<Parameter> parse_parameter(std::string_view word) {
  const std::size_t equals = word.find('=');
  Parameter parameter{.keyword = word.substr(0, equals), .value = {}};
  if (equals != word.npos) parameter.value = word.substr(equals + 1);
  if (!is_keyword(parameter.keyword) || (parameter.value && !is_value(*parameter.value))) {
    return refuse(501, bad_arguments, "malformed parameter");
  }
  return parameter;
}

Parsed<std::vector<Parameter>> parse_parameters(std::string_view text) {
  std::vector<Parameter> parameters;
  while (!text.empty()) {
    if (text.front() != ' ') return refuse(501, bad_arguments, "a blank must follow the path");
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (text.empty()) break;
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(word.size());
    const auto parameter = parse_parameter(word);
    if (!parameter) return std::unexpected(parameter.error());
    const bool repeated = std::ranges::any_of(
        parameters, [&](const Parameter& earlier) { return iequals(earlier.keyword, parameter->keyword); });
    if (repeated) return refuse(501, bad_arguments, "repeated parameter");
    if (parameters.size() == max_parameters) return refuse(501, bad_arguments, "too many parameters");
    parameters.push_back(*parameter);
  }
  return parameters;
}

/// "FROM:<path> parameters". `keyword` is "FROM:" or "TO:".
Parsed<PathAndParameters> split_argument(std::string_view argument, std::string_view keyword) {
  if (!iequals(argument.substr(0, keyword.size()), keyword)) {
    return refuse(501, bad_arguments, "syntax: " + std::string(keyword) + "<address>");
  }
  argument = trim_wsp(argument.substr(keyword.size()));
  const std::size_t length = path_length(argument);
  if (length == 0) return refuse(501, bad_arguments, "syntax: " + std::string(keyword) + "<address>");
  auto parameters = parse_parameters(argument.substr(length));
  if (!parameters) return std::unexpected(std::move(parameters).error());
  return PathAndParameters{.path = argument.substr(0, length), .parameters = std::move(*parameters)};
}

/// RFC 1870 §3: 1 to 20 digits. What 64 bits cannot hold is as good as the greatest number.
std::optional<std::uint64_t> parse_size(std::string_view text) {
  if (text.empty() || text.size() > 20 || !std::ranges::all_of(text, is_digit)) return {};
  std::uint64_t size = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), size);
  return result.ec == std::errc{} ? size : std::numeric_limits<std::uint64_t>::max();
}

/// Writes one parameter of MAIL into `mail`; the reply that refuses it otherwise.
std::optional<Reply> apply_parameter(const Parameter& parameter, bool offer_smtputf8, MailCommand& mail) {
  const std::string_view value = parameter.value.value_or(std::string_view{});
  const auto malformed = [&] { return Reply(501, bad_arguments, "malformed " + to_upper(parameter.keyword)); };
  if (iequals(parameter.keyword, "SIZE")) {
    mail.size = parse_size(value);
    if (!mail.size) return malformed();
    return {};
  }
  if (iequals(parameter.keyword, "BODY")) {  // RFC 6152 §2; BINARYMIME (RFC 3030) is not offered
    if (!parameter.value) return malformed();
    mail.body = iequals(value, "8BITMIME") ? BodyType::EightBitMime : BodyType::SevenBit;
    if (iequals(value, "8BITMIME") || iequals(value, "7BIT")) return {};
    return Reply(555, bad_arguments, "BODY value not supported");
  }
  if (iequals(parameter.keyword, "SMTPUTF8") && offer_smtputf8) {
    if (parameter.value) return malformed();  // RFC 6531 §3.4
    mail.smtputf8 = true;
    return {};
  }
  if (iequals(parameter.keyword, "REQUIRETLS")) {  // RFC 8689 §2; whether TLS is on is the session's business
    if (parameter.value) return malformed();
    mail.require_tls = true;
    return {};
  }
  if (iequals(parameter.keyword, "AUTH")) {  // RFC 4954 §5
    if (value.empty() || !from_xtext(value, max_auth)) return malformed();
    mail.auth = std::string(value);
    return {};
  }
  if (iequals(parameter.keyword, "ENVID")) {  // RFC 3461 §4.4
    auto envid = parse_envid(value);
    if (!envid) return malformed();
    mail.envid = *std::move(envid);
    return {};
  }
  if (iequals(parameter.keyword, "RET")) {  // RFC 3461 §4.3
    const auto ret = parse_ret(value);
    if (!ret) return malformed();
    mail.ret = *ret;
    return {};
  }
  return Reply(555, bad_arguments, "parameter not recognized");
}

/// The same for RCPT (RFC 3461 §4.1, §4.2).
std::optional<Reply> apply_parameter(const Parameter& parameter, bool smtputf8, RcptCommand& rcpt) {
  const std::string_view value = parameter.value.value_or(std::string_view{});
  const auto malformed = [&] { return Reply(501, bad_arguments, "malformed " + to_upper(parameter.keyword)); };
  if (iequals(parameter.keyword, "NOTIFY")) {
    const auto notify = parse_notify(value);
    if (!notify) return malformed();
    rcpt.notify = *notify;
    return {};
  }
  if (iequals(parameter.keyword, "ORCPT")) {
    if (!is_orcpt(value, smtputf8)) return malformed();
    rcpt.orcpt = std::string(value);
    return {};
  }
  return Reply(555, bad_arguments, "parameter not recognized");
}

}  // namespace

CommandLine parse_command(std::string_view line) {
  const std::string_view word = line.substr(0, line.find_first_of(" \t"));
  const auto row = std::ranges::find_if(verbs, [&](const auto& verb) { return iequals(verb.first, word); });
  CommandLine command{.verb = row == verbs.end() ? Verb::Unknown : row->second, .argument = line.substr(word.size())};
  if (command.verb == Verb::Confirm) {  // CAS §5.2: one SP; whatever else stands there is part of the intent
    if (command.argument.starts_with(' ')) command.argument.remove_prefix(1);
  } else {
    command.argument = trim_wsp(command.argument);  // RFC 5321 §4.1.1: trailing blanks are tolerated
  }
  return command;
}

Parsed<MailCommand> parse_mail(std::string_view argument, bool offer_smtputf8) {
  const auto parts = split_argument(argument, "FROM:");
  if (!parts) return std::unexpected(parts.error());
  MailCommand mail;
  for (const auto& parameter : parts->parameters) {
    if (auto refusal = apply_parameter(parameter, offer_smtputf8, mail)) return std::unexpected(std::move(*refusal));
  }
  if (!mail.smtputf8 && !is_ascii(parts->path)) {  // RFC 6531 §3.5
    return refuse(553, needs_smtputf8, "this address needs SMTPUTF8");
  }
  auto from = ReversePath::parse(parts->path);
  if (!from) return refuse(553, {5, 1, 7}, "the sender's address is not valid");
  mail.from = std::move(*from);
  return mail;
}

Parsed<RcptCommand> parse_rcpt(std::string_view argument, bool smtputf8, const Domain& host) {
  const auto parts = split_argument(argument, "TO:");
  if (!parts) return std::unexpected(parts.error());
  if (!smtputf8 && !is_ascii(parts->path)) return refuse(553, needs_smtputf8, "this address needs SMTPUTF8");
  auto to = parse_forward_path(parts->path, host);
  if (!to) return refuse(553, {5, 1, 3}, "the recipient's address is not valid");
  RcptCommand rcpt{.to = *std::move(to)};
  for (const auto& parameter : parts->parameters) {
    if (auto refusal = apply_parameter(parameter, smtputf8, rcpt)) return std::unexpected(std::move(*refusal));
  }
  return rcpt;
}

std::optional<BdatCommand> parse_bdat(std::string_view argument) {
  const std::string_view digits = argument.substr(0, argument.find(' '));
  if (digits.empty() || digits.size() > 20 || !std::ranges::all_of(digits, is_digit)) return {};
  BdatCommand chunk;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), chunk.octets);
  if (result.ec != std::errc{}) return {};
  const std::string_view rest = argument.substr(digits.size());
  chunk.last = iequals(rest, " LAST");
  chunk.well_formed = rest.empty() || chunk.last;
  return chunk;
}

std::optional<std::string> parse_helo(std::string_view argument) {
  const bool printable_word = std::ranges::all_of(argument, [](char c) { return c > 32 && c < 127; });
  if (argument.empty() || argument.size() > 255 || !printable_word) return {};
  return std::string(argument);
}

}  // namespace cas::smtp
