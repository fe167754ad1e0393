// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// How expected failures travel. A verdict is a value of its own type; a bug is an exception; everything that can go
// wrong in the ordinary course of mail (a full disk, a slow peer, a bad line) is an Error inside a Result.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace cas {

/// Whether trying again can help. What nobody thought about is Transient: losing mail is worse than retrying.
enum class Lasting { Transient, Permanent };

/// A failure. `public_text` may be shown to a peer and holds nothing about the inside; `private_reason` is for logs.
struct Error {
  Lasting lasting = Lasting::Transient;
  std::string public_text;
  std::string private_reason;
};

template <class T>
using Result = std::expected<T, Error>;

/// `return transient("storage is not available", sqlite_message);` — the private reason defaults to the public text.
[[nodiscard]] inline std::unexpected<Error> transient(std::string public_text, std::string private_reason = {}) {
  if (private_reason.empty()) private_reason = public_text;
  return std::unexpected(Error{Lasting::Transient, std::move(public_text), std::move(private_reason)});
}

[[nodiscard]] inline std::unexpected<Error> permanent(std::string public_text, std::string private_reason = {}) {
  if (private_reason.empty()) private_reason = public_text;
  return std::unexpected(Error{Lasting::Permanent, std::move(public_text), std::move(private_reason)});
}

}  // namespace cas

#define CAS_CONCAT_(a, b) a##b
#define CAS_CONCAT(a, b) CAS_CONCAT_(a, b)

/// `CAS_TRY(auto line, reader.next());` declares `line`, or returns the error from the enclosing function.
/// A declaration, never an expression.
#define CAS_TRY(declaration, expression) CAS_TRY_(CAS_CONCAT(cas_try_, __LINE__), return, declaration, expression)
/// The same for coroutines.
#define CAS_CO_TRY(declaration, expression) CAS_TRY_(CAS_CONCAT(cas_try_, __LINE__), co_return, declaration, expression)
#define CAS_TRY_(tmp, leave, declaration, expression)      \
  auto tmp = (expression);                                 \
  if (!tmp) leave std::unexpected(std::move(tmp).error()); \
  declaration = *std::move(tmp)

/// For a Result<void>: returns its error from the enclosing function.
#define CAS_CHECK(expression) CAS_CHECK_(CAS_CONCAT(cas_try_, __LINE__), return, expression)
#define CAS_CO_CHECK(expression) CAS_CHECK_(CAS_CONCAT(cas_try_, __LINE__), co_return, expression)
#define CAS_CHECK_(tmp, leave, expression) \
  if (auto tmp = (expression); !tmp) leave std::unexpected(std::move(tmp).error())
