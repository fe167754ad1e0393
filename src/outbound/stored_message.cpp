// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Pieces of a stored message. The first one is kept until another is asked for.
#include "outbound/stored_message.hpp"

namespace cas::outbound {

StoredMessage::StoredMessage(const store::Message& message, queue::Queue& queue) : message_(message), queue_(queue) {
  body_.emplace(queue_, message_.body);
}

net::Task<Result<std::string_view>> StoredMessage::next() {
  if (given_ > 0 || !has_first_) {
    CAS_CO_CHECK(co_await fetch());
  }
  given_ += piece_.size();
  if (given_ > size()) co_return transient("the stored body is longer than it should be");
  co_return std::string_view(piece_);
}

net::Task<Result<void>> StoredMessage::fetch() {
  has_first_ = given_ == 0;
  piece_ = has_first_ ? message_.prefix : std::string();
  if (message_.body_size == 0) co_return Result<void>();
  CAS_CO_TRY(const std::string chunk, co_await body_->next());
  if (chunk.empty()) co_return transient("the stored body is incomplete");
  piece_ += chunk;
  co_return Result<void>();
}

void StoredMessage::rewind() {
  given_ = 0;
  if (!has_first_) body_.emplace(queue_, message_.body);
}

}  // namespace cas::outbound
