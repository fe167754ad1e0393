// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Connected byte streams, plain or TLS, over TCP or a Unix socket; and listeners. Every operation has a time-out. All
// errors are transient Results: the drivers decide what a broken connection means. A Stream lives on one thread; one
// read and one write may be under way at the same time. An operation of a cancelled task fails at once.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "dns/record.hpp"
#include "net/certificate.hpp"
#include "net/task.hpp"
#include "net/tls.hpp"

namespace cas::net {

/// An IP address and a port.
struct Endpoint {
  std::string address;  // "192.0.2.1" or "2001:db8::1"
  std::uint16_t port = 0;
  /// "127.0.0.1:25", "[::1]:25". Permanent error otherwise; a port of 0 is allowed (the system chooses one).
  [[nodiscard]] static Result<Endpoint> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
  /// On the loopback: nobody reaches it from another machine.
  [[nodiscard]] bool is_local() const;
  bool operator==(const Endpoint&) const = default;
};

struct StreamState;  // defined in stream_state.hpp for net/ alone

class Stream {
 public:
  Stream();
  explicit Stream(std::shared_ptr<StreamState> state);
  ~Stream();
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept;

  /// At least one octet into `buffer`; 0 means the peer closed in an orderly way.
  [[nodiscard]] Task<Result<std::size_t>> read_some(std::span<char> buffer, milliseconds timeout);
  /// All of it.
  [[nodiscard]] Task<Result<void>> write(std::string_view octets, milliseconds timeout);
  /// True when octets have been received that read_some would give without waiting, as far as this process knows.
  [[nodiscard]] bool has_buffered() const;
  /// True when the peer has neither closed nor sent anything that was not read, as far as this host knows.
  [[nodiscard]] bool is_quiet() const;

  /// After a failed handshake the stream is closed. Nothing is read ahead: octets that came before the handshake and
  /// were not taken by read_some are taken for part of it, and make it fail (RFC 3207 §4.2).
  /// A handshake that the two sides cannot agree on is a permanent error, a connection that breaks meanwhile or a
  /// certificate that does not verify a transient one. Either way the stream is closed.
  /// `ask_client`: for a certificate, on a context that can verify them. None or a bad one ends no handshake.
  [[nodiscard]] Task<Result<void>> start_tls_server(TlsContext context, milliseconds timeout, bool ask_client = false);
  /// Of a server: the names of the client's certificate, where it verified; at most some hundred.
  [[nodiscard]] std::vector<std::string> client_names() const;
  /// `server_name`: SNI, and what the certificate must match where the context verifies.
  [[nodiscard]] Task<Result<void>> start_tls_client(TlsContext context, std::string server_name, milliseconds timeout);
  /// Checks the certificate as `check` says, on a context of TlsContext::client(ClientTls).
  [[nodiscard]] Task<Result<void>> start_tls_client(TlsContext context, PeerCheck check, std::string server_name,
                                                    milliseconds timeout);
  /// What was wrong with the peer's certificate, after a handshake that failed too. None where nothing was checked.
  [[nodiscard]] CertificateFault certificate_fault() const;
  /// Of a client: what the server showed, its own certificate first, whether or not it verified; at most ten. None of a
  /// session that was taken up.
  [[nodiscard]] std::vector<CertificateText> peer_chain() const;
  /// The handshake took up an earlier session.
  [[nodiscard]] bool tls_resumed() const;
  [[nodiscard]] bool tls() const;
  /// "TLSv1.3 TLS_AES_256_GCM_SHA384"; empty without TLS.
  [[nodiscard]] std::string tls_description() const;

  /// What names this TLS connection to both of its ends, and no other one ("tls-exporter", RFC 9266). Empty below
  /// TLS 1.3, where that needs more than we look at.
  [[nodiscard]] std::string tls_exporter() const;

  /// Sends close_notify where TLS is on, waits for nothing else than that (a second at most), then closes. Safe to
  /// call twice, and in a cancelled task.
  [[nodiscard]] Task<void> close();
  /// Closes at once; pending operations fail. From the stream's thread.
  void abort();

  /// "192.0.2.1", "2001:db8::1", "unix".
  [[nodiscard]] const Endpoint& peer() const;
  /// A front that is believed connects for that client: it is the peer from here on.
  void act_for(Endpoint client);
  [[nodiscard]] const Endpoint& local() const;
  /// Of a Unix socket: as whom the other side ran when it connected (SO_PEERCRED). None elsewhere.
  [[nodiscard]] std::optional<std::uint32_t> peer_uid() const;

 private:
  std::shared_ptr<StreamState> state_;
};

/// Connects to one endpoint, from `source` when given (an address without port).
[[nodiscard]] Task<Result<Stream>> connect(Endpoint endpoint, milliseconds timeout,
                                           std::optional<std::string> source = {});
[[nodiscard]] Task<Result<Stream>> connect_unix(std::string path, milliseconds timeout);

struct ListenerState;

/// A listening socket. Every thread accepts for itself: the first listener of an address comes from tcp() or
/// unix_socket(), those of the other threads from share().
class Listener {
 public:
  /// Permanent error with a reason that says what is in the way: no permission; a port that anything listens on,
  /// be it another server or this process.
  [[nodiscard]] static Result<Listener> tcp(Executor executor, const Endpoint& endpoint);
  /// A Unix socket with mode 0660; one that is left over and dead is replaced, a live one is an error.
  [[nodiscard]] static Result<Listener> unix_socket(Executor executor, const std::string& path);
  /// Another listener on the same address (also when its port was chosen by the system) for another thread; the
  /// kernel spreads connections over them (TCP: SO_REUSEPORT).
  [[nodiscard]] Result<Listener> share(Executor executor) const;
  ~Listener();
  Listener(Listener&&) noexcept;
  Listener& operator=(Listener&&) noexcept;

  /// Out of descriptors or memory: a transient error after a short wait; the listener stays usable. Closed, or the
  /// task cancelled: a permanent error. To be destroyed only when no accept is under way.
  [[nodiscard]] Task<Result<Stream>> accept();
  void close();
  [[nodiscard]] Endpoint endpoint() const;

 private:
  friend class HandedSockets;
  explicit Listener(std::unique_ptr<ListenerState> state);
  std::unique_ptr<ListenerState> state_;
};

}  // namespace cas::net
