// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A value out of the store.
#pragma once

#include <memory>

#include "queue/queue.hpp"

namespace cas::queue {

/// Runs `ask` in a read transaction and gives its value to `done`.
template <class T, class Ask>
void read_value(store::Store& store, Ask ask, Callback<Result<T>> done) {
  auto value = std::make_shared<T>();
  store.read(
      [value, ask = std::move(ask)](store::Reader& reader) mutable -> Result<void> {
        CAS_TRY(*value, ask(reader));
        return {};
      },
      [value, done = std::move(done)](Result<void> result) mutable {
        if (result) {
          done(std::move(*value));
        } else {
          done(std::unexpected(std::move(result).error()));
        }
      });
}

}  // namespace cas::queue
