// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Look up, connect, verify, ask, read: each with what is left of the time.
#include "outbound/web_client.hpp"

#include <algorithm>

#include "outbound/route.hpp"

namespace cas::outbound {

namespace {

using Answer = std::expected<http::Response, WebFault>;
using Time = std::chrono::steady_clock::time_point;

constexpr std::size_t max_addresses = 4;

milliseconds left(Time until) {
  const auto rest = std::chrono::duration_cast<milliseconds>(until - std::chrono::steady_clock::now());
  return std::max(rest, milliseconds{1});
}

Answer fault(std::string reason, bool certificate = false) {
  return std::unexpected(WebFault{.certificate = certificate, .reason = std::move(reason)});
}

net::Task<Answer> read_response(net::Stream& stream, std::uint64_t max_body, Time until) {
  http::ResponseReader reader(http::MessageLimits{.header = 16384, .body = max_body});
  std::array<char, 8192> buffer;
  while (std::chrono::steady_clock::now() < until) {
    const auto got = co_await stream.read_some(buffer, left(until));
    if (!got) co_return fault(got.error().private_reason);
    if (*got == 0) {
      auto last = reader.end();
      if (!last) co_return fault(last.error().private_reason);
      co_return *std::move(last);
    }
    auto response = reader.feed(std::string_view(buffer.data(), *got));
    if (!response) co_return fault(response.error().private_reason);
    if (*response) co_return std::move(**response);
  }
  co_return fault("it took too long");
}

net::Task<Answer> ask_address(net::TlsContext tls, WebTarget target, std::string address, std::string octets,
                              Time until) {
  net::Endpoint endpoint;
  endpoint.address = std::move(address);
  endpoint.port = target.port;
  auto stream = co_await net::connect(std::move(endpoint), left(until));
  if (!stream) co_return fault(stream.error().private_reason);
  net::PeerCheck check;
  check.by = net::PeerCheck::By::Names;
  check.names = {target.host};
  const auto up = co_await stream->start_tls_client(std::move(tls), std::move(check), target.host, left(until));
  if (!up) co_return fault(up.error().private_reason, stream->certificate_fault() != net::CertificateFault::None);
  const auto written = co_await stream->write(octets, left(until));
  if (!written) co_return fault(written.error().private_reason);
  auto answer = co_await read_response(*stream, target.max_body, until);
  stream->abort();
  co_return answer;
}

}  // namespace

net::Task<Answer> ask_web(net::Resolver& resolver, net::TlsContext tls, WebTarget target, http::Request request) {
  const Time until = std::chrono::steady_clock::now() + target.timeout;
  request.keep_alive = false;
  const std::string octets = http::write_request(request, target.host);
  auto addresses = co_await find_addresses(resolver, target.host);
  if (!addresses) co_return fault(addresses.error().summary());
  if (addresses->size() > max_addresses) addresses->resize(max_addresses);
  Answer answer = fault("it has no address");
  for (auto& address : *addresses) {
    answer = co_await ask_address(tls, target, std::move(address), octets, until);
    if (answer || std::chrono::steady_clock::now() >= until) break;
  }
  co_return answer;
}

}  // namespace cas::outbound
