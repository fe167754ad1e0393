// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Rows and files for the tests of this folder.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <string>
#include <vector>

#include "store/sqlite.hpp"
#include "store/store.hpp"

namespace cas::store {

/// A directory that goes with its test.
class TempDir {
 public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "cas-store-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "mkdtemp failed";
    path_ = name;
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  [[nodiscard]] std::filesystem::path operator/(const char* name) const { return path_ / name; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline TimePoint at(std::int64_t ms) {
  return TimePoint(milliseconds(ms));
}

inline Mailbox mailbox(std::string_view text) {
  auto parsed = Mailbox::parse(text);
  if (!parsed) throw std::logic_error("not a mailbox: " + std::string(text));
  return *parsed;
}

inline Message plain_message(const QueueId& id, BodyId body) {
  Message message;
  message.id = id;
  message.trace = "0123456789abcdef";
  message.arrived = at(1'795'460'400'123);
  message.sender = ReversePath(mailbox("joe@football.example.com"));
  message.body = body;
  return message;
}

inline Recipient waiting_recipient(std::uint32_t index, std::int64_t next, std::string_view address = "s@b.example") {
  Recipient recipient{.index = index, .address = mailbox(address), .next_attempt = at(next), .last_reply = {}};
  recipient.flow = flow_of(recipient.route, domain_of(recipient.address), "football.example.com");
  return recipient;
}

inline confirm::LedgerKey ledger_key_of(std::uint8_t n) {
  return {.d = "football.example.com", .i = {n}, .recipient = "suzie@shopping.example.net"};
}

inline confirm::LedgerRow ledger_row(std::uint8_t m, std::int64_t keep_until = 2'000'000'000) {
  return {.m = {m}, .keep_until = UnixTime(seconds(keep_until)), .queue_id = "Q"};
}

/// One message of one chunk and one recipient.
inline Store::WriteWork enqueue(QueueId id, std::string octets = "body") {
  return [id = std::move(id), octets = std::move(octets)](Tx& tx) -> Result<void> {
    CAS_TRY(const BodyId body, tx.create_body());
    CAS_CHECK(tx.append_body(body, octets));
    return tx.add_message(plain_message(id, body), {waiting_recipient(0, 1)});
  };
}

inline Result<void> append_and_wait(Store& store, const std::shared_ptr<Draft>& draft, std::string chunk) {
  std::promise<Result<void>> done;
  store.append(draft, std::move(chunk), [&](Result<void> result) { done.set_value(std::move(result)); });
  return done.get_future().get();
}

/// A message whose body is what was appended to the draft.
inline Store::WriteWork enqueue_draft(QueueId id, std::shared_ptr<Draft> draft) {
  return [id = std::move(id), draft = std::move(draft)](Tx& tx) -> Result<void> {
    CAS_TRY(const BodyId body, tx.create_body(*draft));
    return tx.add_message(plain_message(id, body), {waiting_recipient(0, 1)});
  };
}

inline std::unique_ptr<Store> open_or_fail(const SqliteOptions& options) {
  auto store = open_sqlite(options);
  if (!store) ADD_FAILURE() << store.error().private_reason;
  return store ? std::move(*store) : nullptr;
}

}  // namespace cas::store
