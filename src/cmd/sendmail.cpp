// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas sendmail`: hands a message to the running server over its submission socket. Who may use it, and as whom, the
// server decides: the system tells it who we are.
#include <pwd.h>
#include <sysexits.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "base/encoding.hpp"
#include "cmd/commands.hpp"
#include "cmd/message_file.hpp"
#include "cmd/perform.hpp"
#include "cmd/sendmail_words.hpp"
#include "cmd/terminal.hpp"
#include "net/stream.hpp"
#include "net/system.hpp"
#include "smtp/line_reader.hpp"
#include "smtp/reply.hpp"

namespace cas::cmd {

namespace {

constexpr const char* default_submission_socket = "/run/cas/submission.sock";
constexpr milliseconds reply_time{600000};  // RFC 5321 §4.5.3.2.6: 10 minutes for the last one
constexpr std::size_t longest_line = 4096;

/// What to say, and the exit status.
struct End {
  int code = EX_OK;
  std::string message;
};

class Dialog {
 public:
  explicit Dialog(net::Stream& stream) : stream_(stream) {}

  net::Task<Result<smtp::Reply>> reply() {
    smtp::ReplyParser parser;
    std::array<char, 4096> buffer{};
    while (true) {
      const auto found = reader_.next(longest_line);
      if (const auto* line = std::get_if<smtp::Line>(&found)) {
        auto parsed = parser.on_line(line->text);
        if (!parsed) co_return std::unexpected(std::move(parsed).error());
        if (*parsed) co_return std::move(**parsed);
      } else if (std::holds_alternative<smtp::NeedMore>(found)) {
        const auto got = co_await stream_.read_some(buffer, reply_time);
        if (!got) co_return std::unexpected(got.error());
        if (*got == 0) co_return transient("the server hung up");
        reader_.feed(std::string_view(buffer.data(), *got));
      } else {
        co_return transient("the server's answer is no SMTP");
      }
    }
  }

  net::Task<Result<smtp::Reply>> ask(std::string line) {
    const std::string octets = std::move(line) + "\r\n";
    const auto sent = co_await stream_.write(octets, reply_time);
    if (!sent) co_return std::unexpected(sent.error());
    auto answer = co_await reply();
    co_return answer;
  }

