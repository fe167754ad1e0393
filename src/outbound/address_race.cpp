// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The race for a connection.
#include "outbound/address_race.hpp"

namespace cas::outbound {

std::optional<std::size_t> AddressRace::start(Time now) {
  if (over() || started_ == addresses_ || now < next_) return std::nullopt;
  next_ = now + delay_;
  return started_++;
}

std::optional<AddressRace::Time> AddressRace::next_start() const {
  if (over() || started_ == addresses_) return std::nullopt;
  return next_;
}

bool AddressRace::failed(std::size_t address) {
  if (over()) return false;
  ++failed_;
  // An earlier one that fails hurries nobody: the one after it has its own time.
  if (address + 1 == started_) next_ = Time::min();
  return true;
}

bool AddressRace::connected(std::size_t address) {
  if (over()) return false;
  winner_ = address;
  return true;
}

}  // namespace cas::outbound
