// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What all stores share: waiting for an answer, and running the callers' functions safely.
#include "store/store.hpp"

#include <future>

#include "store/work.hpp"

namespace cas::store {
namespace {

template <class Work, class Context>
Result<void> run_guarded(Work& work, Context& context) {
  try {
    return work(context);
  } catch (const std::exception& e) {
    return transient("internal error", std::string("exception in the work of a transaction: ") + e.what());
  } catch (...) {
    return transient("internal error", "unknown exception in the work of a transaction");
  }
}

}  // namespace

Result<void> run_work(Store::WriteWork& work, Tx& tx) {
  return run_guarded(work, tx);
}
Result<void> run_work(Store::ReadWork& work, Reader& reader) {
  return run_guarded(work, reader);
}

void call_back(Store::Done& done, Result<void> result) noexcept {
  try {
    if (done) done(std::move(result));
  } catch (...) {  // NOLINT(bugprone-empty-catch): nobody is left who could be told
  }
}

Result<void> write_and_wait(Store& store, Store::WriteWork work) {
  std::promise<Result<void>> promise;
  auto answer = promise.get_future();
  store.write(std::move(work),
              [promise = std::move(promise)](Result<void> result) mutable { promise.set_value(std::move(result)); });
  return answer.get();
}

Result<void> read_and_wait(Store& store, Store::ReadWork work) {
  std::promise<Result<void>> promise;
  auto answer = promise.get_future();
  store.read(std::move(work),
             [promise = std::move(promise)](Result<void> result) mutable { promise.set_value(std::move(result)); });
  return answer.get();
}

}  // namespace cas::store