 private:
  net::Stream& stream_;
  smtp::LineReader reader_;
};

End fault(const Error& error) {
  return {.code = EX_TEMPFAIL, .message = "the server went away: " + printable(error.private_reason)};
}

End refused(const smtp::Reply& reply, int code, const std::string& what) {
  return {.code = reply.code / 100 == 4 ? EX_TEMPFAIL : code, .message = what + ": " + printable(reply.summary())};
}

LocalSender local_sender(const SendmailWords& words, const Domain& host, const std::string& user,
                         const std::string& full_name) {
  auto name = LocalPart::from_value(user);
  Mailbox address(name ? *std::move(name) : *LocalPart::from_value("nobody"), host);
  if (words.has_sender && words.sender != "<>") {
    if (auto given = Mailbox::parse(words.sender)) address = *std::move(given);
  }
  return {.address = std::move(address), .full_name = words.full_name.empty() ? full_name : words.full_name};
}

std::string mail_command(const SendmailWords& words, const LocalSender& sender, const Prepared& prepared, bool dsn) {
  const bool null_path = words.has_sender && (words.sender == "<>" || words.sender.empty());
  std::string line = "MAIL FROM:<" + (null_path ? std::string() : sender.address.wire()) + ">";
  if (prepared.eight_bit) line += " BODY=8BITMIME";
  const bool utf8 = !is_ascii(line) || !std::ranges::all_of(prepared.recipients, &Mailbox::is_ascii);
  if (utf8) line += " SMTPUTF8";
  if (dsn && !words.ret.empty()) line += " RET=" + words.ret;
  if (dsn && !words.envid.empty()) line += " ENVID=" + words.envid;
  return line;
}

struct Hand {
  const SendmailWords& words;
  std::string path;
  std::string input;
  std::string user, full_name;
  UnixTime now;
  std::string unique;
  End end;
};

/// From the greeting to the end of the data.
net::Task<End> hand_over(Dialog& dialog, const Hand& hand) {
  const auto greeting = co_await dialog.reply();
  if (!greeting) co_return fault(greeting.error());
  if (greeting->code != 220) co_return refused(*greeting, EX_UNAVAILABLE, "the server does not take mail");
  const std::string& said = greeting->lines.front();
  const auto host = Domain::parse(std::string_view(said).substr(0, said.find(' ')));
  if (!host) co_return End(EX_PROTOCOL, "the server does not say its name");
  const auto sender = local_sender(hand.words, *host, hand.user, hand.full_name);
  const auto prepared = prepare(hand.words, hand.input, sender, hand.now, hand.unique);
  if (!prepared) co_return End(EX_DATAERR, prepared.error());

  const auto hello = co_await dialog.ask("EHLO localhost");
  if (!hello) co_return fault(hello.error());
  const bool dsn = std::ranges::find(hello->lines, "DSN") != hello->lines.end();
  const auto mail = co_await dialog.ask(mail_command(hand.words, sender, *prepared, dsn));
  if (!mail) co_return fault(mail.error());
  if (mail->code != 250) co_return refused(*mail, EX_NOPERM, "the sender was refused");
  for (const auto& recipient : prepared->recipients) {
    std::string line = "RCPT TO:<" + recipient.wire() + ">";
    if (dsn && !hand.words.notify.empty()) line += " NOTIFY=" + hand.words.notify;
    const auto answer = co_await dialog.ask(std::move(line));
    if (!answer) co_return fault(answer.error());
    if (answer->code / 100 != 2) co_return refused(*answer, EX_NOUSER, "<" + printable(recipient.wire()) + ">");
  }
  const auto data = co_await dialog.ask("DATA");
  if (!data) co_return fault(data.error());
  if (data->code != 354) co_return refused(*data, EX_UNAVAILABLE, "the message was refused");
  std::string octets = with_dots(prepared->octets);
  octets.resize(octets.size() - 2);  // ask() ends the line
  const auto done = co_await dialog.ask(std::move(octets));
  if (!done) co_return fault(done.error());
  if (done->code != 250) co_return refused(*done, EX_UNAVAILABLE, "the message was refused");
  (void)co_await dialog.ask("QUIT");
  co_return End();
}

net::Task<void> talk(Hand& hand) {
  auto stream = co_await net::connect_unix(hand.path, milliseconds(30000));
  if (!stream) {
    hand.end = {.code = EX_TEMPFAIL,
                .message = "no server answers at " + printable(hand.path) + " (" +
                           printable(stream.error().private_reason) +
                           "). Is it running, and does its configuration have submission_socket?"};
    co_return;
  }
  Dialog dialog(*stream);
  hand.end = co_await hand_over(dialog, hand);
  co_await stream->close();
}

std::string draw_unique() {
  net::SystemRandom random;
  std::array<std::uint8_t, 12> octets{};
  random.fill(octets);
  return hex(octets);
}

std::string socket_of(const SendmailWords& words) {
  if (!words.socket.empty()) return words.socket;
  const char* given = std::getenv("CAS_SUBMISSION_SOCKET");
  return given != nullptr && *given != 0 ? given : default_submission_socket;
}

int submit(const SendmailWords& words) {
  if (words.has_sender && words.sender != "<>" && !words.sender.empty() && !Mailbox::parse(words.sender) &&
      words.sender.find('@') != std::string::npos) {
    return complain(EX_USAGE, "\"" + printable(words.sender, 200) + "\" is no address");
  }
  auto input = read_input("-");
  if (!input) return complain(EX_IOERR, printable(input.error().public_text));
  const passwd* user = ::getpwuid(::getuid());
  std::string full_name = user == nullptr ? "" : user->pw_gecos;
  full_name.resize(std::min(full_name.size(), full_name.find(',')));
  Hand hand{.words = words,
            .path = socket_of(words),
            .input = *std::move(input),
            .user = user == nullptr ? "nobody" : user->pw_name,
            .full_name = std::move(full_name),
            .now = to_unix(net::SystemClock().now()),
            .unique = draw_unique(),
            .end = {}};
  const auto fault = perform([&hand] { return talk(hand); });
  if (fault) return complain(EX_SOFTWARE, "internal error: " + printable(*fault));
  return hand.end.code == EX_OK ? EX_OK : complain(hand.end.code, hand.end.message);
}

}  // namespace

int sendmail(const std::vector<std::string>& arguments) {
  const auto words = read_sendmail_words(arguments);
  if (!words) return complain(EX_USAGE, words.error());
  switch (words->mode) {
    case SendmailWords::Mode::Send: return submit(*words);
    case SendmailWords::Mode::ListQueue: return mailq({});
    case SendmailWords::Mode::RunQueue: return steer_queue({}, "retry");
    case SendmailWords::Mode::NewAliases: break;  // there is no table to make
  }
  return EX_OK;
}

}  // namespace cas::cmd
