// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// BDAT (RFC 3030): which chunks are taken, and what becomes of those that are not.
#include <utility>

#include "smtp/server_session.hpp"

namespace cas::smtp {

ServerSession::Check ServerSession::may_bdat() const {
  if (!options_.offer_chunking || !session_.extended) return Reply(502, {5, 5, 1}, "command not implemented");
  return may_transfer();
}

Step ServerSession::bdat(std::string_view argument) {
  const auto chunk = parse_bdat(argument);
  if (!chunk) return lost_chunk();
  if (auto refusal = may_bdat()) return refuse_chunk(chunk->octets, std::move(*refusal));
  if (!chunk->well_formed) return refuse_chunk(chunk->octets, Reply(501, {5, 5, 4}, "syntax: BDAT size [LAST]"));
  if (chunk->octets > options_.limits.message - transaction_.chunk_octets) {  // RFC 1870 §6.3
    return refuse_chunk(chunk->octets, Reply(552, {5, 3, 4}, "message is larger than this server takes"));
  }
  transaction_.chunked = true;
  transaction_.chunk_octets += chunk->octets;
  asked_chunk_ = chunk->octets;
  waiting_ = chunk->last ? Waiting::Body : Waiting::Chunk;
  return ReadChunk{.octets = chunk->octets, .last = chunk->last};
}

Step ServerSession::on_chunk(std::optional<Reply> fault) {
  expect(Waiting::Chunk);
  if (!fault) return respond(Reply(250, {2, 0, 0}, std::to_string(asked_chunk_) + " octets received"));
  clear_transaction();
  forgive_group();
  return respond(std::move(*fault));
}

/// RFC 3030 §2, CAS §5.4: the octets go before the reply, the transaction with them.
Step ServerSession::refuse_chunk(std::uint64_t octets, Reply reply) {
  refused_chunk_ = {.reply = std::move(reply), .ended_transaction = transaction_.mail.has_value()};
  clear_transaction();
  waiting_ = Waiting::Skip;
  return SkipChunk{octets};
}

Step ServerSession::on_skipped() {
  expect(Waiting::Skip);
  auto refused = std::exchange(refused_chunk_, {});
  Step step = bad_command(std::move(refused.reply));
  if (refused.ended_transaction) forgive_group();  // the chunks that are under way already
  return step;
}

Step ServerSession::lost_chunk() {
  return close(Reply(501, {5, 5, 4}, "BDAT without a size that can be read: the end of the chunk is not known"));
}

}  // namespace cas::smtp
