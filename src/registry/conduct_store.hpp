// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What is remembered of how others behaved, over restarts: kind "reputation" of the store, in a bounded number of rows
// that are written anew from time to time. A crash forgets what came since.
#pragma once

#include <map>
#include <string>

#include "policy/conduct.hpp"
#include "store/store.hpp"

namespace cas::registry {

class ConductStore {
 public:
  /// All outlive it.
  ConductStore(store::Store& store, policy::Conduct& conduct, const Clock& clock)
      : store_(store), conduct_(conduct), clock_(clock) {}

  /// Once, before all else; waits. What cannot be understood is forgotten.
  [[nodiscard]] Result<void> load();
  /// Writes the rows that changed. Nobody waits; what fails is made up for by the next. One thread.
  void save();

 private:
  store::Store& store_;
  policy::Conduct& conduct_;
  const Clock& clock_;
  std::map<std::string, std::string> written_;  // by row: what it holds, as a digest of it
};

}  // namespace cas::registry
