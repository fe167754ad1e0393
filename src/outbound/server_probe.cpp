// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// One short session, driven by smtp::ClientSession.
#include "outbound/server_probe.hpp"

#include <algorithm>

#include "smtp/client_session.hpp"
#include "smtp/line_reader.hpp"

namespace cas::outbound {

namespace {

constexpr std::size_t max_reply_line = 4096;
constexpr std::size_t max_heard = 64 * 1024;
constexpr std::size_t max_words = 200;

setup::CertificateState state_of(net::CertificateFault fault) {
  switch (fault) {
    case net::CertificateFault::None: return setup::CertificateState::Valid;
    case net::CertificateFault::HostMismatch: return setup::CertificateState::OtherName;
    case net::CertificateFault::Expired: return setup::CertificateState::Expired;
    case net::CertificateFault::NotTrusted: return setup::CertificateState::NotTrusted;
    case net::CertificateFault::NoRecord:
    case net::CertificateFault::Other: return setup::CertificateState::Faulty;
  }
  return setup::CertificateState::Faulty;
}

class Probe {
 public:
  Probe(setup::MailServer server, net::TlsContext tls, ProbeOptions options)
      : tls_(std::move(tls)),
        options_(std::move(options)),
        until_(std::chrono::steady_clock::now() + options_.timeout),
        session_(smtp::ClientOptions{.helo = options_.helo}),
        buffer_(4096, '\0') {
    facts_.host = std::move(server.host);
    facts_.address = server.address.text();
  }

  net::Task<setup::ServerFacts> run() {
    net::Endpoint endpoint;
    endpoint.address = facts_.address;
    endpoint.port = options_.port;
    auto connected = co_await net::connect(std::move(endpoint), left());
    if (!connected) {
      facts_.fault = connected.error().private_reason;
      co_return std::move(facts_);
    }
    stream_ = *std::move(connected);
    const auto talked = co_await talk();
    if (!talked && !greeted_) facts_.fault = talked.error().private_reason;
    co_await stream_.close();
    co_return std::move(facts_);
  }

 private:
  [[nodiscard]] milliseconds left() const {
    const auto rest = std::chrono::ceil<milliseconds>(until_ - std::chrono::steady_clock::now());
    return std::max(rest, milliseconds(1));
  }

  net::Task<Result<void>> talk() {
    smtp::ClientStep step = smtp::ReadReply();
    while (true) {
      if (const auto* send = std::get_if<smtp::Send>(&step)) {
        CAS_CO_CHECK(co_await stream_.write(send->octets, left()));
      } else if (std::holds_alternative<smtp::StartTls>(step)) {
        const bool up = co_await start_tls();
        if (!up) co_return Result<void>();
        step = session_.on_tls();
        continue;
      } else if (std::holds_alternative<smtp::Ready>(step)) {
        step = session_.quit();
        continue;
      } else if (const auto* unusable = std::get_if<smtp::Unusable>(&step)) {
        if (!greeted_) facts_.fault = unusable->reply.shortened(max_words).summary();
        co_return Result<void>();
      } else if (!std::holds_alternative<smtp::ReadReply>(step)) {
        co_return Result<void>();
      }
      CAS_CO_TRY(const smtp::Reply reply, co_await read_reply());
      step = session_.on_reply(reply);
      note(reply);
    }
  }

  /// Once the answer to EHLO is there, its first word is the server's name (RFC 5321 §4.1.1.1).
  void note(const smtp::Reply& reply) {
    if (!session_.greeted()) return;
    if (!greeted_) {
      const std::string& line = reply.lines.front();
      facts_.name = line.substr(0, std::min(line.find(' '), std::size_t{255}));
      facts_.starttls = session_.features().starttls;
    }
    greeted_ = true;
    if (session_.tls()) facts_.cas = session_.features().cas;
  }

  net::Task<bool> start_tls() {
    reader_.clear();
    net::PeerCheck check;
    check.by = net::PeerCheck::By::Names;
    check.enforce = false;
    check.names = {facts_.host};
    const auto up = co_await stream_.start_tls_client(tls_, std::move(check), facts_.host, left());
    if (!up) {
      facts_.tls_fault = up.error().private_reason;
      co_return false;
    }
    facts_.tls = true;
    facts_.certificate = state_of(stream_.certificate_fault());
    for (auto& one : stream_.peer_chain()) {
      if (facts_.chain.empty()) {
        facts_.certificate_names = std::move(one.names);
        facts_.expires = one.not_after;
      }
      facts_.chain.push_back({.certificate = std::move(one.der), .public_key = std::move(one.public_key)});
    }
    co_return true;
  }

  net::Task<Result<smtp::Reply>> read_reply() {
    smtp::ReplyParser parser;
    while (true) {
      const auto found = reader_.next(max_reply_line);
      if (const auto* line = std::get_if<smtp::Line>(&found)) {
        CAS_CO_TRY(auto reply, parser.on_line(line->text));
        if (reply) co_return *std::move(reply);
        continue;
      }
      if (!std::holds_alternative<smtp::NeedMore>(found)) co_return transient("what it says is no SMTP");
      if (heard_ > max_heard) co_return transient("it says too much");
      CAS_CO_TRY(const std::size_t received, co_await stream_.read_some(buffer_, left()));
      if (received == 0) co_return transient("it closed the connection");
      heard_ += received;
      reader_.feed(std::string_view(buffer_).substr(0, received));
    }
  }

  net::TlsContext tls_;
  ProbeOptions options_;
  std::chrono::steady_clock::time_point until_;
  smtp::ClientSession session_;
  net::Stream stream_;
  smtp::LineReader reader_;
  std::string buffer_;
  setup::ServerFacts facts_;
  std::size_t heard_ = 0;
  bool greeted_ = false;
};

}  // namespace

net::Task<setup::ServerFacts> probe(setup::MailServer server, net::TlsContext tls, ProbeOptions options) {
  Probe one(std::move(server), std::move(tls), std::move(options));
  auto facts = co_await one.run();
  co_return facts;
}

}  // namespace cas::outbound
