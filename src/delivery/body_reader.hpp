// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A stored message, octet by octet as it goes out: prefix, then the chunks of its body.
#pragma once

#include <string>

#include "net/completion.hpp"
#include "queue/queue.hpp"

namespace cas::delivery {

/// Not thread-safe. The queue outlives it.
class BodyReader {
 public:
  BodyReader(queue::Queue& queue, store::BodyId body) : queue_(queue), body_(body) {}

  /// The next chunk; empty at the end.
  [[nodiscard]] net::Task<Result<std::string>> next() {
    auto start = [this](auto done) { queue_.body_chunk(body_, next_, std::move(done)); };
    auto chunk = co_await net::completion<Result<std::string>>(std::move(start));
    if (chunk) ++next_;
    co_return chunk;
  }

 private:
  queue::Queue& queue_;
  store::BodyId body_;
  std::uint32_t next_ = 0;
};

}  // namespace cas::delivery
