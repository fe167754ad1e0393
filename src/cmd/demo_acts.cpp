// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Sending, listening, waiting and asking, for all scenes.
#include "cmd/demo_acts.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <sstream>
#include <thread>

#include "base/encoding.hpp"
#include "message/header.hpp"

namespace cas::cmd {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds patience{30};
constexpr std::chrono::milliseconds look_again{5};

constexpr std::size_t most_output = 65536;

struct Told {
  int status = -1;  // exit status; -1: there is none
  std::string output;
};

/// Standard output and error of a command, to its end.
std::string output_of(int from) {
  std::string out;
  std::array<char, 4096> buffer;
  for (ssize_t size = 0; (size = read(from, buffer.data(), buffer.size())) != 0;) {
    if (size < 0 && errno != EINTR) break;
    if (size > 0 && out.size() < most_output) out.append(buffer.data(), static_cast<std::size_t>(size));
  }
  return out;
}

/// This program with other arguments: its output, or why there is none. The signals that the runtime blocks are open to
/// it.
Told run_command(const std::vector<std::string>& arguments) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return {.status = -1, .output = "no pipe"};
  std::vector<char*> argv;
  std::vector<std::string> words{"cas"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  sigset_t none;
  sigemptyset(&none);
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, ends[1], STDERR_FILENO);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t child = -1;
  const int fault = posix_spawn(&child, "/proc/self/exe", &files, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  close(ends[1]);
  Told told{.status = -1, .output = fault == 0 ? output_of(ends[0]) : "it could not be started"};
  close(ends[0]);
  int status = 0;
  if (fault == 0 && waitpid(child, &status, 0) == child && WIFEXITED(status)) told.status = WEXITSTATUS(status);
  return told;
}

/// The Authentication-Results on top of a message, unfolded; empty when there are none. A Maildir has LF line ends.
std::string results_of(const std::string& message) {
  std::string header;
  for (const char c : std::string_view(message).substr(0, message.find("\n\n") + 1)) {
    header += c == '\n' ? "\r\n" : std::string(1, c);
  }
  const auto fields = parse_header(header);
  if (!fields) return {};
  const auto results = fields_named(*fields, "Authentication-Results");
  return results.empty() ? std::string() : std::string(trim_wsp(unfold(results.front().value)));
}

}  // namespace

void stop_when_interrupted() {
  sigset_t pending;
  if (sigpending(&pending) == 0 && (sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1)) {
    throw Interrupted();
  }
}

bool wait_until(const std::function<bool()>& holds) {
  const auto deadline = steady_clock::now() + patience;
  while (!holds()) {
    stop_when_interrupted();
    if (steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(look_again);
  }
  return true;
}

std::string text_of(const Result<Played>& played) {
  if (!played) return played.error().private_reason;
  std::string out;
  for (const Answer& answer : played->answers) out += (out.empty() ? "" : " / ") + answer.text;
  if (played->message) out += " / " + played->message->text;
  return printable(out, 1024);
}

Letter letter(std::string_view from, std::string_view to, std::string_view subject, std::string_view text) {
  return Letter{std::string(from), std::string(to), std::string(subject), std::string(text)};
}

bool submit(Stage& stage, const Letter& mail) {
  stage.submission.clear();
  Script script{.server = stage.world.addresses().submission_tap,
                .helo = "laptop.example",
                .login = Login{mail.from, std::string(demo_password)},
                .commands = transaction(mail.from, "", mail.to),
                .wire_body = to_wire(compose(mail, stage.clock.now(), stage.random)),
                .pipelined = false};
  const auto played = play(stage.executor, std::move(script));
  const bool taken = played && played->message && played->message->code == 250;
  return stage.screen.expect(taken, fmt::format("{}'s server takes the message with 250: it is on the disk", mail.from),
                             text_of(played));
}

Transcript heard(Tap& tap) {
  Transcript lines;
  static_cast<void>(wait_until([&] {
    const auto sessions = tap.sessions();
    if (sessions.empty() || !sessions.back().finished) return false;
    lines = sessions.back().lines;
    return true;
  }));
  return lines;
}

bool arrives(Stage& stage, std::string_view mailbox, std::size_t count, std::string_view folder) {
  return wait_until([&] { return stage.world.mail(mailbox, folder).size() >= count; });
}

void expect_results(Stage& stage, std::string_view mailbox, std::string_view result) {
  const auto mail = stage.world.mail(mailbox);
  const std::string results = mail.empty() ? std::string() : results_of(mail.back());
  stage.screen.expect(results.find(result) != std::string::npos,
                      fmt::format("Authentication-Results: {}", results.empty() ? result : results), "no such result");
}

bool command(Stage& stage, std::vector<std::string> arguments, std::string_view answer) {
  std::string shown = "$ cas";
  for (const std::string& word : arguments) shown += word.contains(' ') ? " \"" + word + '"' : " " + word;
  arguments.insert(arguments.end(), {"--config", (stage.world.directory() / "south.toml").string()});
  const Told told = run_command(arguments);
  const bool held = told.status == 0 && told.output.contains(answer);
  stage.screen.expect(held, shown, fmt::format("exit status {}, and not \"{}\"", told.status, answer));
  std::istringstream lines(told.output);
  for (std::string line; std::getline(lines, line);) stage.screen.say("    " + printable(line, 1024));
  return held;
}

}  // namespace cas::cmd
