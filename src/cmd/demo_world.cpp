// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Making the demo's directory and ruling its two server processes.
#include "cmd/demo_world.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

#include "auth/dkim_key.hpp"
#include "base/encoding.hpp"
#include "cmd/demo_config.hpp"
#include "crypto/password.hpp"
#include "net/runtime.hpp"
#include "net/tls.hpp"

namespace cas::cmd {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

constexpr std::chrono::seconds ready_within{30};
constexpr std::chrono::seconds stop_within{15};
constexpr std::chrono::milliseconds look_again{20};

std::unexpected<Error> system_error(std::string_view what) {
  return permanent(std::string(what) + ": " + std::generic_category().message(errno));
}

Result<void> write_file(const fs::path& path, std::string_view text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.close();
  if (!out) return system_error("cannot write " + path.string());
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  return {};
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::string current_user() {
  const passwd* entry = getpwuid(geteuid());  // NOLINT(concurrency-mt-unsafe): before any thread
  return entry != nullptr ? entry->pw_name : std::to_string(geteuid());
}

/// In the child: becomes `cas serve`, with its output in `log`. Does not return.
[[noreturn]] void become_server(const std::string& config, const std::string& log, pid_t parent) {
  // The servers do not outlive a demo that was killed.
  if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent) _exit(71);
  const int out = open(log.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (out < 0 || null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0) _exit(71);
  setpgid(0, 0);  // Ctrl-C is the demo's: it stops its servers itself
  execl("/proc/self/exe", "cas", "serve", "--config", config.c_str(), static_cast<char*>(nullptr));
  _exit(71);
}

/// One attempt to be greeted.
net::Task<void> knock(net::Endpoint endpoint, bool& greeted) {
  auto stream = co_await net::connect(std::move(endpoint), milliseconds(1000));
  if (!stream) co_return;
  std::array<char, 512> buffer;
  const auto size = co_await stream->read_some(buffer, milliseconds(5000));
  greeted = size && std::string_view(buffer.data(), *size).starts_with("220");
  stream->abort();
}

std::string status_in_words(const std::string& name, int status) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  if (WIFEXITED(status)) return name + " ended with exit status " + std::to_string(WEXITSTATUS(status));
  return name + " was ended by signal " + std::to_string(WTERMSIG(status));
}

}  // namespace

Result<std::unique_ptr<World>> World::create(const std::string& directory, bool keep) {
  auto world = std::unique_ptr<World>(new World);
  world->keep_ = keep;
  CAS_CHECK(world->make_directory(directory));
  CAS_CHECK(world->choose_addresses());
  CAS_CHECK(world->make_keys());
  CAS_CHECK(world->write_configs());
  CAS_CHECK(world->start("south"));
  CAS_CHECK(world->start("north"));
  return world;
}

World::~World() {
  for (const std::string& trouble : stop()) static_cast<void>(trouble);
  std::error_code ignored;
  if (!keep_ && !directory_.empty()) fs::remove_all(directory_, ignored);
}

Result<void> World::make_directory(const std::string& wanted) {
  if (wanted.empty()) {
    std::error_code error;
    std::string name = (fs::temp_directory_path(error) / "cas-demo-XXXXXX").string();
    if (error || mkdtemp(name.data()) == nullptr) return system_error("cannot make a temporary directory");
    directory_ = name;
  } else {
    const std::string path = fs::absolute(wanted).string();
    if (mkdir(path.c_str(), 0700) != 0) return system_error("cannot make " + path);
    directory_ = path;
  }
  for (const char* below : {"north", "south", "mail", "mail/north.example", "mail/quiet.example", "mail/south.example",
                            "mail/strict.south.example", "mail/west.example"}) {
    if (mkdir((directory_ / below).c_str(), 0700) != 0) return system_error("cannot make " + std::string(below));
  }
  return {};
}

Result<void> World::choose_addresses() {
  boost::asio::io_context io;
  const auto free_port = [&](const std::string& address) -> Result<std::uint16_t> {
    CAS_TRY(const auto listener, net::Listener::tcp(io.get_executor(), net::Endpoint{address, 0}));
    return listener.endpoint().port;
  };
  CAS_TRY(const std::uint16_t smtp, free_port("127.0.0.22"));
  CAS_TRY(const std::uint16_t submission, free_port("127.0.0.21"));
  addresses_ = Addresses{.submission = {"127.0.0.21", submission},
                         .submission_tap = {"127.0.0.11", submission},
                         .north_mx = {"127.0.0.21", smtp},
                         .south_mx = {"127.0.0.22", smtp},
                         .west_mx = {"127.0.0.23", smtp},
                         .south_tap = {"127.0.0.12", smtp},
                         .west_tap = {"127.0.0.13", smtp}};
  return {};
}

