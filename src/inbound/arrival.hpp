// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A message on its way into the queue, whether it comes by DATA or by BDAT: judged as its octets pass, its body stored
// piece by piece, so that memory grows neither with the message nor with a chunk.
#pragma once

#include <string>

#include "inbound/incoming.hpp"
#include "net/task.hpp"
#include "queue/queue.hpp"
#include "smtp/data.hpp"

namespace cas::inbound {

/// Lives on its session's thread; the queue outlives it. What was stored goes with it, unless it was released. Nothing
/// of it is durable before a commit.
class Arrival {
 public:
  Arrival(queue::Queue& queue, store::QueueId id, policy::BoundaryFacts boundary, const smtp::Limits& limits);
  Arrival(const Arrival&) = delete;
  Arrival& operator=(const Arrival&) = delete;

  /// Takes the octets of the message from a decoder; valid while this lives.
  [[nodiscard]] smtp::DataDecoder::Sink sink();
  /// Nothing is stored before store_rest(): somebody may change the message at its end. It lies in memory so long.
  void keep_whole() { whole_ = true; }
  /// Stores what has gathered, if it is enough. After a failure of the store octets are forgotten, so that a session
  /// can read on to where the reply may be said.
  [[nodiscard]] net::Task<void> store_ready();
  /// Stores the rest, whatever its size.
  [[nodiscard]] net::Task<Result<void>> store_rest();

  /// Why the message cannot be taken any more, known before its end: header or size, or the store.
  [[nodiscard]] std::optional<smtp::Reply> fault() const;

  [[nodiscard]] IncomingMessage& message() { return message_; }
  [[nodiscard]] const store::QueueId& id() const { return id_; }
  /// Part of the body is in the store, or will have to be.
  [[nodiscard]] bool is_large() const { return draft_ || message_.chunk_ready(); }
  /// What was stored, which is the caller's from now on; null: nothing was.
  [[nodiscard]] std::shared_ptr<const store::Draft> release() { return std::exchange(draft_, nullptr); }

 private:
  net::Task<Result<void>> store_piece();

  queue::Queue& queue_;
  store::QueueId id_;
  IncomingMessage message_;
  std::shared_ptr<store::Draft> draft_;
  Result<void> stored_;
  bool whole_ = false;
};

}  // namespace cas::inbound
