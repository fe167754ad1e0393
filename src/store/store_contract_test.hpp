// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A store of either kind, and how its contract asks it.
#pragma once

#include <gmock/gmock.h>

#include "store/memory.hpp"
#include "store/sqlite.hpp"
#include "store/store_rows_test.hpp"

namespace cas::store {

enum class Twin { Memory, Sqlite };

inline bool is_permanent(const Result<void>& result) {
  return !result && result.error().lasting == Lasting::Permanent;
}

class StoreContract : public testing::TestWithParam<Twin> {
 protected:
  void SetUp() override {
    store_ = GetParam() == Twin::Memory ? open_memory() : open_or_fail({.file = dir_ / "cas.db"});
    ASSERT_NE(store_, nullptr);
  }

  Result<void> write(Store::WriteWork work) { return write_and_wait(*store_, std::move(work)); }
  Result<void> read(Store::ReadWork work) { return read_and_wait(*store_, std::move(work)); }

  /// What `ask` gives in a transaction of its own; it must succeed.
  template <class Ask>
  auto read_value(Ask ask) {
    decltype(ask(std::declval<Reader&>()).value()) value{};
    const auto done = read([&](Reader& reader) -> Result<void> {
      CAS_TRY(value, ask(reader));
      return {};
    });
    EXPECT_TRUE(done) << done.error().private_reason;
    return value;
  }

  BodyId make_body(const std::vector<std::string>& chunks) {
    BodyId body = 0;
    const auto done = write([&](Tx& tx) -> Result<void> {
      CAS_TRY(body, tx.create_body());
      for (const auto& chunk : chunks) CAS_CHECK(tx.append_body(body, chunk));
      return {};
    });
    EXPECT_TRUE(done) << done.error().private_reason;
    return body;
  }

  Result<void> add(const Message& message, const std::vector<Recipient>& recipients) {
    return write([&](Tx& tx) { return tx.add_message(message, recipients); });
  }

  std::vector<std::string> chunks(BodyId body) {
    return read_value([&](Reader& reader) -> Result<std::vector<std::string>> {
      std::vector<std::string> found;
      for (std::uint32_t n = 0;; ++n) {
        CAS_TRY(auto chunk, reader.body_chunk(body, n));
        if (chunk.empty()) return found;
        found.push_back(std::move(chunk));
      }
    });
  }
  auto message(const QueueId& id) {
    return read_value([&](Reader& reader) { return reader.message(id); });
  }
  auto recipients(const QueueId& id) {
    return read_value([&](Reader& reader) { return reader.recipients(id); });
  }

  TempDir dir_;
  std::unique_ptr<Store> store_;
};

}  // namespace cas::store
