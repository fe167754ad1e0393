// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Folders and sockets.
#include "app/sockets.hpp"

#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "base/encoding.hpp"
#include "net/interfaces.hpp"

namespace cas::app {

namespace {

namespace fs = std::filesystem;

std::string reason(int number) {
  return std::generic_category().message(number);
}

std::string in_quotes(const fs::path& path) {
  return "\"" + printable(path.string(), 200) + "\"";
}

// What root made is the owner's from here on.
bool give(const fs::path& path, const Identity& owner) {
  if (::geteuid() != 0 || owner.user == 0) return true;
  return ::lchown(path.c_str(), owner.user, owner.group) == 0;
}

// The folder and, where it is missing too, the one around it.
int make_folder(const fs::path& folder, const Identity& owner, mode_t mode = 0750) {
  std::error_code fault;
  if (fs::is_directory(folder, fault)) return 0;
  if (!fs::exists(folder.parent_path(), fault)) {
    if (const int number = make_folder(folder.parent_path(), owner, mode)) return number;
  }
  if (::mkdir(folder.c_str(), mode) != 0) return errno == EEXIST ? 0 : errno;
  if (!give(folder, owner)) return errno;
  const bool for_all = (mode & 07) != 0;  // which the umask takes away
  if (for_all && ::chmod(folder.c_str(), mode) != 0) return errno;
  return 0;
}

std::expected<BoundListener, ConfigError> bind_listener(const Config& config, const ListenConfig& listen,
                                                        const net::Runtime& runtime, const Identity& owner,
                                                        net::HandedSockets& handed) {
  BoundListener bound{.config = listen, .sockets = {}};
  const auto refuse = [&](const Error& error) {
    const bool privileged = listen.address.port < 1024 && listen.address.port != 0 && ::geteuid() != 0;
    return std::unexpected(
        config.error(listen.key, printable(error.private_reason),
                     privileged ? "start as root and name the user to become in run_as, or use a port from 1024"
                                : "stop what holds it (`ss -ltnp` shows it), or use another address or port"));
  };
  const auto open = [&]() -> Result<net::Listener> {
    if (auto ready = handed.take(runtime.executor(0), listen.address)) return *std::move(ready);
    if (!listen.socket.empty()) return net::Listener::unix_socket(runtime.executor(0), listen.socket.string());
    return net::Listener::tcp(runtime.executor(0), listen.address);
  };
  auto first = open();
  if (!first) return refuse(first.error());
  bound.config.address = first->endpoint();
  if (!listen.socket.empty() && ::geteuid() == 0 && ::lchown(listen.socket.c_str(), owner.user, owner.group) != 0) {
    return std::unexpected(config.error(listen.key, "cannot be given to " + owner.name + ": " + reason(errno),
                                        "name a socket on a local file system"));
  }
  for (std::size_t n = 1; n < runtime.size(); ++n) {
    auto next = first->share(runtime.executor(n));
    if (!next) return refuse(next.error());
    bound.sockets.push_back(*std::move(next));
  }
  bound.sockets.insert(bound.sockets.begin(), *std::move(first));
  return bound;
}

}  // namespace

std::expected<void, ConfigError> make_folders(const Config& config, const Identity& owner) {
  const auto make = [&](const fs::path& folder, const char* key,
                        mode_t mode = 0750) -> std::expected<void, ConfigError> {
    const int number = make_folder(folder, owner, mode);
    if (number == 0) return {};
    return std::unexpected(config.error(key, in_quotes(folder) + " cannot be made: " + reason(number),
                                        "make it, owned by the user the server runs as, or name another"));
  };
  if (auto made = make(config.state_dir, "state_dir"); !made) return made;
  if (!config.submission_socket.empty()) {  // first: it may share its folder with the admin socket
    auto made = make(config.submission_socket.parent_path(), "submission_socket", 0755);
    if (!made) return made;
  }
  return make(config.admin_socket.parent_path(), "admin_socket");
}

namespace {

// Who connects is known by the system: everybody may (cmd/sendmail.cpp).
std::expected<net::Listener, ConfigError> bind_submission(const Config& config, const net::Runtime& runtime,
                                                          const Identity& owner, net::HandedSockets& handed) {
  const std::string path = config.submission_socket.string();
  if (auto ready = handed.take_unix(runtime.executor(0), path)) return *std::move(ready);
  auto socket = net::Listener::unix_socket(runtime.executor(0), path);
  if (!socket) {
    return std::unexpected(config.error("submission_socket", printable(socket.error().private_reason),
                                        "stop the server that holds it, or name another socket"));
  }
  if (!give(path, owner) || ::chmod(path.c_str(), 0666) != 0) {
    return std::unexpected(config.error("submission_socket", "cannot be opened to all: " + reason(errno),
                                        "name a socket on a local file system"));
  }
  return *std::move(socket);
}

std::expected<net::Listener, ConfigError> bind_admin(const Config& config, const net::Runtime& runtime,
                                                     const Identity& owner, net::HandedSockets& handed) {
  const std::string path = config.admin_socket.string();
  if (auto ready = handed.take_unix(runtime.executor(0), path)) return *std::move(ready);
  auto socket = net::Listener::unix_socket(runtime.executor(0), path);
  if (!socket) {
    return std::unexpected(config.error("admin_socket", printable(socket.error().private_reason),
                                        "stop the server that holds it, or name another socket"));
  }
  if (!give(path, owner)) {
    return std::unexpected(config.error("admin_socket", "cannot be given to " + owner.name + ": " + reason(errno),
                                        "name a socket on a local file system"));
  }
  return *std::move(socket);
}

std::expected<net::Listener, ConfigError> bind_metrics(const Config& config, const net::Runtime& runtime,
                                                       net::HandedSockets& handed) {
  if (auto ready = handed.take(runtime.executor(0), *config.metrics.listen)) return *std::move(ready);
  auto socket = net::Listener::tcp(runtime.executor(0), *config.metrics.listen);
  if (socket) return *std::move(socket);
  return std::unexpected(config.error("metrics.listen", printable(socket.error().private_reason),
                                      "stop what holds it (`ss -ltnp` shows it), or use another port"));
}

}  // namespace

std::expected<Sockets, ConfigError> bind_sockets(const Config& config, const net::Runtime& runtime,
                                                 const Identity& owner, net::HandedSockets handed) {
  Sockets sockets;
  for (const auto& listen : config.listen) {
    auto bound = bind_listener(config, listen, runtime, owner, handed);
    if (!bound) return std::unexpected(std::move(bound).error());
    sockets.listeners.push_back(*std::move(bound));
  }
  auto admin = bind_admin(config, runtime, owner, handed);
  if (!admin) return std::unexpected(std::move(admin).error());
  sockets.admin = *std::move(admin);
  if (!config.submission_socket.empty()) {
    auto submission = bind_submission(config, runtime, owner, handed);
    if (!submission) return std::unexpected(std::move(submission).error());
    sockets.submission = *std::move(submission);
  }
  if (config.metrics.listen) {
    auto metrics = bind_metrics(config, runtime, handed);
    if (!metrics) return std::unexpected(std::move(metrics).error());
    sockets.metrics = *std::move(metrics);
  }
  if (const auto left = handed.left(); !left.empty()) {
    return std::unexpected(config.error("listen", "nothing here listens on " + left.front() + ", which was handed over",
                                        "give it a [[listen]] with that very address, or take its ListenStream= out of "
                                        "the .socket unit"));
  }
  return sockets;
}

std::vector<ConfigError> check_writable(const Config& config) {
  std::vector<ConfigError> errors;
  const auto check = [&](const fs::path& folder, const std::string& key) {
    fs::path place = folder;
    while (place.has_parent_path() && place != place.parent_path() && ::access(place.c_str(), F_OK) != 0 &&
           errno == ENOENT) {
      place = place.parent_path();
    }
    if (::access(place.c_str(), W_OK | X_OK) == 0) return;
    const std::string who = config.run_as.empty() ? "the server" : config.run_as;
    errors.push_back(config.error(key, in_quotes(place) + " cannot be written by " + who + ": " + reason(errno),
                                  "give it to that user with chown, or name another"));
  };
  check(config.state_dir, "state_dir");
  for (std::size_t n = 0; n < config.domains.size(); ++n) {
    if (!config.domains[n].maildir.empty())
      check(config.domains[n].maildir, "domain[" + std::to_string(n) + "].maildir");
  }
  return errors;
}

std::vector<net::Endpoint> places_of(const net::Endpoint& listener) {
  if (listener.address != "0.0.0.0" && listener.address != "::") return {listener};
  std::vector<net::Endpoint> places;
  for (const auto& address : net::interface_addresses()) {
    if (address.is_v4() || listener.address == "::")
      places.push_back(net::Endpoint{.address = address.text(), .port = listener.port});
  }
  return places;
}

}  // namespace cas::app