Result<void> World::make_keys() {
  CAS_TRY(north_key_, crypto::generate_key(crypto::KeyType::Ed25519));
  CAS_TRY(evil_key_, crypto::generate_key(crypto::KeyType::Ed25519));
  CAS_TRY(password_hash_, crypto::hash_password(demo_password));
  CAS_CHECK(write_file(directory_ / "north/signing.pem", north_key_->to_pem()));
  for (const std::string name : {"north", "south"}) {
    CAS_TRY(const auto certificate, net::make_self_signed("mx." + name + ".example"));
    CAS_CHECK(write_file(directory_ / name / "tls.pem", certificate.certificate));
    CAS_CHECK(write_file(directory_ / name / "tls.key", certificate.key));
  }
  return {};
}

Result<void> World::write_configs() {
  const ConfigFacts facts{.addresses = addresses_,
                          .run_as = current_user(),
                          .password_hash = password_hash_,
                          .north_key_record = auth::format_dkim_key(*north_key_),
                          .evil_key_record = auth::format_dkim_key(*evil_key_)};
  CAS_CHECK(write_file(directory_ / "north.toml", north_config(facts)));
  return write_file(directory_ / "south.toml", south_config(facts));
}

Result<void> World::start(const std::string& name) {
  const std::string config = (directory_ / (name + ".toml")).string();
  const std::string log = (directory_ / (name + ".log")).string();
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) return system_error("cannot fork");
  if (child == 0) become_server(config, log, parent);
  servers_.push_back(Server{name, child});
  return {};
}

std::string World::last_words(const Server& server) const {
  const std::string log = read_file(directory_ / (server.name + ".log"));
  const std::string_view tail = std::string_view(log).substr(log.size() > 1500 ? log.size() - 1500 : 0);
  return tail.empty() ? " and said nothing" : " and said:\n" + std::string(tail);
}

Result<void> World::still_running() {
  for (Server& server : servers_) {
    int status = 0;
    if (server.pid > 0 && waitpid(server.pid, &status, WNOHANG) == server.pid) {
      server.pid = -1;
      return permanent("the server of " + server.name + ".example ended" + last_words(server));
    }
  }
  return {};
}

Result<void> World::wait_until_ready(const net::Executor& executor) {
  const auto deadline = steady_clock::now() + ready_within;
  for (const net::Endpoint& endpoint :
       {addresses_.south_mx, addresses_.west_mx, addresses_.north_mx, addresses_.submission}) {
    for (bool greeted = false; !greeted;) {
      CAS_CHECK(still_running());
      net::run_and_wait(executor, [&] { return knock(endpoint, greeted); });
      if (greeted) break;
      if (steady_clock::now() > deadline) return permanent("nobody greets at " + endpoint.text());
      std::this_thread::sleep_for(look_again);
    }
  }
  return {};
}

std::vector<std::string> World::stop() {
  std::vector<std::string> troubles;
  for (const Server& server : servers_) {
    if (server.pid > 0) kill(server.pid, SIGTERM);
  }
  const auto deadline = steady_clock::now() + stop_within;
  for (Server& server : servers_) {
    int status = 0;
    pid_t ended = 0;
    while (server.pid > 0 && (ended = waitpid(server.pid, &status, WNOHANG)) == 0 && steady_clock::now() < deadline) {
      std::this_thread::sleep_for(look_again);
    }
    if (server.pid > 0 && ended == 0) {
      kill(server.pid, SIGKILL);
      waitpid(server.pid, &status, 0);
    }
    std::string trouble =
        server.pid > 0 ? status_in_words(server.name, status) : server.name + " ended before its time";
    if (!trouble.empty()) troubles.push_back(trouble + last_words(server));
  }
  servers_.clear();
  return troubles;
}

std::vector<std::string> World::mail(std::string_view mailbox, std::string_view folder) const {
  const std::size_t at = mailbox.find('@');
  fs::path place = directory_ / "mail" / mailbox.substr(at + 1) / mailbox.substr(0, at);
  if (!folder.empty()) place /= "." + std::string(folder);
  std::vector<fs::path> files;
  std::error_code none_yet;
  for (const auto& entry : fs::directory_iterator(place / "new", none_yet)) files.push_back(entry.path());
  std::ranges::sort(files, {}, [](const fs::path& file) { return fs::last_write_time(file); });
  std::vector<std::string> out;
  for (const fs::path& file : files) out.push_back(read_file(file));
  return out;
}

Result<net::TlsContext> World::tap_tls() const {
  return net::TlsContext::server(directory_ / "south/tls.pem", directory_ / "south/tls.key");
}

}  // namespace cas::cmd
