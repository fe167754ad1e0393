// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Connect, write, read, on an io_context of its own.
#include "http/client.hpp"

#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>

#include "net/stream.hpp"

namespace cas::http {

namespace {

using Answer = std::expected<Response, ClientFault>;

Answer fault(ClientFault::Kind kind, std::string reason) {
  return std::unexpected(ClientFault{.kind = kind, .reason = std::move(reason)});
}

net::Task<Answer> read_response(net::Stream& stream, milliseconds timeout) {
  ResponseReader reader(MessageLimits{.header = 8192, .body = std::uint64_t{64} << 20});
  std::array<char, 16384> buffer;
  while (true) {
    const auto got = co_await stream.read_some(buffer, timeout);
    if (!got) co_return fault(ClientFault::Kind::Broken, got.error().private_reason);
    if (*got == 0) co_return fault(ClientFault::Kind::Broken, "it closed the connection without an answer");
    auto response = reader.feed(std::string_view(buffer.data(), *got));
    if (!response) co_return fault(ClientFault::Kind::Broken, response.error().private_reason);
    if (*response) co_return std::move(**response);
  }
}

net::Task<void> talk(std::string path, Request request, milliseconds timeout, Answer& answer) {
  auto stream = co_await net::connect_unix(path, timeout);
  if (!stream) {
    const bool forbidden = ::access(path.c_str(), F_OK) == 0 && ::access(path.c_str(), R_OK | W_OK) != 0;
    answer = fault(forbidden ? ClientFault::Kind::NotPermitted : ClientFault::Kind::NotRunning,
                   stream.error().private_reason);
    co_return;
  }
  request.keep_alive = false;
  const std::string octets = write_request(request, "cas");
  const auto written = co_await stream->write(octets, timeout);
  if (!written) {
    answer = fault(ClientFault::Kind::Broken, written.error().private_reason);
    co_return;
  }
  answer = co_await read_response(*stream, timeout);
  co_await stream->close();
}

}  // namespace

Answer fetch(const std::filesystem::path& socket, Request request, milliseconds timeout) {
  Answer answer = fault(ClientFault::Kind::Broken, "internal error");
  boost::asio::io_context io(1);
  {
    net::TaskGroup group(io.get_executor(),
                         [&](std::string what) { answer = fault(ClientFault::Kind::Broken, std::move(what)); });
    group.spawn(talk(socket.string(), std::move(request), timeout, answer));
    io.run();
  }
  return answer;
}

}  // namespace cas::http
