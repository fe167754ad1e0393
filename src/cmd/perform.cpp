// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// One task, one thread.
#include "cmd/perform.hpp"

#include <boost/asio/io_context.hpp>

namespace cas::cmd {

std::optional<std::string> perform(const std::function<net::Task<void>()>& task) {
  std::optional<std::string> fault;
  boost::asio::io_context io(1);
  net::TaskGroup group(io.get_executor(), [&](std::string what) { fault = std::move(what); });
  group.spawn(task());
  io.run();
  return fault;
}

}  // namespace cas::cmd
