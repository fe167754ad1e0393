// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Look up, connect, verify, ask, read: each with what is left of the time.
#include "outbound/web_client.hpp"

#include <algorithm>

#include "outbound/dialer.hpp"
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

net::Task<Answer> ask_on(net::Stream stream, net::TlsContext tls, WebTarget target, std::string octets, Time until) {
  net::PeerCheck check;
  check.by = net::PeerCheck::By::Names;
  check.names = {target.host};
  const auto up = co_await stream.start_tls_client(std::move(tls), std::move(check), target.host, left(until));
  if (!up) co_return fault(up.error().private_reason, stream.certificate_fault() != net::CertificateFault::None);
  const auto written = co_await stream.write(octets, left(until));
  if (!written) co_return fault(written.error().private_reason);
  auto answer = co_await read_response(stream, target.max_body, until);
  stream.abort();
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
  std::vector<net::Endpoint> endpoints;
  for (auto& address : *addresses) {
    endpoints.push_back(net::Endpoint{.address = std::move(address), .port = target.port});
  }
  DialOptions dial;
  dial.timeout = left(until);
  Dialer dialer(std::move(endpoints), dial);
  Answer answer = fault("it has no address");
  while (std::chrono::steady_clock::now() < until) {
    auto dialed = co_await dialer.next();
    if (!dialed.failures.empty()) answer = fault(dialed.failures.back().error.private_reason);
    if (!dialed.line) break;
    answer = co_await ask_on(std::move(dialed.line->stream), tls, target, octets, until);
    if (answer) break;
  }
  co_return answer;
}

}  // namespace cas::outbound
