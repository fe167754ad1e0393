// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A value out of a transaction.
#pragma once

#include <functional>
#include <memory>

#include "store/store.hpp"

namespace cas::store {

template <class T>
using ValueDone = std::move_only_function<void(Result<T>)>;

/// What becomes of a transaction that puts its value into `value`.
template <class T>
[[nodiscard]] Store::Done give_value(std::shared_ptr<T> value, ValueDone<T> done) {
  return [value = std::move(value), done = std::move(done)](Result<void> result) mutable {
    if (result) {
      done(std::move(*value));
    } else {
      done(std::unexpected(std::move(result).error()));
    }
  };
}

/// Runs `ask`, a Result<T>(Reader&), in a read transaction and gives its value to `done`.
template <class T, class Ask>
void read_value(Store& store, Ask ask, ValueDone<T> done) {
  auto value = std::make_shared<T>();
  store.read(
      [value, ask = std::move(ask)](Reader& reader) mutable -> Result<void> {
        CAS_TRY(*value, ask(reader));
        return {};
      },
      give_value(value, std::move(done)));
}

/// The same with a Result<T>(Tx&) in a write transaction: `done` has the value once it is durable.
template <class T, class Work>
void write_value(Store& store, Work work, ValueDone<T> done) {
  auto value = std::make_shared<T>();
  store.write(
      [value, work = std::move(work)](Tx& tx) mutable -> Result<void> {
        CAS_TRY(*value, work(tx));
        return {};
      },
      give_value(value, std::move(done)));
}

}  // namespace cas::store
