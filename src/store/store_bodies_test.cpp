// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What every store promises of bodies, asked of each of the twins (store_contract_test.cpp).
#include "store/store_contract_test.hpp"

namespace cas::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_P(StoreContract, ChunksAreKeptAsGiven) {
  const std::string binary("\0\r\n.\r\n\xff", 7);
  const std::string longest(max_chunk, 'x');
  EXPECT_THAT(chunks(make_body({"a", binary, longest})), ElementsAre("a", binary, longest));
}

TEST_P(StoreContract, ForbiddenChunksAndUnknownBodiesAreRefused) {
  const BodyId body = make_body({});
  EXPECT_TRUE(is_permanent(write([&](Tx& tx) { return tx.append_body(body, ""); })));
  EXPECT_TRUE(is_permanent(write([&](Tx& tx) { return tx.append_body(body, std::string(max_chunk + 1, 'x')); })));
  EXPECT_TRUE(is_permanent(write([&](Tx& tx) { return tx.append_body(body + 1, "x"); })));
}

TEST_P(StoreContract, ADraftBecomesABodyInTheTransactionThatAsks) {
  const auto draft = store_->draft();
  const std::vector<std::string> given = {"a", std::string(100'000, 'x'), std::string(max_chunk, 'y')};
  for (const auto& chunk : given) ASSERT_TRUE(append_and_wait(*store_, draft, chunk));
  EXPECT_FALSE(write([&](Tx& tx) -> Result<void> {
    CAS_TRY(const auto body, tx.create_body(*draft));
    EXPECT_GT(body, 0);
    return transient("undone");
  }));
  ASSERT_TRUE(write(enqueue_draft("A1", draft)));
  EXPECT_THAT(chunks(message("A1")->body), testing::ElementsAreArray(given));
}

TEST_P(StoreContract, AForbiddenChunkIsNotAppendedToADraft) {
  const auto draft = store_->draft();
  ASSERT_TRUE(append_and_wait(*store_, draft, "a"));
  EXPECT_TRUE(is_permanent(append_and_wait(*store_, draft, "")));
  EXPECT_TRUE(is_permanent(append_and_wait(*store_, draft, std::string(max_chunk + 1, 'x'))));
  ASSERT_TRUE(append_and_wait(*store_, draft, "b"));
  ASSERT_TRUE(write(enqueue_draft("A1", draft)));
  EXPECT_THAT(chunks(message("A1")->body), ElementsAre("a", "b"));
}

TEST_P(StoreContract, ABodyIdIsNeverUsedTwice) {
  const BodyId first = make_body({"x"});
  EXPECT_NE(first, 0);
  ASSERT_TRUE(write([&](Tx& tx) { return tx.remove_body(first); }));
  EXPECT_GT(make_body({"y"}), first);
}

TEST_P(StoreContract, ABodyThatAMessageNamesCannotBeRemoved) {
  const BodyId body = make_body({"x"});
  ASSERT_TRUE(add(plain_message("A1", body), {}));
  EXPECT_TRUE(is_permanent(write([&](Tx& tx) { return tx.remove_body(body); })));
  EXPECT_THAT(chunks(body), ElementsAre("x"));
}

TEST_P(StoreContract, OrphanBodiesGoOthersStay) {
  const BodyId kept = make_body({"kept"});
  const BodyId orphan = make_body({"orphan", "of two"});
  const BodyId empty = make_body({});
  ASSERT_TRUE(add(plain_message("A1", kept), {}));
  std::size_t removed = 0;
  ASSERT_TRUE(write([&](Tx& tx) -> Result<void> {
    CAS_TRY(removed, tx.remove_orphan_bodies());
    return {};
  }));
  EXPECT_EQ(removed, 2U);
  EXPECT_THAT(chunks(kept), ElementsAre("kept"));
  EXPECT_THAT(chunks(orphan), IsEmpty());
  EXPECT_TRUE(is_permanent(write([&](Tx& tx) { return tx.append_body(empty, "x"); })));
}

}  // namespace
}  // namespace cas::store
