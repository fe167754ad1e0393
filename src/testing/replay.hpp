// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A check that needs the DNS, run against a zone from text until it has its result.
#pragma once

#include <gtest/gtest.h>

#include <stdexcept>

#include "dns/answers.hpp"
#include "testing/zone.hpp"

namespace cas::testing {

/// `check(answers)` returns an optional. Throws when it neither has a result nor asks for anything.
template <class Check>
auto replay(Zone& zone, Check check) {
  dns::Answers answers;
  while (true) {
    auto result = check(answers);
    if (result) return *std::move(result);
    const auto open = answers.take_open();
    if (open.empty()) throw std::logic_error("no result, and nothing asked");
    for (const auto& question : open) answers.add(question, zone.answer(question));
  }
}

}  // namespace cas::testing
