// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A message of the queue as it goes out: what was written before its body, then the body, piece by piece.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "delivery/body_reader.hpp"

namespace cas::outbound {

/// Can be read more than once; one of a single piece is fetched only once. Not thread-safe; message and queue outlive
/// it.
class StoredMessage {
 public:
  StoredMessage(const store::Message& message, queue::Queue& queue);

  /// The next piece, valid until the next call; call while !at_end(), or once when the message is empty. An error when
  /// the store holds less or more than it says.
  [[nodiscard]] net::Task<Result<std::string_view>> next();
  [[nodiscard]] bool at_end() const { return given_ == size(); }
  void rewind();
  [[nodiscard]] std::uint64_t size() const { return message_.prefix.size() + message_.body_size; }

 private:
  net::Task<Result<void>> fetch();

  const store::Message& message_;
  queue::Queue& queue_;
  std::optional<delivery::BodyReader> body_;
  std::string piece_;
  bool has_first_ = false;  // piece_ is the first one
  std::uint64_t given_ = 0;
};

}  // namespace cas::outbound
