// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What we take from GNU SASL: SASLprep (RFC 4013) and SCRAM-SHA-256 (RFC 5802, RFC 7677), bound to its TLS connection
// (-PLUS, RFC 9266) or not. The library draws the server's nonces itself; it is the only place here that does.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.hpp"
#include "crypto/scram_verifier.hpp"

namespace cas::registry {

/// For accounts that are made here. What a client has to compute at every login, so not too many.
inline constexpr unsigned scram_iterations = 100'000;
inline constexpr std::size_t scram_salt = 16;  // octets

/// As passwords are hashed and compared, however a keyboard composed them. None where SASLprep forbids something in it.
[[nodiscard]] std::optional<std::string> prepare_password(std::string_view password);

/// Slow: PBKDF2. Transient error when the library fails, permanent for a password that SASLprep forbids.
[[nodiscard]] Result<crypto::ScramVerifier> make_scram_verifier(std::string_view password, std::string_view salt,
                                                                unsigned iterations = scram_iterations);

/// One login by SCRAM-SHA-256. Fast. Not thread-safe; several may run at once.
class ScramExchange {
 public:
  /// What to compare with for that name. Never none: for a name that nobody has it is something no password fits.
  using Find = std::function<crypto::ScramVerifier(const std::string& name)>;
  /// `plus`: SCRAM-SHA-256-PLUS was chosen. `exporter`: what names the TLS connection; empty where -PLUS was not
  /// offered.
  explicit ScramExchange(Find find, bool plus = false, std::string exporter = {});
  ~ScramExchange();
  ScramExchange(const ScramExchange&) = delete;
  ScramExchange& operator=(const ScramExchange&) = delete;

  struct Challenge {
    std::string message;
  };
  /// It is who it says. `authzid` is empty or whom the client wants to act as.
  struct Done {
    std::string authzid;
  };
  enum class Failed { Wrong, Malformed, Internal };
  using Outcome = std::variant<Challenge, Done, Failed>;
  /// The client's next message, decoded. After Done or Failed there is none.
  [[nodiscard]] Outcome step(std::string_view message);
  /// Who it says it is; empty before the first message.
  [[nodiscard]] const std::string& name() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cas::registry
