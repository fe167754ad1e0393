// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The clock, the limits, the running server.
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/timex.h>

#include <boost/json.hpp>
#include <charconv>

#include "app/files.hpp"
#include "app/version.hpp"
#include "base/encoding.hpp"
#include "cmd/admin_client.hpp"
#include "cmd/doctor.hpp"
#include "http/client.hpp"

namespace cas::cmd {

namespace {

namespace json = boost::json;

/// The soft limit of another process (proc_pid_limits(5)); 0: not known. "unlimited" is a great number.
std::uint64_t files_of(std::int64_t pid) {
  constexpr std::string_view name = "Max open files";
  const auto text = app::read_file("/proc/" + std::to_string(pid) + "/limits", 65536).value_or(std::string());
  const auto at = text.find(name);
  if (at == std::string::npos) return 0;
  const auto from = text.find_first_not_of(' ', at + name.size());
  if (from == std::string::npos) return 0;
  if (text.compare(from, 9, "unlimited") == 0) return UINT64_MAX;
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data() + from, text.data() + text.size(), number);
  return read.ec == std::errc() ? number : 0;
}

}  // namespace

setup::ClockFacts look_at_clock() {
  timex state{};
  const int found = ::adjtimex(&state);
  return {.known = found >= 0, .synchronised = found >= 0 && found != TIME_ERROR && (state.status & STA_UNSYNC) == 0};
}

setup::LimitFacts look_at_limits(const app::Config& config, std::int64_t server) {
  setup::LimitFacts facts{.files_wanted = config.load.connections.total + app::other_files(config),
                          .memory_configured = config.load.memory};
  rlimit limit{};
  if (server != 0) {
    facts.files = files_of(server);
  } else if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    facts.files = limit.rlim_max == RLIM_INFINITY ? UINT64_MAX : limit.rlim_max;  // the server takes all it may
  }
  struct sysinfo machine{};
  if (::sysinfo(&machine) == 0) facts.memory = std::uint64_t{machine.totalram} * machine.mem_unit;
  return facts;
}

setup::RunningFacts look_at_server(const app::Config& config) {
  using State = setup::RunningFacts::State;
  constexpr milliseconds patience{15000};
  setup::RunningFacts facts{
      .socket = config.admin_socket.string(), .version = {}, .own_version = std::string(app::version), .reason = {}};
  const auto response = http::fetch(config.admin_socket, http::Request{.path = "/v1/status"}, patience);
  if (!response) {
    facts.reason = printable(response.error().reason);
    switch (response.error().kind) {
      case http::ClientFault::Kind::NotRunning: facts.state = State::NotRunning; break;
      case http::ClientFault::Kind::NotPermitted: facts.state = State::NotPermitted; break;
      case http::ClientFault::Kind::Broken: facts.state = State::Broken; break;
    }
    return facts;
  }
  json::error_code fault;
  const auto value = json::parse(response->body, fault);
  if (fault || !value.is_object() || response->status != 200) {
    facts.state = State::Broken;
    facts.reason = "its answer has status " + std::to_string(response->status);
    return facts;
  }
  facts.state = State::Answers;
  facts.pid = static_cast<std::int64_t>(number_of(value.as_object(), "pid"));
  facts.version = text_of(value.as_object(), "version");
  return facts;
}

}  // namespace cas::cmd
