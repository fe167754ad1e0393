// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What systemd is told (sd_notify(3)): ready, reloading, stopping, and signs of life.
#include <time.h>

#include "app/server.hpp"
#include "base/encoding.hpp"

namespace cas::app {

namespace {

// One line, whatever stands in it.
std::string status_line(std::string_view words) {
  return "STATUS=" + printable(words, 500) + "\n";
}

}  // namespace

void Server::tell_manager(std::string_view words) {
  manager_.tell(words);
}

std::string Server::words_for_manager() const {
  std::string words =
      "serving " + config_.host.text() + ", " + std::to_string(load_.connections.open()) + " connections";
  if (!reload_fault_.empty()) words += "; the last reload failed, and nothing has changed: " + reload_fault_;
  return status_line(words);
}

void Server::tell_ready() {
  manager_.tell("READY=1\n" + words_for_manager());
}

// The time lets the manager tell this reload from the one before (Type=notify-reload).
void Server::tell_reloading() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const auto time = static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
  manager_.tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(time) + "\n" +
                status_line("reading the configuration"));
}

// Not while an I/O thread hangs: the manager then kills and starts us, and nothing that was answered 250 is lost.
void Server::give_sign_of_life() {
  if (!manager_.watchdog()) return;
  if (runtime_->responds()) manager_.tell("WATCHDOG=1\n" + words_for_manager());
}

}  // namespace cas::app
