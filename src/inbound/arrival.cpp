// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Pieces of a body, appended in order.
#include "inbound/arrival.hpp"

#include <utility>

#include "net/completion.hpp"

namespace cas::inbound {

Arrival::Arrival(queue::Queue& queue, store::QueueId id, policy::BoundaryFacts boundary, const smtp::Limits& limits)
    : queue_(queue), id_(std::move(id)), message_(std::move(boundary), limits) {}

smtp::DataDecoder::Sink Arrival::sink() {
  return [this](std::string_view octets) { message_.add(octets); };
}

net::Task<void> Arrival::store_ready() {
  if (whole_) co_return;
  while (stored_ && message_.chunk_ready()) stored_ = co_await store_piece();
  while (!stored_ && message_.chunk_ready()) (void)message_.take_chunk();
}

net::Task<Result<void>> Arrival::store_rest() {
  while (stored_ && message_.has_pending()) stored_ = co_await store_piece();
  co_return stored_;
}

net::Task<Result<void>> Arrival::store_piece() {
  if (!draft_) draft_ = queue_.draft();
  auto start = [&](auto done) { queue_.append(draft_, message_.take_chunk(), std::move(done)); };
  co_return co_await net::completion<Result<void>>(std::move(start));
}

std::optional<smtp::Reply> Arrival::fault() const {
  if (const auto& refusal = message_.refusal()) return refusal;
  if (!stored_) return smtp::reply_for(stored_.error());
  return std::nullopt;
}

}  // namespace cas::inbound
